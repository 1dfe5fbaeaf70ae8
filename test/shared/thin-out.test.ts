// The outbox's policies: what remains after a long outage.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DropPolicy, Outbox } from "../../shared/outbox.ts";

const BATCH = new Uint8Array(1_000);
const BATCH_MS = 60_000;

/** An outbox after an outage of `batches` batches of a minute each, ten readings in each. */
function afterOutage(policy: DropPolicy, batches: number, bytesMax = 16_000): Outbox {
  const outbox = new Outbox({ bytesMax, recordsMax: 64, policy });
  for (let batch = 0; batch < batches; batch++) {
    const firstMs = batch * BATCH_MS;
    outbox.appendBatch(BATCH, { readings: 10, firstMs, lastMs: firstMs + BATCH_MS - 1_000 });
  }
  return outbox;
}

/** What is held, in order: batches with their time, gaps with their readings. */
function contents(outbox: Outbox) {
  const batches: number[] = [];
  let gapReadings = 0;
  let expected = outbox.first;
  for (let next = outbox.first; next < outbox.next; ) {
    const record = outbox.recordFrom(next)!;
    expect(record.sequence).toBe(expected);
    if (record.gap === undefined) batches.push(record.firstMs / BATCH_MS);
    else gapReadings += record.readings;
    next = record.sequence + record.count;
    expected = next;
  }
  return { batches, gapReadings };
}

/** The longest time without a batch, in batches. */
function longestHole(batches: readonly number[]): number {
  return Math.max(...batches.slice(1).map((batch, index) => batch - batches[index]! - 1));
}

test("drop-oldest keeps the newest", () => {
  const { batches, gapReadings } = contents(afterOutage("drop-oldest", 100));
  expect(batches).toEqual(Array.from({ length: 16 }, (_, index) => 84 + index));
  expect(gapReadings).toBe(840);
});

describe("thin-out", () => {
  test("keeps something from all over the outage, the first and the last too", () => {
    const { batches, gapReadings } = contents(afterOutage("thin-out", 100));
    expect(batches).toHaveLength(16);
    expect(gapReadings).toBe(840);
    expect(batches[0]).toBe(0);
    expect(batches.at(-1)).toBe(99);
    expect(longestHole(batches)).toBeLessThanOrEqual(2 * Math.ceil(100 / 16));
  });

  test("whatever the length of the outage, holes stay even and every reading is accounted for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 17, max: 400 }), (count) => {
        const outbox = afterOutage("thin-out", count);
        const { batches, gapReadings } = contents(outbox);
        expect(10 * batches.length + gapReadings).toBe(10 * count);
        expect(outbox.droppedReadings).toBe(gapReadings);
        expect(longestHole(batches)).toBeLessThanOrEqual(2 * Math.ceil(count / batches.length));
      }),
      { numRuns: 60 },
    );
  });

  test("never touches what was sent", () => {
    const outbox = afterOutage("thin-out", 4);
    for (let count = 0; count < 3; count++) outbox.markSent(outbox.unsentRecord()!);
    for (let batch = 4; batch < 60; batch++) {
      outbox.appendBatch(BATCH, {
        readings: 10,
        firstMs: batch * BATCH_MS,
        lastMs: batch * BATCH_MS,
      });
    }
    expect(contents(outbox).batches.slice(0, 3)).toEqual([0, 1, 2]);
    outbox.acknowledge(3);
    expect(outbox.acknowledgedReadings).toBe(30);
  });
});
