// The times of a batch being written: how far each is from where it should be on a grid. The grid
// follows the times, so that a step of the clock costs one escape and unsteady times become
// differences. PROTOCOL 6.3.

import type { BitWriter } from "../bytes/bits.ts";
import { FIT_ROWS, SCALES, scaleOf, sumAtStart } from "./codes.ts";
import type { SymbolStream } from "./encoder.ts";
import { SCALE_BITS, TIME_PREDICTOR_BITS } from "./kinds.ts";
import { FRACTION_HALF, GAINS, PREDICTOR_LAST } from "./predictor.ts";

/** Some milliseconds of jitter. */
const SCALE_FIRST = 6;

export class TimeEncoder implements SymbolStream {
  next = 0;
  level = Number.NaN;
  plainReach = 0;
  shift = 0;
  words: readonly number[] = [];
  sum = 0;
  fraction = 0;
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

  /** Writes the head of a batch that begins at `timeMs`. */
  begin(timeMs: number, writer: BitWriter): void {
    writer.write(this.predictor, TIME_PREDICTOR_BITS);
    writer.write(this.scale, SCALE_BITS);
    writer.writeMagnitude(this.periodMs);
    this.gain = GAINS[this.predictor]!;
    this.fraction = FRACTION_HALF;
    this.step = this.periodMs;
    this.sum = 0;
    this.#sumBefore = sumAtStart(this.scale);
    this.#symbols = FIT_ROWS;
    this.#useScale();
    const isNear = Math.abs(timeMs - this.level) < this.plainReach / 2;
    if (!isNear) this.level = timeMs;
  }

  #useScale(): void {
    this.plainReach = SCALES.reach[this.scale]!;
    this.words = SCALES.words[this.scale]!;
    this.shift = SCALES.shift[this.scale]!;
  }

  /** Writes a time that is far from where it should be, as the step from the one before it. */
  write(writer: BitWriter): void {
    const stepMs = this.next - this.lastMs;
    this.writeEscape(writer);
    writer.write(0, 1);
    writer.writeMagnitude(stepMs);
    this.sum += this.plainReach;
    if (this.step === 0) this.step = stepMs;
    this.level = this.next + this.step;
    this.fraction = FRACTION_HALF;
  }

  /** Writes the escape alone. */
  writeEscape(writer: BitWriter): void {
    const word = this.words[this.words.length - 1]!;
    writer.write(word >> 4, word & 15);
  }

  fit(rows: number): void {
    this.#sumBefore = (this.#sumBefore >> 1) + this.sum;
    this.#symbols = (this.#symbols >> 1) + rows;
    this.sum = 0;
    this.scale = scaleOf(this.#sumBefore, this.#symbols, this.scale);
    this.#useScale();
  }
}
