// The batch encoder: samples in, bytes out, into one fixed buffer. Each row is written as it comes, so
// the encoder knows at every moment what the batch takes and can refuse the row that would not fit.
// PROTOCOL 6.
//
// Whatever a refused row did to the columns stays: the batch takes no other row before it is taken,
// and the next one begins with a head that says where each column stands.

import { BitWriter } from "../bytes/bits.ts";
import { ByteWriter } from "../bytes/cursor.ts";
import type { Channel, SampleValues } from "../channel.ts";
import { assert } from "../errors.ts";
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from "../limits.ts";
import {
  FIT_ROWS,
  PACKED_BITS_MASK,
  PACKED_BITS_SHIFT,
  PACKED_LENGTH_MASK,
  PACKED_SYMBOL_SHIFT,
} from "./codes.ts";
import { ColumnEncoder } from "./column-encoder.ts";
import { setBatchRows, writeBatchHeader } from "./header.ts";
import { indexBits, PRESENCE_BY_ROW } from "./kinds.ts";
import { Planner } from "./planner.ts";
import { FRACTION_BITS, TIME_MS_MAX } from "./predictor.ts";
import type { SymbolStream } from "./symbol-stream.ts";
import { TimeEncoder } from "./time-encoder.ts";

/** What a row takes at most of one column: the longest word, an escape, a float that is no decimal, a bit. */
const STREAM_BYTES_MAX = 12;

/** Outcome of `append`: taken; or the batch must be taken away first; or the row fits no batch at all. */
export type AppendOutcome = "appended" | "full" | "oversize";

export interface BatchEncoderOptions {
  readonly channels: readonly Channel[];
  /** The schema's number within the epoch. */
  readonly schema: number;
  /** Most bytes of one encoded batch. */
  readonly bytesMax?: number;
}

export class BatchEncoder {
  /** Rows in the batch so far. */
  rows = 0;
  /** Device uptime at the first row; meaningless while there is none. */
  firstMs = 0;
  /** Device uptime at the last row. */
  lastMs = 0;
  /** Values refused since the start because their channel cannot carry them (NaN as a number, a text too long ...). */
  unrepresentable = 0;

  readonly #schema: number;
  readonly #bytesMax: number;
  readonly #writer: BitWriter;
  readonly #columns: readonly ColumnEncoder[];
  /** The times, and the columns of which each row has something. */
  readonly #streams: SymbolStream[] = [];
  readonly #times = new TimeEncoder();
  readonly #planner: Planner;
  readonly #indexBits: number;
  /** A row did not fit: nothing more goes into this batch. */
  #isFull = false;
  #rowsToFit = FIT_ROWS;
  /** The usual row is one for `#writeQuickly`. */
  #isQuick = false;
  /** By column: what `#writeQuickly` wrote last. */
  readonly #written: number[];
  /** Up to this many bytes a row without changes fits for sure. */
  #sureBytes = 0;
  #missing = 0;
  /** Of the row at hand: values that are missing, and those of them that were refused. */
  #missingInRow = 0;
  #refusedInRow = 0;

  constructor(options: BatchEncoderOptions) {
    this.#schema = options.schema;
    this.#bytesMax = options.bytesMax ?? BATCH_BYTES_MAX;
    this.#writer = new BitWriter(new Uint8Array(this.#bytesMax));
    this.#columns = options.channels.map((channel) => new ColumnEncoder(channel));
    this.#indexBits = indexBits(options.channels.length);
    this.#written = options.channels.map(() => 0);
    this.#planner = new Planner(this.#columns, this.#times);
  }

  /** Values in the batch so far, missing ones not counted. */
  get readings(): number {
    return this.rows * this.#columns.length - this.#missing;
  }

  /** A hint: the encoder has learned how to write these values, and the next batch will take much less a row. */
  get isBetterTaken(): boolean {
    return this.#planner.isUrgent;
  }

  /**
   * Adds the values of one sample, taken at `timeMs` of device uptime (an integer, not before the
   * last row's). Values are in the order of the channels; undefined means missing. After "full" the
   * answer stays the same until `take`.
   */
  append(timeMs: number, values: SampleValues): AppendOutcome {
    const isFirst = this.rows === 0;
    const stepMs = timeMs - (isFirst ? 0 : this.lastMs);
    // NaN and infinities fail it too; the call itself would cost as much on XS as a value.
    if (!(stepMs >= 0 && timeMs <= TIME_MS_MAX && timeMs % 1 === 0)) {
      assert(false, "time in whole milliseconds that never runs backwards");
    }
    if (this.#isFull || this.rows === BATCH_ROWS_MAX) return "full";
    const isSure = this.#isQuick && this.#writer.position <= this.#sureBytes;
    if (!isSure || this.#planner.isWatching || !this.#writeQuickly(timeMs, values)) {
      if (!this.#writeCarefully(timeMs, values)) return this.#isFull ? "full" : "oversize";
      if (this.#planner.isWatching) this.#planner.handleRow(timeMs);
    }
    this.lastMs = timeMs;
    this.rows++;
    if (--this.#rowsToFit === 0) this.#fit();
    return "appended";
  }

  /** Writes a row that may not fit. False where it did not: then nothing of it remains. */
  #writeCarefully(timeMs: number, values: SampleValues): boolean {
    const writer = this.#writer;
    const isFirst = this.rows === 0;
    const { position, pending, count } = writer;
    const hasChange = this.#prepare(values);
    if (isFirst) this.#begin(timeMs);
    else if (hasChange) this.#writeChanges();
    this.#writeStreams(timeMs);
    if (isFirst || hasChange) this.#isQuick = this.#canBeQuick();
    if (!writer.failed) {
      this.#missing += this.#missingInRow;
      this.unrepresentable += this.#refusedInRow; // here, for a row that does not fit comes again
      return true;
    }
    writer.position = position;
    writer.pending = pending;
    writer.count = count;
    this.#isFull = !isFirst;
    return false;
  }

  /** True where the usual row is one for `#writeQuickly`. */
  #canBeQuick(): boolean {
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!;
      if (!column.isQuick && column.isStream) return false;
    }
    return this.#times.packed.length > 0;
  }

  #fit(): void {
    this.#rowsToFit = FIT_ROWS;
    const streams = this.#streams;
    for (let index = 0; index < streams.length; index++) streams[index]!.fit(FIT_ROWS);
    this.#isQuick = this.#canBeQuick();
  }

  /**
   * The encoded batch, as a view of the encoder's buffer that the next `append` overwrites.
   * Empty where there is no row. The encoder starts over.
   */
  take(): Uint8Array {
    const writer = this.#writer;
    const { rows } = this;
    if (rows > 0) {
      writer.finish();
      setBatchRows(writer.bytes, 0, rows);
      const rowsSinceFit = FIT_ROWS - this.#rowsToFit;
      if (rowsSinceFit > 0) for (const stream of this.#streams) stream.fit(rowsSinceFit);
      for (const column of this.#columns) column.end();
      this.#planner.handleBatchEnd(rows);
    }
    const bytes = writer.bytes.subarray(0, writer.position);
    writer.reset(0);
    this.rows = 0;
    this.#missing = 0;
    this.#isFull = false;
    this.#isQuick = false;
    return bytes;
  }

  /** Writes the heads. */
  #begin(timeMs: number): void {
    const head = new ByteWriter(this.#writer.bytes);
    writeBatchHeader(head, this.#schema, timeMs);
    const writer = this.#writer;
    writer.reset(head.failed ? writer.bytes.length + 1 : head.position);
    this.#times.begin(timeMs, writer);
    const columns = this.#columns;
    let hasPresence = false;
    for (let index = 0; index < columns.length; index++) {
      const { presence, isPresent } = columns[index]!;
      if (presence === PRESENCE_BY_ROW || !isPresent) hasPresence = true;
    }
    writer.write(hasPresence ? 1 : 0, 1);
    const streams = this.#streams;
    streams.length = 0;
    streams.push(this.#times);
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!;
      column.begin(writer, hasPresence);
      if (column.isStream) streams.push(column);
    }
    this.firstMs = timeMs;
    this.lastMs = timeMs;
    this.#rowsToFit = FIT_ROWS;
    this.#sureBytes = this.#bytesMax - streams.length * STREAM_BYTES_MAX;
  }

  /** Brings the values into the form in which they are written. True where a column changes other than by its symbols. */
  #prepare(values: SampleValues): boolean {
    const columns = this.#columns;
    const count = columns.length;
    let column = columns[0]!;
    let value = values[0];
    let hasChange = false;
    let index = 0;
    let exact = 0;
    let steps = 0;
    let rest = 0;
    let missing = 0;
    let refused = 0;
    while (index < count) {
      column = columns[index]!;
      value = values[index++];
      if (column.isQuick && typeof value === "number") {
        exact = value * column.factor;
        steps = exact | 0;
        rest = exact - steps; // beyond 1 where 32 bits do not hold the steps
        if (rest < 0.5 && rest >= -0.5) {
          column.next = steps;
          if (rest === 0 || column.isNumber) continue;
        } else if (column.isNumber && rest < 1 && rest > -1) {
          column.next = rest > 0 ? steps + 1 : steps - 1;
          continue;
        }
      } else if (value === column.held) continue;
      column.isPresent = value !== undefined && column.prepare(value);
      if (!column.isPresent) {
        missing++;
        if (value !== undefined) refused++;
      }
      if (column.hasChange) hasChange = true;
    }
    this.#missingInRow = missing;
    this.#refusedInRow = refused;
    return hasChange;
  }

  /** What no symbol can say: values of runs, and columns that have values from here on, or none. */
  #writeChanges(): void {
    const writer = this.#writer;
    const columns = this.#columns;
    this.#times.writeEscape(writer);
    let hasMore = 1; // the first time it says that these are changes
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!;
      if (!column.hasChange) continue;
      writer.write(hasMore, 1);
      writer.write(index, this.#indexBits);
      column.writeChange(writer);
      hasMore = 1;
    }
    writer.write(0, 1);
  }

  /** Writes the row's symbols. The usual case is here, with the writer in local variables; the rest is the columns'. */
  #writeStreams(timeMs: number): void {
    const writer = this.#writer;
    const { bytes } = writer;
    let { position, pending, count } = writer;
    const streams = this.#streams;
    const length = streams.length;
    const times = this.#times;
    let stream: SymbolStream = times;
    let packed: number | undefined = 0;
    let index = 0;
    let mean = 0;
    let residual = 0;
    let bits = 0;
    times.next = timeMs;
    while (index < length) {
      stream = streams[index++]!;
      mean = stream.mean;
      residual = stream.next - stream.base - (mean >> FRACTION_BITS);
      packed = stream.packed[residual + stream.center];
      if (packed !== undefined) {
        bits = packed & PACKED_LENGTH_MASK;
        pending = (pending << bits) | ((packed >> PACKED_BITS_SHIFT) & PACKED_BITS_MASK);
        count += bits;
        while (count > 7) {
          count -= 8;
          bytes[position++] = pending >> count;
        }
        stream.sum += packed >> PACKED_SYMBOL_SHIFT;
        stream.mean = mean + stream.gain * residual;
      } else {
        writer.position = position;
        writer.pending = pending;
        writer.count = count;
        stream.write(writer);
        ({ position, pending, count } = writer);
      }
    }
    writer.position = position;
    writer.pending = pending;
    writer.count = count;
    times.base += times.step;
    times.lastMs = timeMs;
  }

  /**
   * Writes a row in one go: numbers near to what is expected, runs that go on. False where a value is
   * anything else, and then nothing of the row remains. All is in local variables, declared outside
   * of the loop: on XS each declaration, call and field costs as much as a few additions.
   */
  #writeQuickly(timeMs: number, values: SampleValues): boolean {
    const writer = this.#writer;
    const bytes = writer.bytes;
    const columns = this.#columns;
    const length = columns.length;
    const times = this.#times;
    const written = this.#written;
    let mean = times.mean;
    let residual = timeMs - times.base - (mean >> FRACTION_BITS);
    let packed = times.packed[residual + times.center];
    if (packed === undefined) return false;
    const timeSymbol = packed >> PACKED_SYMBOL_SHIFT;
    const timeMean = mean + times.gain * residual;
    let bits = packed & PACKED_LENGTH_MASK;
    let pending = (writer.pending << bits) | ((packed >> PACKED_BITS_SHIFT) & PACKED_BITS_MASK);
    let count = writer.count + bits;
    let position = writer.position;
    while (count > 7) {
      count -= 8;
      bytes[position++] = pending >> count;
    }
    let column = columns[0]!;
    let value = values[0];
    let index = 0;
    let exact = 0;
    let steps = 0;
    for (; index < length; index++) {
      column = columns[index]!;
      value = values[index];
      if (typeof value === "number") {
        exact = value * column.factor;
        steps = exact | 0;
        exact -= steps;
        if (exact !== 0) {
          // An integer that is none, NaN, or more steps than 32 bits hold.
          if (!(column.isNumber && exact < 1 && exact > -1)) break;
          if (exact >= 0.5) steps++;
          else if (exact < -0.5) steps--;
        }
        mean = column.mean;
        residual = steps - column.base - (mean >> FRACTION_BITS);
        packed = column.packed[residual + column.center];
        if (packed === undefined) {
          if (value === column.held) continue; // a run of numbers has nothing packed
          break;
        }
        bits = packed & PACKED_LENGTH_MASK;
        pending = (pending << bits) | ((packed >> PACKED_BITS_SHIFT) & PACKED_BITS_MASK);
        count += bits;
        while (count > 7) {
          count -= 8;
          bytes[position++] = pending >> count;
        }
        written[index] = packed;
        column.sum += packed >> PACKED_SYMBOL_SHIFT;
        column.mean = mean + column.gain * residual;
      } else if (value !== column.held) break;
    }
    if (index < length) return this.#undo(index);
    times.sum += timeSymbol;
    times.mean = timeMean;
    times.base += times.step;
    times.lastMs = timeMs;
    writer.position = position;
    writer.pending = pending;
    writer.count = count;
    return true;
  }

  /** Takes back what `#writeQuickly` did to the columns before `end`. */
  #undo(end: number): false {
    for (let index = 0; index < end; index++) {
      const column = this.#columns[index]!;
      if (!column.isQuick) continue;
      const symbol = this.#written[index]! >> PACKED_SYMBOL_SHIFT;
      const residual = (symbol >>> 1) ^ -(symbol & 1);
      column.sum -= symbol;
      column.mean -= column.gain * residual;
    }
    return false;
  }
}
