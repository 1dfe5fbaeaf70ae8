// The times of a batch being written: how far each is from where it should be on a grid. The grid
// follows the times, so that a step of the clock costs one escape and unsteady times become
// differences. PROTOCOL 6.3.

import type { BitWriter } from "../bytes/bits.ts";
import { FIT_ROWS, SCALES, scaleOf, sumAtStart } from "./codes.ts";
import { SCALE_BITS, TIME_PREDICTOR_BITS } from "./kinds.ts";
import { FRACTION_BITS, FRACTION_HALF, FRACTION_ONE, GAINS, PREDICTOR_LAST } from "./predictor.ts";
import type { SymbolStream } from "./symbol-stream.ts";

/** Some milliseconds of jitter. */
const SCALE_FIRST = 6;

export class TimeEncoder implements SymbolStream {
  mean = 0;
  next = 0;
  base = Number.NaN;
  packed: readonly number[] = [];
  center = 0;
  sum = 0;
  gain = 0;
  /** The period in force: the first step where the batch began without one. */
  step = 0;
  /** Of the row before. */
  lastMs = 0;

  /** What the planner chooses; it counts from the next batch on. 0 ms is a period that is not known. */
  periodMs = 0;
  predictor = PREDICTOR_LAST;
  scale = SCALE_FIRST;

  #sumBefore = 0;
  #symbols = 0;
  #reach = 0;

  /** Writes the head of a batch that begins at `timeMs`. */
  begin(timeMs: number, writer: BitWriter): void {
    writer.write(this.predictor, TIME_PREDICTOR_BITS);
    writer.write(this.scale, SCALE_BITS);
    writer.writeMagnitude(this.periodMs);
    this.gain = GAINS[this.predictor]!;
    this.base += this.mean >> FRACTION_BITS;
    this.mean = FRACTION_HALF;
    this.step = this.periodMs;
    this.sum = 0;
    this.#sumBefore = sumAtStart(this.scale);
    this.#symbols = FIT_ROWS;
    this.#useScale();
    const isNear = Math.abs(timeMs - this.base) < this.#reach / 2;
    if (!isNear) this.base = timeMs;
  }

  #useScale(): void {
    this.packed = SCALES.packed[this.scale]!;
    this.center = SCALES.center[this.scale]!;
    this.#reach = SCALES.reach[this.scale]!;
  }

  /** Writes a time of which the loop has no packed bits. */
  write(writer: BitWriter): void {
    const residual = this.next - this.base - (this.mean >> FRACTION_BITS);
    const symbol = residual < 0 ? -2 * residual - 1 : 2 * residual;
    if (symbol < this.#reach) this.#writeSymbol(symbol, residual, writer);
    else this.#writeStep(this.next - this.lastMs, writer);
  }

  #writeSymbol(symbol: number, residual: number, writer: BitWriter): void {
    const shift = SCALES.shift[this.scale]!;
    const word = SCALES.words[this.scale]![symbol >> shift]!;
    writer.write(word >> 4, word & 15);
    writer.write(symbol, shift);
    this.sum += symbol;
    this.mean += this.gain * residual;
    this.#rebase();
  }

  /** A time that is far from where it should be, as the step from the one before it. */
  #writeStep(stepMs: number, writer: BitWriter): void {
    this.writeEscape(writer);
    writer.write(0, 1);
    writer.writeMagnitude(stepMs);
    this.sum += this.#reach;
    if (this.step === 0) this.step = stepMs;
    this.base = this.next;
    this.mean = FRACTION_HALF;
  }

  /** Writes the escape alone. */
  writeEscape(writer: BitWriter): void {
    const words = SCALES.words[this.scale]!;
    const word = words[words.length - 1]!;
    writer.write(word >> 4, word & 15);
  }

  /** Keeps the mean small enough for 32 bits. */
  #rebase(): void {
    this.base += this.mean >> FRACTION_BITS;
    this.mean &= FRACTION_ONE - 1;
  }

  fit(rows: number): void {
    this.#rebase();
    this.#sumBefore = (this.#sumBefore >> 1) + this.sum;
    this.#symbols = (this.#symbols >> 1) + rows;
    this.sum = 0;
    this.scale = scaleOf(this.#sumBefore, this.#symbols, this.scale);
    this.#useScale();
  }
}
