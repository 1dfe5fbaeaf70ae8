// The times of a batch being read. PROTOCOL 6.3.

import type { BitReader } from "../bytes/bits.ts";
import { FIT_ROWS, SCALE_MAX, SCALES, scaleOf, sumAtStart } from "./codes.ts";
import { SCALE_BITS, TIME_PREDICTOR_BITS } from "./kinds.ts";
import { escapeOf, LOOKUP, lookupStartOf } from "./lookup.ts";
import { FRACTION_BITS, FRACTION_HALF, FRACTION_ONE, GAINS, TIME_MS_MAX } from "./predictor.ts";

/** Bits of the longest word, which `LOOKUP` is asked for. */
const WORD_BITS = 10;

export class TimeDecoder {
  /** Of the row read last. */
  timeMs = 0;
  #level = 0;
  #fraction = 0;
  #gain = 0;
  #stepMs = 0;
  #scale = 0;
  #lookupStart = 0;
  #shift = 0;
  #escape = 0;
  #sum = 0;
  #sumBefore = 0;
  #symbols = 0;

  /** Reads the head of a batch. False where it cannot be. */
  begin(reader: BitReader): boolean {
    this.#gain = GAINS[reader.read(TIME_PREDICTOR_BITS)]!;
    const scale = reader.read(SCALE_BITS);
    if (scale > SCALE_MAX) return false;
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
    this.#lookupStart = lookupStartOf(scale);
    this.#shift = SCALES.shift[scale]!;
    this.#escape = escapeOf(scale);
  }

  /** Reads the part of the first row, whose time the head has. False where it cannot be. */
  readFirst(reader: BitReader, timeMs: number): boolean {
    const symbol = this.readSymbol(reader);
    if (symbol < 0 || timeMs > TIME_MS_MAX) return false;
    this.timeMs = timeMs;
    this.#level = timeMs - residualOf(symbol);
    this.follow(symbol);
    return true;
  }

  /** Reads a word; -1 for the escape. */
  readSymbol(reader: BitReader): number {
    const entry = LOOKUP[this.#lookupStart + reader.read(WORD_BITS)]!;
    reader.position -= WORD_BITS - (entry & 15);
    if (entry >> 4 === this.#escape) return -1;
    return ((entry >> 4) << this.#shift) | reader.read(this.#shift);
  }

  /** Takes a symbol as the time of a row. False where time runs backwards. */
  follow(symbol: number): boolean {
    const residual = residualOf(symbol);
    const timeMs = this.#level + residual;
    const isSound = timeMs >= this.timeMs && timeMs <= TIME_MS_MAX;
    this.timeMs = timeMs;
    this.#sum += symbol;
    this.#fraction += this.#gain * residual;
    this.#level += this.#stepMs + (this.#fraction >> FRACTION_BITS);
    this.#fraction &= FRACTION_ONE - 1;
    return isSound;
  }

  /** Reads what follows an escape that stands for a time. */
  readEscaped(reader: BitReader): boolean {
    const stepMs = reader.readMagnitude();
    this.#sum += this.#escape << this.#shift;
    if (this.#stepMs === 0) this.#stepMs = stepMs;
    this.timeMs += stepMs;
    this.#level = this.timeMs + this.#stepMs;
    this.#fraction = FRACTION_HALF;
    return this.timeMs <= TIME_MS_MAX;
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
