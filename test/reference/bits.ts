// The reference twin's bits (PROTOCOL 6.2): texts of "0" and "1", integers as BigInt.

import { type Bytes, Fault, SAFE_MAX } from "./numbers.ts";

/** `count` bits, the most significant first. */
export function bits(value: bigint | number, count: number): string {
  return count === 0 ? "" : BigInt(value).toString(2).padStart(count, "0");
}

export function magnitudeBits(value: bigint): string {
  if (value === 0n) return bits(0, 6);
  const digits = value.toString(2);
  return bits(digits.length, 6) + digits.slice(1);
}

export function signedBits(value: bigint): string {
  return value < 0n ? `1${magnitudeBits(-value)}` : `0${magnitudeBits(value)}`;
}

/** Bytes of bits, filled up with zeros. */
export function bytesOfBits(text: string): Bytes {
  return (text.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

/** Reads bits from the front; whatever is not there is a fault. */
export class BitSource {
  #rest: string;

  constructor(bytes: Bytes) {
    this.#rest = bytes.map((byte) => bits(byte, 8)).join("");
  }

  fail(): never {
    throw new Fault("malformed");
  }

  get remaining(): number {
    return this.#rest.length;
  }

  take(count: number): string {
    if (count > this.#rest.length) this.fail();
    const taken = this.#rest.slice(0, count);
    this.#rest = this.#rest.slice(count);
    return taken;
  }

  /** The next bits, or fewer where there are fewer, which stay. */
  peek(count: number): string {
    return this.#rest.slice(0, count);
  }

  bits(count: number): number {
    return Number(this.long(count));
  }

  long(count: number): bigint {
    return count === 0 ? 0n : BigInt(`0b${this.take(count)}`);
  }

  bit(): boolean {
    return this.take(1) === "1";
  }

  magnitude(): bigint {
    const length = this.bits(6);
    if (length > 53) this.fail();
    const value = length === 0 ? 0n : BigInt(`0b1${this.take(length - 1)}`);
    return value <= SAFE_MAX ? value : this.fail();
  }

  signed(): bigint {
    const isNegative = this.bit();
    const magnitude = this.magnitude();
    if (isNegative && magnitude === 0n) this.fail();
    return isNegative ? -magnitude : magnitude;
  }

  /** Nothing but zeros in the last byte is left. */
  end(): void {
    if (this.#rest.length >= 8 || this.#rest.includes("1")) this.fail();
  }
}
