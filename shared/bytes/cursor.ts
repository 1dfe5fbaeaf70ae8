// Reading and writing binary fields in a byte array. Neither cursor throws: a read past the end or
// a write past the room sets `failed`, which the caller checks once, at the end. Multi-byte
// integers are big-endian; a varint is LEB128 (least significant group first). PROTOCOL 2.

const TWO_POW_28 = 0x1000_0000;
const VARINT_BYTES_MAX = 8;

/** Bytes that `writeVarint` takes for `value`, an integer from 0 to 2^53 - 1. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Maps a signed safe integer to an unsigned one, small magnitudes first: 0, -1, 1, -2, 2 ... */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** The inverse of `zigzag`. */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Writes into a caller's array from `position` on. `failed` tells that something did not fit. */
export class ByteWriter {
  bytes: Uint8Array;
  position: number;
  failed = false;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** Starts over in `bytes` at `position`, so that one writer serves for many messages. */
  reset(bytes: Uint8Array, position = 0): void {
    this.bytes = bytes;
    this.position = position;
    this.failed = false;
  }

  /** The part written so far, as a view. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }

  writeU8(value: number): void {
    if (!this.#reserve(1)) return;
    this.bytes[this.position++] = value;
  }

  writeU16(value: number): void {
    this.writeU8(value >>> 8);
    this.writeU8(value & 0xff);
  }

  writeU32(value: number): void {
    if (!this.#reserve(4)) return;
    writeU32At(this.bytes, this.position, value);
    this.position += 4;
  }

  /** An integer from 0 to 2^53 - 1. */
  writeVarint(value: number): void {
    let rest = value;
    while (rest >= TWO_POW_28) {
      this.writeU8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.writeU8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.writeU8(rest);
  }

  writeBytes(source: Uint8Array): void {
    if (!this.#reserve(source.length)) return;
    this.bytes.set(source, this.position);
    this.position += source.length;
  }

  #reserve(count: number): boolean {
    if (this.position + count > this.bytes.length) this.failed = true;
    return !this.failed;
  }
}

/** Reads from a caller's array. After a read past the end, `failed` is set and every read gives 0 or nothing. */
export class ByteReader {
  bytes: Uint8Array;
  position: number;
  failed = false;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  /** All was read and nothing is left over. */
  get finished(): boolean {
    return !this.failed && this.position === this.bytes.length;
  }

  readU8(): number {
    if (!this.#has(1)) return 0;
    return this.bytes[this.position++]!;
  }

  readU16(): number {
    const high = this.readU8();
    return (high << 8) | this.readU8();
  }

  readU32(): number {
    if (!this.#has(4)) return 0;
    this.position += 4;
    return readU32At(this.bytes, this.position - 4);
  }

  /** An integer from 0 to 2^53 - 1. Fails on a longer one and on padding (a last group of zero). */
  readVarint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; count <= VARINT_BYTES_MAX; count++) {
      const byte = this.readU8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return this.#canonical(value, byte === 0 && count > 1);
      scale *= 0x80;
    }
    this.failed = true;
    return 0;
  }

  /** A view of the next `count` bytes; empty where they are not there. */
  readBytes(count: number): Uint8Array {
    if (!this.#has(count)) return this.bytes.subarray(0, 0);
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }

  #canonical(value: number, padded: boolean): number {
    if (!padded && value <= Number.MAX_SAFE_INTEGER) return value;
    this.failed = true;
    return 0;
  }

  #has(count: number): boolean {
    if (this.failed || count > this.remaining) this.failed = true;
    return !this.failed;
  }
}

/** Writes a 32-bit big-endian integer at `position`, where there must be room. */
export function writeU32At(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >>> 24;
  bytes[position + 1] = value >>> 16;
  bytes[position + 2] = value >>> 8;
  bytes[position + 3] = value;
}

/** Reads a 32-bit big-endian integer at `position`, which must be there. */
export function readU32At(bytes: Uint8Array, position: number): number {
  return (
    ((bytes[position]! << 24) |
      (bytes[position + 1]! << 16) |
      (bytes[position + 2]! << 8) |
      bytes[position + 3]!) >>>
    0
  );
}
