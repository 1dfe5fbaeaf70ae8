// Decoded batches, column by column: typed arrays that one decoder fills again and again, so that
// reading millions of values makes no objects.

import { type Channel, type ChannelValue, isIntegral } from "../channel.ts";
import type { BatchDecoder } from "./decoder.ts";

export interface Column {
  /** By row: 1 where the row has a value. */
  present: Uint8Array;
  /**
   * By row: the value of number, integer, float32, float64; the label's index of an enumeration;
   * 0 or 1 of a boolean. Meaningless where `present` is 0.
   */
  numbers: Float64Array;
  /** By row: the value of text, bytes and structured channels; empty for other kinds. */
  objects: ChannelValue[];
}

const ROWS_MIN = 64;

/** Columns with room that grows with the largest batch met, bounded by BATCH_ROWS_MAX through the decoder. */
export class BatchColumns {
  rows = 0;
  /** Values present in all columns. */
  readings = 0;
  /** Which of the epoch's schemas the columns follow. */
  schema = 0;
  /** By row: device uptime. */
  timesMs = new Float64Array(ROWS_MIN);
  columns: Column[] = [];
  /** The decoder's own memory, so that one batch after the other needs no new one. */
  decoder: BatchDecoder | undefined;

  /** Makes room for `rows` rows of `count` columns; what was in them is forgotten. */
  prepare(rows: number, count: number): void {
    this.rows = rows;
    this.readings = 0;
    const room = this.timesMs.length < rows ? 2 ** Math.ceil(Math.log2(rows)) : this.timesMs.length;
    if (room > this.timesMs.length) this.timesMs = new Float64Array(room);
    this.makeColumns(count);
    for (let index = 0; index < count; index++) prepareColumn(this.columns[index]!, room);
  }

  /** Makes so many columns, which stay the same from then on; what they hold does not. */
  makeColumns(count: number): void {
    while (this.columns.length < count) this.columns.push(emptyColumn());
  }

  /** The value of `channel` (the column at `index`) in `row`, in the form that its kind has; undefined where it is missing. */
  valueAt(channel: Channel, index: number, row: number): ChannelValue | undefined {
    const column = this.columns[index]!;
    if (column.present[row] === 0) return undefined;
    if (channel.kind === "boolean") return column.numbers[row] === 1;
    return isNumeric(channel) ? column.numbers[row]! : column.objects[row]!;
  }
}

/** True where a column of the channel keeps its values in `numbers`. */
function isNumeric(channel: Channel): boolean {
  return isIntegral(channel.kind) || channel.kind === "float32" || channel.kind === "float64";
}

function emptyColumn(): Column {
  return { present: new Uint8Array(0), numbers: new Float64Array(0), objects: [] };
}

function prepareColumn(column: Column, room: number): void {
  if (column.present.length < room) {
    column.present = new Uint8Array(room);
    column.numbers = new Float64Array(room);
  }
  if (column.objects.length > 0) column.objects.length = 0;
}
