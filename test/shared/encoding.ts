// What the core's batch encoder makes of rows, judged by the reference twin: it reads back what went in, and
// writes the same bits once more when it is told what the encoder chose.

import { expect } from "vitest";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import type { Channel } from "../../shared/channel.ts";
import { type BatchNotation, encodeBatch, readBatch } from "../reference/batches.ts";
import { toHex } from "../reference/numbers.ts";
import type { ChannelNotation } from "../reference/schemas.ts";
import { rowFromNotation } from "./notation.ts";

/** Encodes all rows, in as many batches as there must be; each is sound. Returns the batches. */
export function expectSoundEncoding(
  channels: ChannelNotation[],
  { schema, rows }: BatchNotation,
  rowsMax = Number.POSITIVE_INFINITY,
): Uint8Array[] {
  const encoder = new BatchEncoder({ channels: channels as Channel[], schema, bytesMax: 20_000 });
  const batches: Uint8Array[] = [];
  let first = 0;
  for (const [index, { timeMs, values }] of rows.entries()) {
    expect(encoder.append(timeMs, rowFromNotation(values))).toBe("appended");
    if (encoder.rows < rowsMax && index + 1 < rows.length) continue;
    const bytes = encoder.take().slice();
    expectSound(channels, { schema, rows: rows.slice(first, index + 1) }, bytes);
    batches.push(bytes);
    first = index + 1;
  }
  return batches;
}

function expectSound(
  channels: ChannelNotation[],
  expected: BatchNotation,
  bytes: Uint8Array,
): void {
  const { batch, plan } = readBatch(channels, [...bytes]);
  expect(batch).toEqual(expected);
  expect(toHex(encodeBatch(channels, batch, plan))).toBe(toHex(bytes));
}
