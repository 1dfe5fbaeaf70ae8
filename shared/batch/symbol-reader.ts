// The words of one column, or of the times, as they are read: which code they are written by, and the
// sums by which it is fitted. PROTOCOL 6.3.

import type { BitReader } from "../bytes/bits.ts";
import { FIT_ROWS, SCALES, scaleOf, sumAtStart, WORD_BITS_MAX } from "./codes.ts";
import { LONGEST_WORDS, LOOKUP, LOOKUP_ESCAPE, LOOKUP_NOTHING, lookupStartOf } from "./lookup.ts";

/** Bits of 32 that are of use, wherever in a byte the first one lies. */
export const WINDOW_BITS = 25;

export class SymbolReader {
  /** Where the loop of `BatchDecoder` looks a word up: nothing there, unless it is to read this one's words. */
  lookupStart = LOOKUP_NOTHING;
  /** Lowest bits of a symbol that follow a word, and most bits of both; 0 where the loop reads none. */
  shift = 0;
  bitsMax = 0;
  #isGathered = false;
  #scale = 0;
  #sum = 0;
  #sumBefore = 0;
  /** Rows since the last fit that have a word. */
  #count = 0;
  #countBefore = 0;

  /** Each row has a word and nothing before it, so that a loop may gather the symbols of many. */
  set isGathered(isGathered: boolean) {
    this.#isGathered = isGathered;
    this.#setLookup();
  }

  get scale(): number {
    return this.#scale;
  }

  /** The loop reads the words, so that only escapes are left to others. */
  get isQuick(): boolean {
    return this.lookupStart !== LOOKUP_NOTHING;
  }

  /** Begins a batch with the scale of its head. */
  begin(scale: number): void {
    this.#scale = scale;
    this.#sum = 0;
    this.#sumBefore = sumAtStart(scale);
    this.#count = 0;
    this.#countBefore = FIT_ROWS;
    this.#setLookup();
  }

  #setLookup(): void {
    const shift = SCALES.shift[this.#scale]!;
    const bitsMax = LONGEST_WORDS[this.#scale]! + shift;
    const isQuick = this.#isGathered && bitsMax <= WINDOW_BITS;
    this.lookupStart = isQuick ? lookupStartOf(this.#scale) : LOOKUP_NOTHING;
    this.shift = isQuick ? shift : 0;
    this.bitsMax = isQuick ? bitsMax : 0;
  }

  /** Reads a symbol, which is not counted yet; -1 for the escape. */
  read(reader: BitReader): number {
    const entry = LOOKUP[lookupStartOf(this.#scale) + reader.read(WORD_BITS_MAX)]!;
    reader.position -= WORD_BITS_MAX - (entry & 15);
    const symbol = entry >> 4;
    if (symbol === LOOKUP_ESCAPE) return -1;
    const shift = SCALES.shift[this.#scale]!;
    return (symbol << shift) | reader.read(shift);
  }

  /** Counts a symbol; -1 for the escape, which counts as the first symbol out of reach. */
  count(symbol: number): void {
    this.#count++;
    this.#sum += symbol < 0 ? SCALES.reach[this.#scale]! : symbol;
  }

  /** Counts rows whose symbols `fit` is told the sum of. */
  countRows(rows: number): void {
    this.#count += rows;
  }

  /** Fits the scale, after `FIT_ROWS` rows, to the symbols that were counted and those of the sum. */
  fit(sum: number): void {
    if (this.#count === 0) return;
    this.#sumBefore = (this.#sumBefore >> 1) + this.#sum + sum;
    this.#countBefore = (this.#countBefore >> 1) + this.#count;
    this.#sum = 0;
    this.#count = 0;
    const scale = scaleOf(this.#sumBefore, this.#countBefore, this.#scale);
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#setLookup();
  }
}
