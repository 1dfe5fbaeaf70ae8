// Reading and writing single bits, the most significant of each byte first. Like the cursors for
// bytes, neither throws: what runs past the end sets `failed`. PROTOCOL 6.2.

/** Most bits that one read or write takes: with what waits of a byte they fit 32. */
const BITS_MAX = 24;
const TWO_POW_24 = 0x100_0000;

/** Bits of the length before a magnitude; lengths beyond 53 are no magnitudes. */
export const LENGTH_BITS = 6;
const MAGNITUDE_BITS_MAX = 53;

/** How many bits it takes to write `value`, an integer from 0 to 2^53 - 1; 0 for 0. */
export function bitLength(value: number): number {
  if (value < 0x1_0000_0000) return 32 - Math.clz32(value);
  return 64 - Math.clz32(Math.floor(value / 0x1_0000_0000));
}

/**
 * Writes into a caller's array. The fields are open: the encoder's innermost loop keeps them in local
 * variables, for on XS each call costs as much as a value.
 */
export class BitWriter {
  readonly bytes: Uint8Array;
  /** Whole bytes written. */
  position = 0;
  /** The last bits written, of which the lowest `count` (0 to 7) are not in `bytes` yet. */
  pending = 0;
  count = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Goes on behind `position` whole bytes. */
  reset(position: number): void {
    this.position = position;
    this.pending = 0;
    this.count = 0;
  }

  /** True where more was written than the array holds; nothing beyond it was touched. */
  get failed(): boolean {
    return this.position + (this.count > 0 ? 1 : 0) > this.bytes.length;
  }

  /** The lowest `count` bits, at most 24, of `value`. */
  write(value: number, count: number): void {
    let waiting = this.count + count;
    this.pending = (this.pending << count) | (value & ((1 << count) - 1));
    while (waiting >= 8) {
      waiting -= 8;
      this.bytes[this.position++] = this.pending >> waiting;
    }
    this.count = waiting;
  }

  /** An integer from 0 to 2^53 - 1: its length in bits, then its bits below the leading one. */
  writeMagnitude(value: number): void {
    const length = bitLength(value);
    this.write(length, LENGTH_BITS);
    if (length > 1) this.writeLong(value, length - 1);
  }

  /** A sign, 1 where the value is below 0, then the magnitude. */
  writeSigned(value: number): void {
    this.write(value < 0 ? 1 : 0, 1);
    this.writeMagnitude(Math.abs(value));
  }

  /** The lowest `count` bits, at most 53, of `value`. */
  writeLong(value: number, count: number): void {
    if (count > BITS_MAX) {
      this.writeLong(Math.floor(value / TWO_POW_24), count - BITS_MAX);
      this.write(value % TWO_POW_24, BITS_MAX);
    } else this.write(value % TWO_POW_24, count);
  }

  /** Fills the last byte with zeros. */
  finish(): void {
    if (this.count > 0) this.write(0, 8 - this.count);
  }
}

/** Reads from a caller's array; behind its end there are zeros, and `failed` says that they were read. */
export class BitReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** In bits. */
  position = 0;
  /** Set by what cannot be; a read past the end shows in the position. */
  #isMalformed = false;

  /** Starts over in `bytes`, at the byte at `start`. */
  reset(bytes: Uint8Array, start: number): void {
    this.bytes = bytes;
    this.position = 8 * start;
    this.#isMalformed = false;
  }

  get failed(): boolean {
    return this.#isMalformed || this.position > 8 * this.bytes.length;
  }

  /** All was read, and what is left of the last byte is zero. */
  get finished(): boolean {
    const rest = 8 * this.bytes.length - this.position;
    return !this.failed && rest < 8 && this.read(rest) === 0;
  }

  /** `count` bits, at most 24. */
  read(count: number): number {
    const { bytes, position } = this;
    const at = position >> 3;
    this.position += count;
    const word =
      (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    return count === 0 ? 0 : (word << (position & 7)) >>> (32 - count);
  }

  readMagnitude(): number {
    const length = this.read(LENGTH_BITS);
    if (length > MAGNITUDE_BITS_MAX) return this.fail();
    if (length < 2) return length;
    if (length <= BITS_MAX) return (1 << (length - 1)) | this.read(length - 1);
    return 2 ** (length - 1) + this.readLong(length - 1);
  }

  readSigned(): number {
    const isNegative = this.read(1) === 1;
    const magnitude = this.readMagnitude();
    if (isNegative && magnitude === 0) return this.fail();
    return isNegative ? -magnitude : magnitude;
  }

  /** `count` bits, at most 53. */
  readLong(count: number): number {
    if (count <= BITS_MAX) return this.read(count);
    const high = this.readLong(count - BITS_MAX);
    return high * TWO_POW_24 + this.read(BITS_MAX);
  }

  /** Notes that what was read cannot be. */
  fail(): 0 {
    this.#isMalformed = true;
    return 0;
  }
}
