// The times of a batch being read. PROTOCOL 6.3.

import type { BitReader } from "../bytes/bits.ts";
import { FIT_ROWS, SCALE_MAX, SCALES, scaleOf, sumAtStart, WORD_BITS_MAX } from "./codes.ts";
import { SCALE_BITS, TIME_PREDICTOR_BITS } from "./kinds.ts";
import { escapeOf, LOOKUP, lookupStartOf } from "./lookup.ts";
import { FRACTION_BITS, FRACTION_HALF, FRACTION_ONE, GAINS, TIME_MS_MAX } from "./predictor.ts";

export class TimeDecoder {
  /** Where the scale's table begins, its shift, its escape. */
  lookupStart = 0;
  shift = 0;
  escape = 0;
  /** By row: where times go. */
  #timesMs: Float64Array = new Float64Array(0);
  /** Rows from here on are not filled in yet. */
  #row = 0;
  #firstMs = 0;
  #level = 0;
  #fraction = 0;
  #gain = 0;
  #stepMs = 0;
  #scale = 0;
  #sum = 0;
  #sumBefore = 0;
  #symbols = 0;

  /** Reads the head of a batch that begins at `firstMs`. False where it cannot be. */
  begin(reader: BitReader, firstMs: number, timesMs: Float64Array): boolean {
    this.#timesMs = timesMs;
    this.#row = 0;
    this.#firstMs = firstMs;
    this.#gain = GAINS[reader.read(TIME_PREDICTOR_BITS)]!;
    const scale = reader.read(SCALE_BITS);
    if (scale > SCALE_MAX || firstMs > TIME_MS_MAX) return false;
    this.#setScale(scale);
    this.#stepMs = reader.readMagnitude();
    this.#fraction = FRACTION_HALF;
    this.#sum = 0;
    this.#sumBefore = sumAtStart(scale);
    this.#symbols = FIT_ROWS;
    return this.#stepMs <= TIME_MS_MAX;
  }

  #setScale(scale: number): void {
    this.#scale = scale;
    this.lookupStart = lookupStartOf(scale);
    this.shift = SCALES.shift[scale]!;
    this.escape = escapeOf(scale);
  }

  /** Reads a word behind changes; -1 for the escape. */
  readSymbol(reader: BitReader): number {
    const entry = LOOKUP[this.lookupStart + reader.read(WORD_BITS_MAX)]!;
    reader.position -= WORD_BITS_MAX - (entry & 15);
    if (entry >> 4 === this.escape) return -1;
    return ((entry >> 4) << this.shift) | reader.read(this.shift);
  }

  /** Fills in the times up to `end`, whose symbols begin with row `first`. False where time runs backwards. */
  fill(end: number, symbols: Int32Array, first: number): boolean {
    const from = this.#row;
    if (from >= end) return true;
    this.#row = end;
    const timesMs = this.#timesMs;
    const gain = this.#gain;
    const stepMs = this.#stepMs;
    if (from === 0) this.#level = this.#firstMs - residualOf(symbols[-first]!);
    let lastMs = from === 0 ? 0 : timesMs[from - 1]!;
    let level = this.#level;
    let fraction = this.#fraction;
    let isSound = true;
    for (let row = from; row < end; row++) {
      const symbol = symbols[row - first]!;
      const residual = residualOf(symbol);
      const timeMs = level + residual;
      isSound &&= timeMs >= lastMs;
      timesMs[row] = timeMs;
      lastMs = timeMs;
      this.#sum += symbol;
      fraction += gain * residual;
      level += stepMs + (fraction >> FRACTION_BITS);
      fraction &= FRACTION_ONE - 1;
    }
    this.#level = level;
    this.#fraction = fraction;
    return isSound && lastMs <= TIME_MS_MAX;
  }

  /** Reads what follows an escape that stands for the time of `row`, before which all is filled in. */
  readEscaped(reader: BitReader, row: number): boolean {
    const stepMs = reader.readMagnitude();
    this.#sum += this.escape << this.shift;
    if (this.#stepMs === 0) this.#stepMs = stepMs;
    const timeMs = row === 0 ? Number.NaN : this.#timesMs[row - 1]! + stepMs;
    this.#timesMs[row] = timeMs;
    this.#row = row + 1;
    this.#level = timeMs + this.#stepMs;
    this.#fraction = FRACTION_HALF;
    return timeMs <= TIME_MS_MAX;
  }

  /** Fits the scale, after `FIT_ROWS` rows. */
  fit(): void {
    this.#sumBefore = (this.#sumBefore >> 1) + this.#sum;
    this.#symbols = (this.#symbols >> 1) + FIT_ROWS;
    this.#sum = 0;
    this.#setScale(scaleOf(this.#sumBefore, this.#symbols, this.#scale));
  }
}

function residualOf(symbol: number): number {
  return (symbol >>> 1) ^ -(symbol & 1);
}
