// What a column would take in each of the ways to write it, estimated on some rows of it. Only the
// planner asks; what it then chooses is in the batch's head, so no decoder needs to know.

import { bitLength } from "../bytes/bits.ts";
import { SCALES, scaleOf } from "./codes.ts";
import { Palette } from "./palette.ts";
import { FRACTION_BITS, FRACTION_HALF, FRACTION_ONE, GAINS, SLOPE_GAINS } from "./predictor.ts";

/** Bits of what follows an escape, without the magnitude's own. */
const ESCAPED_BITS = 7;

/** Bits by which a row says that a column changes, the column's index and the escape included. */
const CHANGE_BITS = 18;

/** A run that lasted all the time will end one day. */
const CHANGES_TO_COME = 1;

/** Symbols of some rows, and what they would take. */
export class Cost {
  /** Of the last estimate: bits of all rows, and the scale to begin with. */
  bits = 0;
  scale = 0;
  /** Slope at the end, in 256ths of a step a row. */
  slope = 0;
  readonly #symbols: Float64Array;
  readonly #palette = new Palette();
  #count = 0;

  constructor(rowsMax: number) {
    this.#symbols = new Float64Array(rowsMax);
  }

  /** Estimates residuals of the first `count` of `integers`, each `step` more than expected; NaN is none. */
  ofResiduals(integers: Float64Array, count: number, predictor: number, step = 0): void {
    const gain = GAINS[predictor]!;
    const slopeGain = SLOPE_GAINS[predictor]!;
    let level = Number.NaN;
    let fraction = FRACTION_HALF;
    let slope = 0;
    this.#count = 0;
    for (let row = 0; row < count; row++) {
      const integer = integers[row]!;
      if (Number.isNaN(integer)) continue;
      if (Number.isNaN(level)) level = integer;
      const residual = integer - level;
      this.#add(residual < 0 ? -2 * residual - 1 : 2 * residual);
      slope = (slope + slopeGain * residual) | 0;
      fraction += gain * residual + slope;
      level += step + Math.floor(fraction / FRACTION_ONE);
      fraction &= FRACTION_ONE - 1;
    }
    this.slope = slope >> (8 - FRACTION_BITS);
    this.#finish(0);
  }

  /**
   * Estimates a palette that begins anew each `rowsPerBatch` rows. What is new in the first half of
   * the rows is learned once a batch; what is new in the second half goes on and on.
   */
  ofPalette(
    integers: Float64Array,
    count: number,
    rowsPerBatch: number,
    isOfDifferences: boolean,
  ): void {
    const palette = this.#palette;
    palette.clear();
    const learning = [0, 0];
    const half = count / 2;
    let base = 0;
    this.#count = 0;
    for (let row = 0; row < count; row++) {
      const integer = integers[row]!;
      if (Number.isNaN(integer)) continue;
      if (this.#count === 0) base = integer;
      const number = integer - base;
      if (isOfDifferences) base = integer;
      const rank = palette.numbers.indexOf(number);
      this.#add(rank < 0 ? palette.numbers.length : rank);
      if (rank >= 0) palette.hit(rank);
      else {
        palette.add(number);
        learning[row < half ? 0 : 1]! += ESCAPED_BITS + bitLength(Math.abs(number));
      }
    }
    const batches = half / rowsPerBatch;
    this.#finish(learning[0]! * batches + learning[1]! * Math.max(2 - batches, 1));
  }

  /** Estimates runs. */
  ofRuns(integers: Float64Array, count: number, isBoolean: boolean): void {
    let last = Number.NaN;
    this.bits = CHANGES_TO_COME * CHANGE_BITS;
    for (let row = 0; row < count; row++) {
      const integer = integers[row]!;
      if (Number.isNaN(integer) || integer === last) continue;
      const change = isBoolean ? 0 : ESCAPED_BITS + bitLength(Math.abs(integer - last) || 0);
      if (!Number.isNaN(last)) this.bits += CHANGE_BITS + change;
      last = integer;
    }
  }

  #add(symbol: number): void {
    this.#symbols[this.#count++] = symbol;
  }

  /** Finds the scale, a second time without the outliers of the first, and adds up the words. */
  #finish(extra: number): void {
    const symbols = this.#symbols;
    const count = this.#count;
    let scale = SCALES.limit.length - 1;
    for (let turn = 0; turn < 3; turn++) {
      const reach = SCALES.reach[scale]!;
      let sum = 0;
      for (let index = 0; index < count; index++) sum += Math.min(symbols[index]!, reach);
      scale = scaleOf(sum, count, scale);
    }
    this.scale = scale;
    const words = SCALES.words[scale]!;
    const shift = SCALES.shift[scale]!;
    const reach = SCALES.reach[scale]!;
    let bits = extra;
    for (let index = 0; index < count; index++) {
      const symbol = symbols[index]!;
      if (symbol < reach) bits += (words[symbol >> shift]! & 15) + shift;
      else bits += (words[words.length - 1]! & 15) + ESCAPED_BITS + bitLength(symbol % 2 ** 53);
    }
    this.bits = bits;
  }
}
