// The outbox on flash: what the firmware puts in, what a session gets out, and what a later life finds.

import { beforeEach, describe, expect, test } from "vitest";
import { FlashOutbox } from "../../device/flash/flash-outbox.ts";
import { CommandMemory } from "../../shared/command/memory.ts";
import { Outbox } from "../../shared/outbox.ts";
import { DeviceSession } from "../../shared/session/device.ts";
import type { RecordSource } from "../../shared/session/record-source.ts";
import { DriverFailure, SimulatedFlash } from "../flash/simulated-flash.ts";
import { Pair, TCP } from "../shared/session-pair.ts";

const BLOCK_BYTES = 4_096;
const BATCH_BYTES = 1_000;
const SCHEMA_HASH = 0x8c7a5f11;

let flash: SimulatedFlash;
let epochs: number;

beforeEach(() => {
  flash = new SimulatedFlash(BLOCK_BYTES, 4);
  epochs = 0;
});

/** A life begins: nothing but the flash is left of the one before. */
function boot(schemaHash = SCHEMA_HASH): FlashOutbox {
  const memory = new Outbox({ bytesMax: 8_192, recordsMax: 16 });
  const createEpoch = () => (++epochs).toString(16).padStart(16, "0");
  return new FlashOutbox({ flash, memory, schemaHash, createEpoch });
}

function append(outbox: FlashOutbox, count: number): void {
  for (let batch = 0; batch < count; batch++) {
    const bytes = new Uint8Array(BATCH_BYTES).fill(batch + 1);
    outbox.appendBatch(bytes, { readings: 10, firstMs: batch * 100, lastMs: batch * 100 + 99 });
  }
}

/** Sends what may be sent. Returns its numbers. */
function send(records: RecordSource): number[] {
  const sent: number[] = [];
  for (let next = records.unsentRecord(); next !== undefined; next = records.unsentRecord()) {
    sent.push(next.sequence);
    records.markSent(next);
  }
  return sent;
}

describe("within one life", () => {
  test("records are in flash before a session sees them, and leave when they are acknowledged", () => {
    const outbox = boot();
    append(outbox, 3);
    const { records, isPast } = outbox.turn;
    expect(isPast).toBe(false);
    expect(send(records)).toEqual([0, 1, 2]);
    const bytes = new Uint8Array(BATCH_BYTES);
    expect(records.copyBatch(records.recordFrom(1)!, bytes, 0)).toBe(BATCH_BYTES);
    expect(bytes).toEqual(new Uint8Array(BATCH_BYTES).fill(2));
    records.acknowledge(2);
    expect(records.first).toBe(2);
    expect(outbox.acknowledgedReadings).toBe(20);
    expect(outbox.isEmpty).toBe(false);
    records.acknowledge(3);
    expect(outbox.isEmpty).toBe(true);
  });

  test("what was lost on its way is found again, backwards and forwards", () => {
    const outbox = boot();
    append(outbox, 8);
    const { records } = outbox.turn;
    send(records);
    for (const sequence of [5, 2, 7, 0, 3]) {
      expect(records.recordFrom(sequence)).toMatchObject({ sequence });
    }
    expect(records.recordFrom(8)).toBeUndefined();
  });

  test("a full log leaves records in memory, which drops the oldest; acknowledgements make room", () => {
    const outbox = boot();
    append(outbox, 30);
    expect(outbox.droppedReadings).toBeGreaterThan(0);
    const { records } = outbox.turn;
    const numbers: number[] = [];
    let readings = 0;
    let gapReadings = 0;
    while (!outbox.isEmpty) {
      const record = records.unsentRecord()!;
      numbers.push(record.sequence);
      if (record.gap === undefined) readings += record.readings;
      else gapReadings += record.readings;
      records.markSent(record);
      records.acknowledge(record.sequence + record.count);
      outbox.poll();
    }
    expect(numbers.slice(0, 3)).toEqual([0, 1, 2]);
    expect(gapReadings).toBe(outbox.droppedReadings);
    expect(readings + gapReadings).toBe(300);
    expect(outbox.acknowledgedReadings).toBe(readings);
  });

  test("a driver that fails costs nothing that was not in flash: it goes on from memory", () => {
    const outbox = boot();
    append(outbox, 3);
    const { epoch } = outbox.turn;
    flash.worksUntilFailure = 0;
    append(outbox, 2);
    expect(outbox.failure).toBeInstanceOf(DriverFailure);
    expect(outbox.poll()).toBe(true);
    expect(outbox.turn.epoch).not.toBe(epoch);
    expect(send(outbox.turn.records)).toEqual([3, 4]);
    outbox.turn.records.acknowledge(5);
    expect(outbox.acknowledgedReadings).toBe(20);
    expect(outbox.poll()).toBe(false);
  });
});

describe("a later life", () => {
  test("sends what earlier ones left, an epoch after the other, then its own", () => {
    append(boot(), 2);
    append(boot(), 1);
    const outbox = boot();
    append(outbox, 1);
    const seen: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const { epoch, isPast, records } = outbox.turn;
      seen.push([Number.parseInt(epoch, 16), isPast, send(records)]);
      records.acknowledge(records.next);
      outbox.poll();
    }
    expect(seen).toEqual([
      [1, true, [0, 1]],
      [2, true, [0]],
      [3, false, [0]],
    ]);
    expect(outbox.isEmpty).toBe(true);
    expect(boot().turn.isPast).toBe(false);
  });

  test("believes a host that has more of an earlier life than is left in flash", () => {
    append(boot(), 3);
    const { turn } = boot();
    expect(turn.records.storableEnd).toBeGreaterThan(1_000);
    turn.records.acknowledge(1_000);
    expect(turn.records.first).toBe(turn.records.next);
  });

  test("of other firmware tells which schema the records have", () => {
    append(boot(), 1);
    expect(boot(0x0000_0001).turn).toMatchObject({ isPast: true, schemaHash: SCHEMA_HASH });
  });
});

describe("in a session", () => {
  /** A session of the turn, whose schema this firmware has, or has no more. */
  function sessionOf(outbox: FlashOutbox, schemaBody: Uint8Array | undefined): DeviceSession {
    const { epoch, schemaHash: hash, records, isPast } = outbox.turn;
    const who = { device: "pair-1", epoch, firmware: "test", reset: "brownout" };
    const schemas = [{ number: 0, hash, body: schemaBody }];
    return new DeviceSession({ ...who, schemas, records, isPast, commands: new CommandMemory(1) });
  }

  test("records whose schema nobody has any more are told of as gaps, and make way", () => {
    append(boot(), 3);
    const outbox = boot(1);
    const pair = new Pair();
    pair.device = sessionOf(outbox, undefined);
    pair.open(1, TCP);
    expect(pair.run(5_000, () => outbox.poll())).toBe(true);
    expect(pair.store.records).toMatchObject(
      [0, 1, 2].map((sequence) => ({ kind: "gap", sequence, readings: 10, reason: "damaged" })),
    );
  });

  test("an earlier life's clock is not asked", () => {
    append(boot(), 1);
    const pair = new Pair();
    pair.device = sessionOf(boot(1), undefined);
    pair.open(1, TCP);
    pair.run(10_000);
    expect(pair.clockSamples).toBe(0);
  });
});
