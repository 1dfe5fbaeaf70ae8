// The prefix codes of residuals. PROTOCOL 6.3.
//
// Residuals of sensors are about normal, mostly with more outliers than that. So there is a code for
// each of some deviations, half an octave apart: the scale. Golomb-Rice codes, which suit residuals
// that fall off by halves, take 6 % more on normal ones. A code is known by the lengths of its words.

/**
 * By table: the lengths of the words, in hexadecimal, for 0, 1, 2 ... and at the end for the escape.
 * Tables 0 to 6 are of deviations 0.3 to 2.4; 7 and 8 of the halves that are left when a sign is cut off.
 */
export const CODE_LENGTHS = [
  "1233",
  "123455",
  "12345776",
  "1234567998",
  "222345688998",
  "22333556677887",
  "233334455667788998",
  "123456788",
  "22234567998",
] as const;

/** The longest word. */
export const WORD_BITS_MAX = 10;

/** From this scale on the lowest bits of a symbol are written as they are, one more each second scale. */
const SCALE_FIRST_SHIFTED = 7;

/** The largest scale: residuals up to a million, so that 32 bits hold what predictors make of them. */
export const SCALE_MAX = 40;

/** By scale from 0 on: sixteenths of the mean symbol up to which the scale suits. */
const LIMITS_FIRST = [4, 8, 14, 21, 32, 48, 70, 102, 148];

/** What is known of each scale; arrays by scale. */
export interface Scales {
  /** Which of the tables. */
  readonly table: readonly number[];
  /** Symbols' lowest bits that are written as they are. */
  readonly shift: readonly number[];
  /** Symbols from this on are escaped. */
  readonly reach: readonly number[];
  /** Sixteenths of the mean symbol up to which the scale suits. */
  readonly limit: readonly number[];
  /** By scale, by symbol without its lowest bits: the word times 16 plus its length. The last one is the escape's. */
  readonly words: readonly (readonly number[])[];
  /**
   * By scale, by residual + `center`: all bits of it, packed (see `packedOf`), so that an encoder need not
   * make a symbol first. Empty for scales of more than `SHIFT_PACKED_MAX`.
   */
  readonly packed: readonly (readonly number[])[];
  readonly center: readonly number[];
}

/** Larger scales are rare and would take more memory than they are worth. */
const SHIFT_PACKED_MAX = 4;

/** A packed residual: the number of its bits, the bits, the symbol. */
export const PACKED_LENGTH_MASK = 15;
export const PACKED_BITS_SHIFT = 4;
export const PACKED_BITS_MASK = 0x3fff;
export const PACKED_SYMBOL_SHIFT = 18;

/** Made while the module loads, only read afterwards: on a board it lives in ROM. */
export const SCALES: Scales = makeScales();

function makeScales(): Scales {
  const tables = CODE_LENGTHS.map(wordsOf);
  const scales = Array.from({ length: SCALE_MAX + 1 }, (_, scale) => scale);
  const isShifted = (scale: number) => scale >= SCALE_FIRST_SHIFTED;
  const table = scales.map((scale) => (isShifted(scale) ? 8 - (scale & 1) : scale));
  const shift = scales.map((scale) => (isShifted(scale) ? (scale - 3) >> 1 : 0));
  const reach = scales.map((scale) => (tables[table[scale]!]!.length - 1) << shift[scale]!);
  const limit: number[] = [];
  for (const scale of scales) limit.push(LIMITS_FIRST[scale] ?? 2 * limit[scale - 2]!);
  const words = scales.map((scale) => tables[table[scale]!]!);
  const center = reach.map((symbols) => symbols >> 1);
  const packed = scales.map((scale) =>
    shift[scale]! > SHIFT_PACKED_MAX ? [] : packedOf(words[scale]!, shift[scale]!, reach[scale]!),
  );
  return { table, shift, reach, limit, words, packed, center };
}

/** Residuals from the least that is within reach on. */
function packedOf(words: readonly number[], shift: number, reach: number): number[] {
  const residuals = Array.from({ length: reach }, (_, index) => index - (reach >> 1));
  return residuals.map((residual) => {
    const symbol = residual < 0 ? -2 * residual - 1 : 2 * residual;
    const word = words[symbol >> shift]!;
    const bits = ((word >> 4) << shift) | (symbol & ((1 << shift) - 1));
    const length = (word & 15) + shift;
    return (symbol << PACKED_SYMBOL_SHIFT) | (bits << PACKED_BITS_SHIFT) | length;
  });
}

/** Words by symbol: short ones first, of one length in the order of their symbols. */
function wordsOf(lengths: string): number[] {
  const bits = [...lengths].map((digit) => Number.parseInt(digit, 16));
  const words = bits.map(() => 0);
  let next = 0;
  for (let length = 1; length <= WORD_BITS_MAX; length++) {
    next <<= 1;
    for (const [symbol, own] of bits.entries()) {
      if (own === length) words[symbol] = (next++ << 4) | length;
    }
  }
  return words;
}

/** The scale that suits symbols of this sum and count, looked for from `scale` on. */
export function scaleOf(sum: number, count: number, scale: number): number {
  const limit = SCALES.limit;
  let best = scale;
  while (best > 0 && 16 * sum <= count * limit[best - 1]!) best--;
  while (best < SCALE_MAX && 16 * sum > count * limit[best]!) best++;
  return best;
}

/** What a sum of symbols begins with, as if as many rows as lie between two fits had suited `scale`. */
export function sumAtStart(scale: number): number {
  return SCALES.limit[scale]! + (scale === 0 ? 0 : SCALES.limit[scale - 1]!);
}

/** Rows after which scales are fitted anew. */
export const FIT_ROWS = 32;
