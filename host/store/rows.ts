// Chunks of columns as rows, one reading each, for exports and people.

import type { ReadingsChunk } from "./batch-reader.ts";
import { type JsonValue, jsonValueAt } from "./value.ts";

/** One reading. */
export interface ReadingRow {
  /** ISO 8601 in UTC with milliseconds; null where no UTC is known, and `uptimeMs` is all there is. */
  readonly time: string | null;
  readonly uptimeMs: number;
  readonly device: string;
  readonly channel: string;
  readonly value: JsonValue;
  readonly unit: string;
}

/** What a Date can hold (ECMA-262 21.4.1.1), in microseconds. */
const TIME_US_MAX = 8.64e18;

/** The chunk's readings, row by row, within a row in the order of the channels. Missing values are left out. */
export function* rowsOf(chunk: ReadingsChunk): Generator<ReadingRow> {
  const { device, timesMs, timesUs, batch } = chunk;
  for (let row = chunk.firstRow; row < chunk.endRow; row++) {
    const time = timesUs === undefined ? null : formatTime(timesUs[row]!);
    for (const { channel, index } of chunk.columns) {
      const value = jsonValueAt(batch, channel, index, row);
      if (value === undefined) continue;
      const { name, unit } = channel;
      yield { time, uptimeMs: timesMs[row]!, device, channel: name, value, unit };
    }
  }
}

/** UTC in microseconds as ISO 8601 with milliseconds; null beyond the years that can be written so. */
export function formatTime(timeUs: number): string | null {
  return Math.abs(timeUs) <= TIME_US_MAX
    ? new Date(Math.floor(timeUs / 1_000)).toISOString()
    : null;
}
