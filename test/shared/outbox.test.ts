// The outbox against a naive model: a plain list that knows every record that ever was. Whatever is
// appended, sent and acknowledged, in whatever order, in however little room: readings are conserved,
// the sequence has no hole, what was sent never changes, and the bounds hold.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GapReason } from "../../shared/errors.ts";
import { BATCH_BYTES_MAX } from "../../shared/limits.ts";
import { OUTBOX_BYTES_MIN, OUTBOX_RECORDS_MIN, Outbox } from "../../shared/outbox.ts";
import "./arbitraries.ts";

interface Appended {
  readonly sequence: number;
  readonly readings: number;
  /** Undefined for a gap. */
  readonly bytes: Uint8Array | undefined;
}

type Operation =
  | { kind: "batch"; bytes: number; readings: number }
  | { kind: "gap"; readings: number; reason: GapReason }
  | { kind: "send"; count: number }
  | { kind: "acknowledge"; part: number };

/** Runs operations on an outbox and beside it on the model, and compares them after each. */
class Model {
  readonly outbox: Outbox;
  readonly #bytesMax: number;
  readonly #recordsMax: number;
  /** All that was ever appended, by sequence number. */
  readonly #appended: Appended[] = [];
  /** Each sent record, as text, by its sequence number. */
  readonly #sent = new Map<number, string>();
  #acknowledgedTo = 0;
  #acknowledgedReadings = 0;
  #acknowledgedGapReadings = 0;

  constructor(bytesMax: number, recordsMax: number) {
    this.outbox = new Outbox({ bytesMax, recordsMax });
    this.#bytesMax = bytesMax;
    this.#recordsMax = recordsMax;
  }

  run(operation: Operation): void {
    switch (operation.kind) {
      case "batch": {
        const bytes = new Uint8Array(operation.bytes).fill(this.#appended.length % 251);
        this.#append({ readings: operation.readings, bytes });
        break;
      }
      case "gap":
        this.#append({ readings: operation.readings, bytes: undefined }, operation.reason);
        break;
      case "send":
        for (let step = 0; step < operation.count; step++) this.#send();
        break;
      case "acknowledge":
        this.#acknowledge(operation.part);
    }
    this.check();
  }

  #append(what: Omit<Appended, "sequence">, reason: GapReason = "oversize"): void {
    const sequence = this.#appended.length;
    expect(this.outbox.next).toBe(sequence);
    const facts = { readings: what.readings, firstMs: 10 * sequence, lastMs: 10 * sequence + 9 };
    this.#appended.push({ ...what, sequence });
    if (what.bytes === undefined) this.outbox.appendGap(reason, facts);
    else this.outbox.appendBatch(what.bytes, facts);
  }

  #send(): void {
    const record = this.outbox.unsentRecord();
    if (record === undefined) return;
    this.outbox.markSent(record);
    this.#sent.set(record.sequence, JSON.stringify(this.#snapshot(record.sequence)));
    expect(this.outbox.sentEnd).toBe(record.sequence + record.count);
  }

  /** Some of what was sent, oldest first, is stored. */
  #acknowledge(part: number): void {
    const waiting = [...this.#sent.keys()].filter((sequence) => sequence >= this.#acknowledgedTo);
    const stored = waiting.slice(0, Math.ceil(part * waiting.length));
    let next = this.outbox.first;
    for (const sequence of stored) {
      const record = this.outbox.recordFrom(sequence)!;
      if (record.gap === undefined) this.#acknowledgedReadings += record.readings;
      else this.#acknowledgedGapReadings += record.readings;
      next = record.sequence + record.count;
    }
    this.outbox.acknowledge(next);
    this.#acknowledgedTo = next;
    expect(this.outbox.first).toBe(next);
  }

  /** A record with its bytes, but for where they lie. */
  #snapshot(sequence: number): object {
    const { offset: _, ...record } = this.outbox.recordFrom(sequence)!;
    return { ...record, bytes: Buffer.from(this.#bytesOf(sequence)).toString("hex") };
  }

  #bytesOf(sequence: number): Uint8Array {
    const record = this.outbox.recordFrom(sequence)!;
    const bytes = new Uint8Array(record.length);
    expect(this.outbox.copyBatch(record, bytes, 0)).toBe(record.length);
    return bytes;
  }

  check(): void {
    const { outbox } = this;
    let expected = outbox.first;
    let bytes = 0;
    let records = 0;
    let inBatches = 0;
    let inGaps = 0;
    while (expected < outbox.next) {
      const record = outbox.recordFrom(expected)!;
      expect(record.sequence, "no hole in the sequence").toBe(expected);
      const covered = this.#appended.slice(expected, expected + record.count);
      expect(record.readings).toBe(covered.reduce((sum, one) => sum + one.readings, 0));
      expect([record.firstMs, record.lastMs]).toEqual([
        10 * expected,
        10 * (expected + record.count - 1) + 9,
      ]);
      if (record.gap === undefined) {
        expect(record.count).toBe(1);
        expect(Buffer.compare(this.#bytesOf(expected), covered[0]!.bytes!)).toBe(0);
        inBatches += record.readings;
      } else {
        expect(record.length).toBe(0);
        inGaps += record.readings;
      }
      const sent = this.#sent.get(expected);
      if (sent !== undefined) expect(JSON.stringify(this.#snapshot(expected))).toBe(sent);
      bytes += record.length;
      records++;
      expected += record.count;
    }
    expect(expected).toBe(outbox.next);
    expect([outbox.records, outbox.bytesUsed]).toEqual([records, bytes]);
    expect(outbox.readingsWaiting).toBe(inBatches);
    expect(bytes).toBeLessThanOrEqual(this.#bytesMax);
    expect(records).toBeLessThanOrEqual(this.#recordsMax);
    expect(outbox.fill).toBeLessThanOrEqual(1);
    const all = this.#appended.reduce((sum, one) => sum + one.readings, 0);
    expect(inBatches + this.#acknowledgedReadings + outbox.droppedReadings).toBe(all);
    expect(inGaps + this.#acknowledgedGapReadings).toBe(outbox.droppedReadings);
  }
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("batch" as const),
      bytes: fc.oneof(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: BATCH_BYTES_MAX }),
        fc.constant(BATCH_BYTES_MAX),
      ),
      readings: fc.nat(600),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("gap" as const),
      readings: fc.nat(50),
      reason: fc.constantFrom<GapReason>("oversize", "damaged"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("acknowledge" as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

test("against the model, in little room", () => {
  const size = fc.record({
    bytes: fc.integer({ min: OUTBOX_BYTES_MIN, max: 2 * OUTBOX_BYTES_MIN }),
    records: fc.constantFrom(OUTBOX_RECORDS_MIN, 5, 6, 7, 8, 14),
  });
  fc.assert(
    fc.property(
      size,
      fc.array(operation, { maxLength: 80, size: "max" }),
      ({ bytes, records }, operations) => {
        const model = new Model(bytes, records);
        for (const one of operations) model.run(one);
      },
    ),
    { numRuns: 100 },
  );
});

function outboxOf(recordsMax: number): Outbox {
  return new Outbox({ bytesMax: OUTBOX_BYTES_MIN, recordsMax });
}

function appendBatch(outbox: Outbox, readings = 1): void {
  const { next } = outbox;
  outbox.appendBatch(Uint8Array.of(next), { readings, firstMs: next, lastMs: next });
}

function sendAll(outbox: Outbox): number[] {
  const sent: number[] = [];
  for (let record = outbox.unsentRecord(); record !== undefined; record = outbox.unsentRecord()) {
    outbox.markSent(record);
    sent.push(record.sequence);
  }
  return sent;
}

describe("what must go when there is no room", () => {
  test("half of the outbox may be on its way, no more", () => {
    const outbox = outboxOf(8);
    for (let index = 0; index < 8; index++) appendBatch(outbox);
    expect(sendAll(outbox)).toEqual([0, 1, 2, 3]);
    outbox.acknowledge(2);
    expect(sendAll(outbox)).toEqual([4, 5]);
  });

  test("the oldest unsent batches make place for new ones, in one growing gap", () => {
    const outbox = outboxOf(4);
    for (let index = 0; index < 4; index++) appendBatch(outbox, 10);
    expect(sendAll(outbox)).toEqual([0, 1]);
    appendBatch(outbox, 10);
    expect(outbox.recordFrom(2)).toMatchObject({ count: 2, readings: 20, gap: "outbox-full" });
    appendBatch(outbox, 10);
    expect(outbox.recordFrom(2)).toMatchObject({ count: 3, readings: 30, firstMs: 2, lastMs: 4 });
    expect([outbox.first, outbox.next, outbox.records]).toEqual([0, 6, 4]);
    expect(outbox.droppedReadings).toBe(30);
  });

  test("a batch that is dropped before a gap joins it: an outbox of gaps never runs out of batches", () => {
    const outbox = outboxOf(4);
    for (let index = 0; index < 3; index++) appendBatch(outbox);
    expect(sendAll(outbox)).toEqual([0, 1]);
    outbox.appendGap("oversize", { readings: 7, firstMs: 3, lastMs: 3 });
    appendBatch(outbox);
    expect(outbox.recordFrom(2)).toMatchObject({ count: 2, readings: 8 });
    expect(outbox.records).toBe(4);
  });

  test("a sent gap does not grow: what is dropped behind it makes a gap of its own", () => {
    const outbox = outboxOf(4);
    for (let index = 0; index < 5; index++) appendBatch(outbox);
    expect(outbox.recordFrom(0)).toMatchObject({ count: 2, gap: "outbox-full" });
    expect(sendAll(outbox)).toEqual([0, 2]);
    appendBatch(outbox);
    appendBatch(outbox);
    expect(outbox.recordFrom(0)).toMatchObject({ count: 2 });
    expect(outbox.recordFrom(3)).toMatchObject({ sequence: 3, gap: "outbox-full" });
  });

  test("acknowledging what was never sent is our own mistake", () => {
    const outbox = outboxOf(4);
    appendBatch(outbox);
    expect(() => outbox.acknowledge(1)).toThrow("broken promise");
  });
});
