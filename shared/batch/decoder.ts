// The batch decoder: bytes from outside in, columns out. Linear in its input, allocates by the rows
// that the bytes can hold (a row takes a bit at least) up to BATCH_ROWS_MAX, never throws. PROTOCOL 6.
//
// Rows interleave the columns, but most time goes by fastest when one column is worked on at a time.
// So the symbols of plain columns are only gathered row by row, for as many rows as lie between two
// fits of the scales; then each column is filled in by a loop of its own.

import { BitReader } from "../bytes/bits.ts";
import { ByteReader } from "../bytes/cursor.ts";
import type { Channel } from "../channel.ts";
import { FIT_ROWS, WORD_BITS_MAX } from "./codes.ts";
import { ColumnDecoder } from "./column-decoder.ts";
import type { BatchColumns } from "./columns.ts";
import { readBatchHeader } from "./header.ts";
import { indexBits } from "./kinds.ts";
import { LOOKUP, LOOKUP_ESCAPE } from "./lookup.ts";
import { type SymbolReader, WINDOW_BITS } from "./symbol-reader.ts";
import { TimeDecoder } from "./time-decoder.ts";

/** Behind the batch's bytes, so that a row may be read to its end before anyone asks whether it was there. */
const PADDING_BYTES = 2_048;

/**
 * Decodes the batch that fills `bytes` into `columns`, by the channels of its schema. False where it
 * is malformed, does not fit the channels, or a time runs backwards; the columns then hold nothing
 * of use. Columns that are not `wanted`, by channel, are read past and neither filled nor checked: that
 * is for batches that were decoded before.
 */
export function decodeBatch(
  bytes: Uint8Array,
  channels: readonly Channel[],
  columns: BatchColumns,
  wanted?: readonly boolean[],
): boolean {
  columns.decoder ??= new BatchDecoder();
  columns.decoder.wanted = wanted;
  return columns.decoder.decode(bytes, channels, columns);
}

/** A plan of reading: a word's shift, whether to look at the bytes before it, and where to look it up. */
const PLAN_SHIFT_MASK = 31;
const PLAN_LOOK = 32;
const PLAN_LOOKUP_SHIFT = 6;

/** What decoding one batch after the other needs; columns keep theirs. */
export class BatchDecoder {
  readonly #reader = new BitReader();
  readonly #times = new TimeDecoder();
  #channels: readonly Channel[] = [];
  #columns: ColumnDecoder[] = [];
  /** Columns of which each row has something. */
  readonly #streams: ColumnDecoder[] = [];
  /** Of the times, then of the streams. */
  readonly #words: SymbolReader[] = [];
  /** Symbols since the last fit, in the same order, by row. */
  #symbols = new Int32Array(0);
  /** In the same order: sums of the symbols that `#gatherRows` read since the last fit. */
  #sums = new Int32Array(0);
  /** In the same order: what `#gatherRows` does. */
  #plan = new Int32Array(0);
  /** Where it goes on. */
  #row = 0;
  #index = 0;
  #padded = new Uint8Array(0);
  #view = new DataView(this.#padded.buffer);
  #end = 0;
  #indexBits = 0;
  /** By channel; undefined where all columns are. */
  wanted: readonly boolean[] | undefined;

  decode(bytes: Uint8Array, channels: readonly Channel[], columns: BatchColumns): boolean {
    const head = new ByteReader(bytes);
    const header = readBatchHeader(head);
    if (header === undefined || header.rows > 8 * head.remaining) return false;
    this.#useChannels(channels);
    this.#take(bytes, head.position);
    columns.prepare(header.rows, channels.length);
    columns.schema = header.schema;
    return (
      this.#begin(columns, header.firstMs) &&
      this.#readRows(header.rows) &&
      this.#finish(columns, header.rows)
    );
  }

  #useChannels(channels: readonly Channel[]): void {
    if (this.#channels === channels) return;
    this.#channels = channels;
    this.#columns = channels.map((channel) => new ColumnDecoder(channel));
    this.#indexBits = indexBits(channels.length);
    this.#plan = new Int32Array(channels.length + 1);
    this.#sums = new Int32Array(channels.length + 1);
    this.#symbols = new Int32Array((channels.length + 1) * FIT_ROWS);
  }

  #take(bytes: Uint8Array, start: number): void {
    const room = bytes.length + PADDING_BYTES;
    if (this.#padded.length < room) {
      this.#padded = new Uint8Array(2 * room);
      this.#view = new DataView(this.#padded.buffer);
    }
    this.#padded.set(bytes);
    const end = 8 * bytes.length;
    if (end < this.#end) this.#padded.fill(0, bytes.length, this.#end / 8);
    this.#end = end;
    this.#reader.reset(this.#padded, start);
  }

  #begin(columns: BatchColumns, firstMs: number): boolean {
    const reader = this.#reader;
    const { wanted } = this;
    if (!this.#times.begin(reader, firstMs, columns.timesMs)) return false;
    const hasPresence = reader.read(1) === 1;
    this.#streams.length = 0;
    this.#words.length = 0;
    this.#words.push(this.#times.words);
    this.#sums.fill(0);
    for (let index = 0; index < this.#columns.length; index++) {
      const column = this.#columns[index]!;
      column.isWanted = wanted === undefined || wanted[index] === true;
      if (!column.begin(reader, columns.columns[index]!, hasPresence)) return false;
      if (reader.failed || reader.position > this.#end) return false;
      if (!column.isStream) continue;
      this.#streams.push(column);
      this.#words.push(column.words);
    }
    return true;
  }

  #readRows(rows: number): boolean {
    const symbols = this.#symbols;
    for (let first = 0; first < rows; first += FIT_ROWS) {
      const end = Math.min(first + FIT_ROWS, rows);
      if (!this.#readBlock(first, end)) return false;
      if (!this.#times.fill(end, symbols, first)) return false;
      for (let index = 0; index < this.#streams.length; index++) {
        const start = symbolsOf(index) - first;
        if (!this.#streams[index]!.fill(end, symbols, start)) return false;
      }
      if (end - first === FIT_ROWS) this.#fit();
    }
    return !this.#reader.failed;
  }

  /** Reads rows from `first` up to `end`, between which no scale changes. */
  #readBlock(first: number, end: number): boolean {
    this.#row = first;
    this.#index = 0;
    this.#planReading();
    while (!this.#gatherRows(first, end)) {
      if (this.#reader.position > this.#end) return false;
      if (!this.#readOther(this.#index, this.#row, first)) return false;
      if (this.#index === 0) this.#planReading();
      this.#index++;
    }
    return true;
  }

  /** Decides where in a row a look at the bytes is due, by the longest words that there may be. */
  #planReading(): void {
    let left = 0;
    for (let index = 0; index < this.#words.length; index++) {
      const { lookupStart, shift, bitsMax } = this.#words[index]!;
      const isLook = left < bitsMax;
      left = (isLook ? WINDOW_BITS : left) - bitsMax;
      this.#plan[index] = (lookupStart << PLAN_LOOKUP_SHIFT) | (isLook ? PLAN_LOOK : 0) | shift;
    }
  }

  /**
   * Gathers symbols up to the row `end`, the usual case, and adds them up. False at the first word that is
   * another, behind its escape. Each word has to wait for the length of the one before it, and a look at
   * the bytes takes as long again: so bits stand in a window, and a plan says when to look.
   */
  #gatherRows(first: number, end: number): boolean {
    const plan = this.#plan;
    const sums = this.#sums;
    const symbols = this.#symbols;
    const count = this.#words.length;
    const view = this.#view;
    const lookup = LOOKUP;
    const limit = this.#end;
    let { position } = this.#reader;
    let row = this.#row;
    let index = this.#index;
    let window = view.getInt32(position >> 3) << (position & 7);
    let isUsual = true;
    while (row < end && position <= limit) {
      for (let at = row - first + index * FIT_ROWS; index < count; index++, at += FIT_ROWS) {
        const code = plan[index]!;
        if (code & PLAN_LOOK) window = view.getInt32(position >> 3) << (position & 7);
        const shift = code & PLAN_SHIFT_MASK;
        const entry = lookup[(code >> PLAN_LOOKUP_SHIFT) + (window >>> (32 - WORD_BITS_MAX))]!;
        const length = entry & 15;
        if (entry >> 4 === LOOKUP_ESCAPE) {
          position += length;
          isUsual = false;
          break;
        }
        const symbol = ((entry >> 4) << shift) | (((window << length) >>> 1) >>> (31 - shift));
        symbols[at] = symbol;
        sums[index]! += symbol;
        position += length + shift;
        window <<= length + shift;
      }
      if (!isUsual) break;
      row++;
      index = 0;
    }
    this.#reader.position = position;
    this.#row = row;
    this.#index = index;
    return isUsual && position <= limit;
  }

  /** Reads what is not the usual case of the times, or of a stream: often what stands behind an escape. */
  #readOther(index: number, row: number, first: number): boolean {
    if (index === 0) return this.#readTime(row, first);
    const column = this.#streams[index - 1]!;
    if (!column.isPlain) return column.readRow(this.#reader, row);
    const start = symbolsOf(index - 1) - first;
    if (!column.words.isQuick && this.#gather(index, start + row)) return true;
    return column.fill(row, this.#symbols, start) && column.readPlainEscape(this.#reader, row);
  }

  /** Reads a symbol; false where the escape stands there. */
  #gather(index: number, at: number): boolean {
    const symbol = this.#words[index]!.read(this.#reader);
    if (symbol < 0) return false;
    this.#symbols[at] = symbol;
    this.#sums[index]! += symbol;
    return true;
  }

  /** Behind the escape of a time there is the time itself, or changes and then its word. */
  #readTime(row: number, first: number): boolean {
    const times = this.#times;
    const reader = this.#reader;
    if (!times.words.isQuick && this.#gather(0, row - first)) return true;
    if (row === 0 || !times.fill(row, this.#symbols, first)) return false;
    if (reader.read(1) === 0) return times.readEscaped(reader, row);
    if (!this.#readChanges(row, first)) return false;
    if (this.#gather(0, row - first)) return true;
    return reader.read(1) === 0 && times.readEscaped(reader, row);
  }

  /** Columns in ascending order, each with a bit behind it that says whether another follows. */
  #readChanges(row: number, first: number): boolean {
    const reader = this.#reader;
    let last = -1;
    do {
      const index = reader.read(this.#indexBits);
      const column = this.#columns[index];
      if (column === undefined || index <= last) return false;
      const start = symbolsOf(this.#streams.indexOf(column)) - first;
      if (!column.fill(row, this.#symbols, start) || !column.readChange(reader, row)) return false;
      if (reader.failed || reader.position > this.#end) return false;
      last = index;
    } while (reader.read(1) === 1);
    return true;
  }

  #fit(): void {
    for (let index = 0; index < this.#words.length; index++) {
      this.#words[index]!.fit(this.#sums[index]!);
      this.#sums[index] = 0;
    }
  }

  /** Fills in what lasts to the end, counts, and looks at what is left of the last byte. */
  #finish(columns: BatchColumns, rows: number): boolean {
    let readings = 0;
    for (let index = 0; index < this.#columns.length; index++) {
      readings += this.#columns[index]!.finish(rows);
    }
    columns.readings = readings;
    const rest = this.#end - this.#reader.position;
    return rest >= 0 && rest < 8 && this.#reader.read(rest) === 0;
  }
}

/** Where the symbols of a stream begin: those of the times come first. */
function symbolsOf(stream: number): number {
  return (stream + 1) * FIT_ROWS;
}
