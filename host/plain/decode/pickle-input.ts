// The bytes of a pickle, read piece by piece. Reading beyond the end, or what cannot be, throws a
// PickleRefusal, which decodePickle turns into a result.

import { PICKLE_DIGITS_MAX } from "../limits.ts";

/** Why a pickle is not read; its text goes on from "a frame was refused: ". */
export class PickleRefusal extends Error {}

const LINE_FEED = 0x0a;

export class PickleInput {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** A view. */
  take(count: number): Buffer {
    if (count > this.#bytes.length - this.#position) {
      throw new PickleRefusal("the pickle ends in the middle");
    }
    this.#position += count;
    return this.#bytes.subarray(this.#position - count, this.#position);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  i32(): number {
    return this.take(4).readInt32LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A length; beyond 2^53 it cannot be true. */
  u64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  f64(): number {
    return this.take(8).readDoubleBE();
  }

  /** Up to the next line feed, which is taken too. */
  line(): string {
    const end = this.#bytes.indexOf(LINE_FEED, this.#position);
    if (end < 0) throw new PickleRefusal("the pickle ends in the middle of a line");
    const line = this.take(end - this.#position).toString("latin1");
    this.#position++;
    return line;
  }

  text(count: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(count));
    } catch (error) {
      if (error instanceof PickleRefusal) throw error;
      throw new PickleRefusal("a text in the pickle is not UTF-8");
    }
  }

  /** Python 2's str: text where it is UTF-8, else bytes. */
  oldString(bytes: Uint8Array): string | Uint8Array {
    const text = Buffer.from(bytes).toString("utf8");
    return text.includes("\ufffd") ? Uint8Array.from(bytes) : text;
  }

  /** Digits of an integer, as text. */
  integer(text: string): number | bigint {
    if (text.length > PICKLE_DIGITS_MAX) throw new PickleRefusal(tooLong());
    if (!/^[-+]?\d+$/.test(text)) throw new PickleRefusal("an integer in the pickle is none");
    return safely(BigInt(text));
  }

  /** A two's complement integer of `count` bytes, the least first. */
  long(count: number): number | bigint {
    if (count < 0 || count > PICKLE_DIGITS_MAX / 2) throw new PickleRefusal(tooLong());
    if (count === 0) return 0;
    const hex = Buffer.from(this.take(count)).reverse().toString("hex");
    return safely(BigInt.asIntN(8 * count, BigInt(`0x${hex}`)));
  }

  /** Python's repr of a float. */
  float(text: string): number {
    const special = {
      inf: Number.POSITIVE_INFINITY,
      "-inf": Number.NEGATIVE_INFINITY,
      nan: Number.NaN,
    };
    if (text === "inf" || text === "-inf" || text === "nan") return special[text];
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) {
      throw new PickleRefusal("a float in the pickle is none");
    }
    return Number(text);
  }

  /** Python 2's repr of a str, quotes included. */
  quoted(line: string): string | Uint8Array {
    const quote = line[0];
    if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote)) {
      throw new PickleRefusal("a string in the pickle has no quotes");
    }
    const plain = line.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|([\\'"abfnrtv]))/g, unescaped);
    return this.oldString(Buffer.from(plain, "latin1"));
  }

  /** Protocol 0's text: Latin-1, and \u and \U for what is beyond. */
  rawUnicode(line: string): string {
    return line.replace(/\\(?:u([0-9a-fA-F]{4})|U(00[0-9a-fA-F]{6}))/g, (whole, short, long) => {
      const code = Number.parseInt(short ?? long, 16);
      return code > 0x10ffff ? whole : String.fromCodePoint(code);
    });
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unescaped(_whole: string, hex: string | undefined, char: string): string {
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
  return ESCAPES[char] ?? char;
}

function safely(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function tooLong(): string {
  return `an integer in the pickle has more than ${PICKLE_DIGITS_MAX} digits`;
}
