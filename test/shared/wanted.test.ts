// Decoding only some columns of a batch: those come out as they do with all, whatever the others hold.

import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import type { Channel } from "../../shared/channel.ts";
import { encodeBatch } from "../reference/batches.ts";
import { mutated, mutations } from "./arbitraries.ts";
import { expectSoundEncoding } from "./encoding.ts";
import { plannedBatch, stream } from "./streams.ts";

const wishes = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });

const whole = new BatchColumns();
const some = new BatchColumns();

function expectSameWhereWanted(bytes: Uint8Array, channels: Channel[], wish: boolean[]): void {
  const wanted = channels.map((_, index) => wish[index % wish.length]!);
  expect(decodeBatch(bytes, channels, whole)).toBe(true);
  expect(decodeBatch(bytes, channels, some, wanted)).toBe(true);
  const { rows, readings, schema } = whole;
  expect(some).toMatchObject({ rows, readings, schema });
  expect(some.timesMs.subarray(0, rows)).toEqual(whole.timesMs.subarray(0, rows));
  for (const [index, channel] of channels.entries()) {
    if (!wanted[index]) continue;
    for (let row = 0; row < rows; row++) {
      expect(some.valueAt(channel, index, row)).toEqual(whole.valueAt(channel, index, row));
    }
  }
}

test("batches, written in every way that an encoder may choose", () => {
  fc.assert(
    fc.property(plannedBatch, wishes, ({ channels, batch, plan }, wish) => {
      const bytes = Uint8Array.from(encodeBatch(channels, batch, plan));
      expectSameWhereWanted(bytes, channels as Channel[], wish);
    }),
    { numRuns: 400 },
  );
});

test("long streams", () => {
  fc.assert(
    fc.property(stream, wishes, ({ channels, batch }, wish) => {
      for (const bytes of expectSoundEncoding(channels, batch, 120)) {
        expectSameWhereWanted(bytes, channels as Channel[], wish);
      }
    }),
    { numRuns: 15 },
  );
});

test("spoilt batches: no throw, and nothing is refused that decodes as a whole", () => {
  fc.assert(
    fc.property(plannedBatch, mutations, wishes, ({ channels, batch, plan }, changes, wish) => {
      const bytes = Uint8Array.from(mutated(encodeBatch(channels, batch, plan), changes));
      const list = channels as Channel[];
      const wanted = list.map((_, index) => wish[index % wish.length]!);
      const isReadable = decodeBatch(bytes, list, some, wanted);
      if (decodeBatch(bytes, list, whole)) expect(isReadable).toBe(true);
    }),
    { numRuns: 400 },
  );
});
