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
import { LOOKUP } from "./lookup.ts";
import { TimeDecoder } from "./time-decoder.ts";

/** Behind the batch's bytes, so that a row may be read to its end before anyone asks whether it was there. */
const PADDING_BYTES = 2_048;

/**
 * Decodes the batch that fills `bytes` into `columns`, by the channels of its schema. False where it
 * is malformed, does not fit the channels, or a time runs backwards; the columns then hold nothing
 * of use.
 */
export function decodeBatch(
  bytes: Uint8Array,
  channels: readonly Channel[],
  columns: BatchColumns,
): boolean {
  columns.decoder ??= new BatchDecoder();
  return columns.decoder.decode(bytes, channels, columns);
}

/** What decoding one batch after the other needs; columns keep theirs. */
export class BatchDecoder {
  readonly #reader = new BitReader();
  readonly #times = new TimeDecoder();
  #channels: readonly Channel[] = [];
  #columns: ColumnDecoder[] = [];
  /** Columns of which each row has something. */
  readonly #streams: ColumnDecoder[] = [];
  /** By row since the last fit: symbols of times; by stream, by row: symbols of the streams. */
  readonly #timeSymbols = new Int32Array(FIT_ROWS);
  #symbols = new Int32Array(0);
  #padded = new Uint8Array(0);
  #view = new DataView(this.#padded.buffer);
  #end = 0;
  #indexBits = 0;

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
    this.#symbols = new Int32Array(channels.length * FIT_ROWS);
  }

  #take(bytes: Uint8Array, start: number): void {
    const room = bytes.length + PADDING_BYTES;
    if (this.#padded.length < room) {
      this.#padded = new Uint8Array(2 * room);
      this.#view = new DataView(this.#padded.buffer);
    }
    this.#padded.set(bytes);
    this.#padded.fill(0, bytes.length, room);
    this.#end = 8 * bytes.length;
    this.#reader.reset(this.#padded, start);
  }

  #begin(columns: BatchColumns, firstMs: number): boolean {
    const reader = this.#reader;
    if (!this.#times.begin(reader, firstMs, columns.timesMs)) return false;
    const hasPresence = reader.read(1) === 1;
    this.#streams.length = 0;
    for (let index = 0; index < this.#columns.length; index++) {
      const column = this.#columns[index]!;
      if (!column.begin(reader, columns.columns[index]!, hasPresence)) return false;
      if (reader.failed || reader.position > this.#end) return false;
      if (column.isStream) this.#streams.push(column);
    }
    return true;
  }

  #readRows(rows: number): boolean {
    for (let first = 0; first < rows; first += FIT_ROWS) {
      const end = Math.min(first + FIT_ROWS, rows);
      if (!this.#readBlock(first, end)) return false;
      if (!this.#times.fill(end, this.#timeSymbols, first)) return false;
      for (let index = 0; index < this.#streams.length; index++) {
        const stream = this.#streams[index]!;
        if (!stream.fill(end, this.#symbols, index * FIT_ROWS - first)) return false;
      }
      if (end - first === FIT_ROWS) this.#fit();
    }
    return !this.#reader.failed;
  }

  /**
   * Reads rows from `first` up to `end`, between which no scale changes. Plain columns' symbols are
   * gathered; the loop has the usual case, with the reader in a local variable.
   */
  #readBlock(first: number, end: number): boolean {
    const streams = this.#streams;
    const symbols = this.#symbols;
    const times = this.#times;
    const view = this.#view;
    const reader = this.#reader;
    const lookup = LOOKUP;
    const limit = this.#end;
    let { position } = reader;
    for (let row = first; row < end; row++) {
      const word = view.getInt32(position >> 3) << (position & 7);
      const entry = lookup[times.lookupStart + (word >>> (32 - WORD_BITS_MAX))]!;
      const symbol = entry >> 4;
      position += entry & 15;
      if (symbol !== times.escape) {
        const { shift } = times;
        const rest = view.getInt32(position >> 3) << (position & 7);
        this.#timeSymbols[row - first] = (symbol << shift) | ((rest >>> 1) >>> (31 - shift));
        position += shift;
      } else {
        reader.position = position;
        if (row === 0 || !this.#readTime(row, first)) return false;
        position = reader.position;
      }
      for (let index = 0, at = row - first; index < streams.length; index++, at += FIT_ROWS) {
        const stream = streams[index]!;
        if (stream.isPlain) {
          const word = view.getInt32(position >> 3) << (position & 7);
          const entry = lookup[stream.lookupStart + (word >>> (32 - WORD_BITS_MAX))]!;
          const symbol = entry >> 4;
          position += entry & 15;
          if (symbol !== stream.escape) {
            const { shift } = stream;
            if (shift === 0) symbols[at] = symbol;
            else {
              const rest = view.getInt32(position >> 3) << (position & 7);
              symbols[at] = (symbol << shift) | (rest >>> (32 - shift));
              position += shift;
            }
            continue;
          }
        }
        reader.position = position;
        if (!this.#readOther(stream, row, at - row)) return false;
        position = reader.position;
      }
      if (position > limit) return false;
    }
    reader.position = position;
    return true;
  }

  /** Reads what follows the escape of a time: the time itself, or changes and then its word. */
  #readTime(row: number, first: number): boolean {
    const times = this.#times;
    const reader = this.#reader;
    if (!times.fill(row, this.#timeSymbols, first)) return false;
    if (reader.read(1) === 0) return times.readEscaped(reader, row);
    if (!this.#readChanges(row, first)) return false;
    const symbol = times.readSymbol(reader);
    if (symbol < 0) return reader.read(1) === 0 && times.readEscaped(reader, row);
    this.#timeSymbols[row - first] = symbol;
    return true;
  }

  /** Columns in ascending order, each with a bit behind it that says whether another follows. */
  #readChanges(row: number, first: number): boolean {
    const reader = this.#reader;
    let last = -1;
    do {
      const index = reader.read(this.#indexBits);
      const column = this.#columns[index];
      if (column === undefined || index <= last) return false;
      const start = this.#streams.indexOf(column) * FIT_ROWS - first;
      if (!column.fill(row, this.#symbols, start) || !column.readChange(reader, row)) return false;
      if (reader.failed || reader.position > this.#end) return false;
      last = index;
    } while (reader.read(1) === 1);
    return true;
  }

  #readOther(column: ColumnDecoder, row: number, start: number): boolean {
    if (!column.isPlain) return column.readRow(this.#reader, row);
    return column.fill(row, this.#symbols, start) && column.readPlainEscape(this.#reader, row);
  }

  #fit(): void {
    this.#times.fit();
    for (let index = 0; index < this.#streams.length; index++) this.#streams[index]!.fit();
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
