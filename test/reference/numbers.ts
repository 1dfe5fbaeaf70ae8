// The reference twin's numbers: bytes as plain arrays, varints as BigInt, CRC-32C bit by bit.
// Written from PROTOCOL 2 and 3, slow and obvious on purpose; shares nothing with shared/.

export type Bytes = number[];

/** Bytes that are not what they should be; `reason` is the code that the vectors name. */
export class Fault extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

export const SAFE_MAX = 2n ** 53n - 1n;

const VARINT_BYTES_MAX = 8;

/** LEB128: groups of seven bits, the least significant first; the top bit says that more follow. */
export function encodeVarint(value: bigint | number): Bytes {
  const bytes: Bytes = [];
  let rest = BigInt(value);
  while (rest >= 128n) {
    bytes.push(Number(rest % 128n) + 128);
    rest /= 128n;
  }
  return [...bytes, Number(rest)];
}

/** 0, -1, 1, -2, 2 ... to 0, 1, 2, 3, 4 ... */
export function zigzag(value: bigint): bigint {
  return value < 0n ? -2n * value - 1n : 2n * value;
}

export function unzigzag(value: bigint): bigint {
  return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;
}

/** `count` bytes, the most significant first. */
export function bigEndian(value: bigint | number, count: number): Bytes {
  const bytes: Bytes = [];
  for (let shift = count - 1; shift >= 0; shift--) {
    bytes.push(Number((BigInt(value) >> BigInt(8 * shift)) & 255n));
  }
  return bytes;
}

export function fromBigEndian(bytes: Bytes): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

/** Reads from the front of an array; whatever is not there is a fault. */
export class Source {
  readonly #bytes: Bytes;
  readonly #reason: string;
  #position = 0;

  constructor(bytes: Bytes, reason: string) {
    this.#bytes = bytes;
    this.#reason = reason;
  }

  fail(): never {
    throw new Fault(this.#reason);
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  take(count: number): Bytes {
    if (count > this.remaining) this.fail();
    this.#position += count;
    return this.#bytes.slice(this.#position - count, this.#position);
  }

  rest(): Bytes {
    return this.take(this.remaining);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  varint(): bigint {
    let value = 0n;
    for (let group = 0; group < VARINT_BYTES_MAX; group++) {
      const byte = this.byte();
      value += BigInt(byte % 128) * 128n ** BigInt(group);
      if (byte >= 128) continue;
      if ((byte === 0 && group > 0) || value > SAFE_MAX) this.fail();
      return value;
    }
    return this.fail();
  }

  end(): void {
    if (this.remaining > 0) this.fail();
  }
}

/**
 * The remainder of a division of polynomials, bit by bit, in the unreflected form: each byte goes in
 * with its least significant bit first, and the result is turned round at the end.
 */
export function crc32c(bytes: Bytes): number {
  const polynomial = 0x1edc6f41;
  let register = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const out = register >>> 31;
      const into = (byte >> bit) & 1;
      register = (register << 1) >>> 0;
      if (out !== into) register = (register ^ polynomial) >>> 0;
    }
  }
  let reflected = 0;
  for (let bit = 0; bit < 32; bit++) if ((register >>> bit) & 1) reflected += 2 ** (31 - bit);
  return (reflected ^ 0xffffffff) >>> 0;
}

export function toHex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(hex: string): Bytes {
  return (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}
