// The prefix codes for reading: what a word's bits, and whatever follows them, stand for. Apart from
// codes.ts because only a host decodes batches, and a board need not hold this. PROTOCOL 6.3.

import { CODE_LENGTHS, SCALES, WORD_BITS_MAX } from "./codes.ts";

/** Entries of one table. */
const TABLE_ENTRIES = 1 << WORD_BITS_MAX;

/**
 * By table × 1,024 plus the next ten bits: the symbol times 16 plus the length of its word. Made while
 * the module loads, only read afterwards.
 */
export const LOOKUP = makeLookup();

/** Where the table of `scale` begins in `LOOKUP`. */
export function lookupStartOf(scale: number): number {
  return SCALES.table[scale]! * TABLE_ENTRIES;
}

/** The escape of `scale`, as a symbol without its lowest bits. */
export function escapeOf(scale: number): number {
  return SCALES.words[scale]!.length - 1;
}

function makeLookup(): Uint16Array {
  const lookup = new Uint16Array(CODE_LENGTHS.length * TABLE_ENTRIES);
  for (const [scale, words] of SCALES.words.entries()) {
    const table = SCALES.table[scale]!;
    for (const [symbol, word] of words.entries()) {
      const length = word & 15;
      const first = table * TABLE_ENTRIES + ((word >> 4) << (WORD_BITS_MAX - length));
      lookup.fill((symbol << 4) | length, first, first + (1 << (WORD_BITS_MAX - length)));
    }
  }
  return lookup;
}
