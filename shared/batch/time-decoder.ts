// The times of a batch being read. PROTOCOL 6.3.

import type { BitReader } from "../bytes/bits.ts";
import { SCALE_MAX } from "./codes.ts";
import { SCALE_BITS, TIME_PREDICTOR_BITS } from "./kinds.ts";
import { FRACTION_BITS, FRACTION_HALF, FRACTION_ONE, GAINS, TIME_MS_MAX } from "./predictor.ts";
import { SymbolReader } from "./symbol-reader.ts";

export class TimeDecoder {
  readonly words = new SymbolReader();
  /** By row: where times go. */
  #timesMs: Float64Array = new Float64Array(0);
  /** Rows from here on are not filled in yet. */
  #row = 0;
  #firstMs = 0;
  #level = 0;
  #fraction = 0;
  #gain = 0;
  #stepMs = 0;

  constructor() {
    this.words.isGathered = true;
  }

  /** Reads the head of a batch that begins at `firstMs`. False where it cannot be. */
  begin(reader: BitReader, firstMs: number, timesMs: Float64Array): boolean {
    this.#timesMs = timesMs;
    this.#row = 0;
    this.#firstMs = firstMs;
    this.#gain = GAINS[reader.read(TIME_PREDICTOR_BITS)]!;
    const scale = reader.read(SCALE_BITS);
    if (scale > SCALE_MAX || firstMs > TIME_MS_MAX) return false;
    this.words.begin(scale);
    this.#stepMs = reader.readMagnitude();
    this.#fraction = FRACTION_HALF;
    return this.#stepMs <= TIME_MS_MAX;
  }

  /** Fills in the times up to `end`, whose symbols begin with row `first`. False where time runs backwards. */
  fill(end: number, symbols: Int32Array, first: number): boolean {
    const from = this.#row;
    if (from >= end) return true;
    this.#row = end;
    this.words.countRows(end - from);
    const timesMs = this.#timesMs;
    const gain = this.#gain;
    const stepMs = this.#stepMs;
    if (from === 0) this.#level = this.#firstMs - residualOf(symbols[-first]!);
    let lastMs = from === 0 ? 0 : timesMs[from - 1]!;
    let level = this.#level;
    let fraction = this.#fraction;
    let isSound = true;
    for (let row = from; row < end; row++) {
      const residual = residualOf(symbols[row - first]!);
      const timeMs = level + residual;
      isSound &&= timeMs >= lastMs;
      timesMs[row] = timeMs;
      lastMs = timeMs;
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
    this.words.count(-1);
    if (this.#stepMs === 0) this.#stepMs = stepMs;
    const timeMs = row === 0 ? Number.NaN : this.#timesMs[row - 1]! + stepMs;
    this.#timesMs[row] = timeMs;
    this.#row = row + 1;
    this.#level = timeMs + this.#stepMs;
    this.#fraction = FRACTION_HALF;
    return timeMs <= TIME_MS_MAX;
  }
}

function residualOf(symbol: number): number {
  return (symbol >>> 1) ^ -(symbol & 1);
}
