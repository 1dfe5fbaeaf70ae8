// The prefix codes for reading: what a word's bits, and whatever follows them, stand for. Apart from
// codes.ts because only a host decodes batches, and a board need not hold this. PROTOCOL 6.3.

import { CODE_LENGTHS, SCALES, WORD_BITS_MAX } from "./codes.ts";

/** Entries of one table. */
const TABLE_ENTRIES = 1 << WORD_BITS_MAX;

/** What entries have in place of a symbol where the word is the escape's. */
export const LOOKUP_ESCAPE = 31;

/**
 * By table × 1,024 plus the next ten bits: the symbol times 16 plus the length of its word. Behind the
 * tables there is one more, by which each word is an escape of no bits. Made while the module loads, only
 * read afterwards.
 */
export const LOOKUP = makeLookup();

/** Where the table of escapes of no bits begins in `LOOKUP`. */
export const LOOKUP_NOTHING = CODE_LENGTHS.length * TABLE_ENTRIES;

/** Where the table of `scale` begins in `LOOKUP`. */
export function lookupStartOf(scale: number): number {
  return SCALES.table[scale]! * TABLE_ENTRIES;
}

/** By scale: the length of the longest word. */
export const LONGEST_WORDS = makeLongestWords();

function makeLongestWords(): number[] {
  return SCALES.words.map((words) => Math.max(...words.map((word) => word & 15)));
}

function makeLookup(): Uint16Array {
  const lookup = new Uint16Array((CODE_LENGTHS.length + 1) * TABLE_ENTRIES);
  lookup.fill(LOOKUP_ESCAPE << 4, CODE_LENGTHS.length * TABLE_ENTRIES);
  for (const [scale, words] of SCALES.words.entries()) {
    const table = SCALES.table[scale]!;
    for (const [symbol, word] of words.entries()) {
      const length = word & 15;
      const first = table * TABLE_ENTRIES + ((word >> 4) << (WORD_BITS_MAX - length));
      const known = symbol === words.length - 1 ? LOOKUP_ESCAPE : symbol;
      lookup.fill((known << 4) | length, first, first + (1 << (WORD_BITS_MAX - length)));
    }
  }
  return lookup;
}
