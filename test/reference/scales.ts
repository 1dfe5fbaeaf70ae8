// The reference twin's symbols (PROTOCOL 6.3): codes as texts, fits and levels as the text has them.

import { type BitSource, bits } from "./bits.ts";

const LENGTHS = [
  "1233",
  "123455",
  "12345776",
  "1234567998",
  "222345688998",
  "22333556677887",
  "233334455667788998",
  "123456788",
  "22234567998",
];

const GAINS = [256, 128, 64, 32, 16, 8, 4, 0, 256, 256, 256, 192, 128, 96, 64, 32].map(BigInt);
const SLOPE_GAINS = [0, 0, 0, 0, 0, 0, 0, 0, 256, 128, 32, 64, 32, 16, 8, 2].map(BigInt);

export const SCALE_MAX = 40;
export const FIT_ROWS = 32;
export const LEVEL_END = 2n ** 51n;

function table(scale: number): number {
  if (scale < 7) return scale;
  return scale % 2 === 1 ? 7 : 8;
}

function shift(scale: number): number {
  return scale < 7 ? 0 : Math.floor((scale - 3) / 2);
}

/** Canonical words, RFC 1951 3.2.2. */
function wordsOf(lengths: string): string[] {
  const words: string[] = [];
  let code = 0;
  for (let length = 1; length < 16; length++) {
    for (const [symbol, digit] of [...lengths].entries()) {
      if (Number.parseInt(digit, 16) === length) words[symbol] = bits(code++, length);
    }
    code *= 2;
  }
  return words;
}

function limit(scale: number): number {
  if (scale < 0) return 0;
  return [4, 8, 14, 21, 32, 48, 70, 102, 148][scale] ?? 2 * limit(scale - 2);
}

/** A scale that is fitted to the symbols it has met. */
export class Scale {
  scale: number;
  #sum: number;
  #count = FIT_ROWS;
  #newSum = 0;
  #newCount = 0;

  constructor(scale: number) {
    this.scale = scale;
    this.#sum = limit(scale) + limit(scale - 1);
  }

  get #words(): string[] {
    return wordsOf(LENGTHS[table(this.scale)]!);
  }

  get reach(): number {
    return (this.#words.length - 1) * 2 ** shift(this.scale);
  }

  #note(symbol: number): void {
    this.#newSum += symbol;
    this.#newCount++;
  }

  /** The bits of a symbol, or those of the escape where it is out of reach. */
  write(symbol: bigint): { text: string; isEscaped: boolean } {
    if (symbol >= this.reach) {
      this.#note(this.reach);
      return { text: this.#words.at(-1)!, isEscaped: true };
    }
    this.#note(Number(symbol));
    const low = shift(this.scale);
    const word = this.#words[Number(symbol >> BigInt(low))]!;
    return { text: word + bits(symbol % 2n ** BigInt(low), low), isEscaped: false };
  }

  /** A symbol; undefined for the escape. */
  read(source: BitSource): bigint | undefined {
    const words = this.#words;
    let word = "";
    while (!words.includes(word)) word += source.take(1);
    const high = words.indexOf(word);
    if (high === words.length - 1) {
      this.#note(this.reach);
      return undefined;
    }
    const low = shift(this.scale);
    const symbol = BigInt(high) * 2n ** BigInt(low) + source.long(low);
    this.#note(Number(symbol));
    return symbol;
  }

  /** The word of an escape that says that columns change is none of the symbols. */
  escape(): string {
    return this.#words.at(-1)!;
  }

  forgetEscape(): void {
    this.#newSum -= this.reach;
    this.#newCount--;
  }

  fit(): void {
    if (this.#newCount === 0) return;
    this.#sum = Math.floor(this.#sum / 2) + this.#newSum;
    this.#count = Math.floor(this.#count / 2) + this.#newCount;
    this.#newSum = 0;
    this.#newCount = 0;
    this.scale = 0;
    while (this.scale < SCALE_MAX && 16 * this.#sum > this.#count * limit(this.scale)) this.scale++;
  }
}

/** What is expected of a number. */
export class Level {
  level: bigint;
  #fraction = 128n;
  #slope: bigint;
  readonly #gain: bigint;
  readonly #slopeGain: bigint;

  constructor(level: bigint, predictor: number, slope: bigint) {
    this.level = level;
    this.#slope = slope;
    this.#gain = GAINS[predictor]!;
    this.#slopeGain = SLOPE_GAINS[predictor]!;
  }

  handleResidual(residual: bigint): void {
    this.#slope = BigInt.asIntN(32, this.#slope + this.#slopeGain * residual);
    this.#fraction = BigInt.asIntN(32, this.#fraction + this.#gain * residual + this.#slope);
    this.#carry();
  }

  handleEscape(integer: bigint): void {
    this.level = integer;
    this.#fraction = BigInt.asIntN(32, 128n + this.#slope);
    this.#carry();
  }

  #carry(): void {
    this.level += this.#fraction >> 8n;
    this.#fraction &= 255n;
  }
}

export function hasSlope(predictor: number): boolean {
  return SLOPE_GAINS[predictor] !== 0n;
}

/** What an integer leaves behind. */
export function trace(integer: bigint): bigint {
  return integer < LEVEL_END && integer > -LEVEL_END ? integer : 0n;
}
