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
import { FIT_ROWS } from "./codes.ts";
import { ColumnEncoder } from "./column-encoder.ts";
import { setBatchRows, writeBatchHeader } from "./header.ts";
import { indexBits, PRESENCE_BY_ROW } from "./kinds.ts";
import { Planner } from "./planner.ts";
import { FRACTION_BITS, FRACTION_ONE, TIME_MS_MAX } from "./predictor.ts";
import { TimeEncoder } from "./time-encoder.ts";

/** Numbers of steps up to here are rounded by 32-bit arithmetic. */
const STEPS_SMALL = 2 ** 30;

/** Outcome of `append`: taken; or the batch must be taken away first; or the row fits no batch at all. */
export type AppendOutcome = "appended" | "full" | "oversize";

export interface BatchEncoderOptions {
  readonly channels: readonly Channel[];
  /** The schema's number within the epoch. */
  readonly schema: number;
  /** Most bytes of one encoded batch. */
  readonly bytesMax?: number;
}

/** What each row has a word of. The fields are in the order in which the loop asks for them. */
export interface SymbolStream {
  /** The integer of this row, and the one that is expected. */
  next: number;
  level: number;
  /** Symbols below this are the usual case: 0 where there is none. */
  plainReach: number;
  shift: number;
  words: readonly number[];
  /** Sum of symbols since the last fit. */
  sum: number;
  /** What is expected beyond `level`, in 256ths. */
  fraction: number;
  gain: number;
  /** What is added to what is expected in each row. */
  step: number;
  /** Writes this row's part where it is not the usual case. */
  write(writer: BitWriter): void;
  /** Fits the scale to the symbols of the last `rows` rows. */
  fit(rows: number): void;
}

export class BatchEncoder {
  /** Rows in the batch so far. */
  rows = 0;
  /** Values in the batch so far, missing ones not counted. */
  readings = 0;
  /** Device uptime at the first row; meaningless while there is none. */
  firstMs = 0;
  /** Device uptime at the last row. */
  lastMs = 0;
  /** Values refused since the start because their channel cannot carry them (NaN as a number, a text too long ...). */
  unrepresentable = 0;

  readonly #schema: number;
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
  #refusedInRow = 0;
  #missingInRow = 0;

  constructor(options: BatchEncoderOptions) {
    this.#schema = options.schema;
    this.#writer = new BitWriter(new Uint8Array(options.bytesMax ?? BATCH_BYTES_MAX));
    this.#columns = options.channels.map((channel) => new ColumnEncoder(channel));
    this.#indexBits = indexBits(options.channels.length);
    this.#planner = new Planner(this.#columns, this.#times);
  }

  /**
   * True when the first look at the values is over: the batch that follows takes much less a row than
   * this one, which was begun in ignorance. A hint: whoever does not take the batch loses only bytes.
   */
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
    assert(
      timeMs >= (isFirst ? 0 : this.lastMs) && timeMs <= TIME_MS_MAX && timeMs % 1 === 0,
      "time in whole milliseconds that never runs backwards",
    );
    if (this.#isFull || this.rows === BATCH_ROWS_MAX) return "full";
    const writer = this.#writer;
    const { position, pending, count } = writer;
    const hasChange = this.#prepare(values);
    if (isFirst) this.#begin(timeMs);
    else if (hasChange) this.#writeChanges();
    this.#times.next = timeMs;
    this.#writeStreams();
    if (writer.failed) {
      writer.position = position;
      writer.pending = pending;
      writer.count = count;
      this.#isFull = !isFirst;
      return isFirst ? "oversize" : "full";
    }
    this.#keepRow(timeMs);
    return "appended";
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
    this.readings = 0;
    this.#isFull = false;
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
    const hasPresence = columns.some((one) => one.presence === PRESENCE_BY_ROW || !one.isPresent);
    writer.write(hasPresence ? 1 : 0, 1);
    const streams = this.#streams;
    streams.length = 0;
    streams.push(this.#times);
    for (const column of columns) {
      column.begin(writer, hasPresence);
      if (column.isStream) streams.push(column);
    }
    this.firstMs = timeMs;
    this.lastMs = timeMs;
    this.#rowsToFit = FIT_ROWS;
  }

  /** Brings the values into the form in which they are written. True where a column changes other than by its symbols. */
  #prepare(values: SampleValues): boolean {
    const columns = this.#columns;
    const count = columns.length;
    let hasChange = false;
    this.#refusedInRow = 0;
    this.#missingInRow = 0;
    for (let index = 0; index < count; index++) {
      const column = columns[index]!;
      const value = values[index];
      if (value === column.held) continue;
      if (column.isQuick && typeof value === "number") {
        const exact = column.isInverse ? value * column.factor : value / column.factor;
        if (exact < STEPS_SMALL && exact > -STEPS_SMALL) {
          let steps = exact | 0;
          const rest = exact - steps;
          if (rest >= 0.5) steps++;
          else if (rest < -0.5) steps--;
          column.next = steps;
          if (rest === 0 || column.isNumber) continue;
        }
      }
      const isPresent = value !== undefined && column.prepare(value);
      column.isPresent = isPresent;
      if (!isPresent) {
        this.#missingInRow++;
        if (value !== undefined) this.#refusedInRow++;
      }
      if (column.hasChange) hasChange = true;
    }
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
  #writeStreams(): void {
    const writer = this.#writer;
    const { bytes } = writer;
    let { position, pending, count } = writer;
    const streams = this.#streams;
    const length = streams.length;
    for (let index = 0; index < length; index++) {
      const stream = streams[index]!;
      const residual = stream.next - stream.level;
      const symbol = residual < 0 ? -residual - residual - 1 : residual + residual;
      if (symbol < stream.plainReach) {
        const shift = stream.shift;
        const word = stream.words[symbol >> shift]!;
        const bits = word & 15;
        pending = (pending << bits) | (word >> 4);
        count += bits;
        if (shift > 0) {
          pending = (pending << shift) | (symbol & ((1 << shift) - 1));
          count += shift;
        }
        while (count > 7) {
          count -= 8;
          bytes[position++] = pending >> count;
        }
        stream.sum += symbol;
        const fraction = stream.fraction + stream.gain * residual;
        stream.level += stream.step + (fraction >> FRACTION_BITS);
        stream.fraction = fraction & (FRACTION_ONE - 1);
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
  }

  #keepRow(timeMs: number): void {
    this.lastMs = timeMs;
    this.#times.lastMs = timeMs;
    this.rows++;
    this.readings += this.#columns.length - this.#missingInRow;
    this.unrepresentable += this.#refusedInRow; // here, for a row that does not fit comes again
    if (this.#planner.isWatching) this.#planner.handleRow(timeMs);
    if (--this.#rowsToFit > 0) return;
    this.#rowsToFit = FIT_ROWS;
    for (const stream of this.#streams) stream.fit(FIT_ROWS);
  }
}
