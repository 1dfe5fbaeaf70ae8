// Floats bit by bit: each as the bits in which it differs from the one before (T. Pelkonen et al.,
// "Gorilla", VLDB 8(12), 2015, section 4.1.2). PROTOCOL 6.6.
//
// A difference is known by its window: the bits between its leading and its trailing zeros. It often
// fits the window of the difference before it, which then need not be written.

import type { BitReader, BitWriter } from "../bytes/bits.ts";

/** What both sides know: the bits of the last float and the last window. */
export class XorState {
  readonly #view = new DataView(new ArrayBuffer(8));
  readonly #isDouble: boolean;
  /** Bits that a place within the float takes. */
  readonly #placeBits: number;
  #high = 0;
  #low = 0;
  #leading = 0;
  /** 0 while there is no window. */
  #length = 0;

  constructor(isDouble: boolean) {
    this.#isDouble = isDouble;
    this.#placeBits = isDouble ? 6 : 5;
  }

  /** Begins a batch: the float before the first one is 0. */
  clear(): void {
    this.#high = 0;
    this.#low = 0;
    this.#length = 0;
  }

  write(value: number, writer: BitWriter): void {
    this.#load(value);
    const high = this.#view.getUint32(0);
    const low = this.#isDouble ? this.#view.getUint32(4) : 0;
    const highXor = high ^ this.#high;
    const lowXor = low ^ this.#low;
    this.#high = high;
    this.#low = low;
    if (highXor === 0 && lowXor === 0) writer.write(0, 1);
    else this.#writeWindow(highXor, lowXor, writer);
  }

  /** All bits of `value`, which leave no trace. */
  writeWhole(value: number, writer: BitWriter): void {
    this.#load(value);
    writer.writeLong(this.#view.getUint32(0), 32);
    if (this.#isDouble) writer.writeLong(this.#view.getUint32(4), 32);
  }

  readWhole(reader: BitReader): number {
    this.#view.setUint32(0, reader.readLong(32));
    if (!this.#isDouble) return this.#view.getFloat32(0);
    this.#view.setUint32(4, reader.readLong(32));
    return this.#view.getFloat64(0);
  }

  read(reader: BitReader): number {
    if (reader.read(1) === 1) this.#readWindow(reader);
    this.#view.setUint32(0, this.#high);
    this.#view.setUint32(4, this.#low);
    return this.#isDouble ? this.#view.getFloat64(0) : this.#view.getFloat32(0);
  }

  /** All NaNs are written alike: engines differ in the payloads that they keep. */
  #load(value: number): void {
    if (Number.isNaN(value)) {
      this.#view.setUint32(0, this.#isDouble ? 0x7ff8_0000 : 0x7fc0_0000);
      this.#view.setUint32(4, 0);
    } else if (this.#isDouble) this.#view.setFloat64(0, value);
    else this.#view.setFloat32(0, value);
  }

  #writeWindow(high: number, low: number, writer: BitWriter): void {
    const leading = high === 0 ? 32 + Math.clz32(low) : Math.clz32(high);
    const end = low === 0 ? bitsToLast(high) : 32 + bitsToLast(low);
    const isInside = leading >= this.#leading && end <= this.#leading + this.#length;
    const spared = this.#length - (end - leading);
    if (isInside && spared <= 2 * this.#placeBits) writer.write(2, 2);
    else {
      this.#leading = leading;
      this.#length = end - leading;
      writer.write(3, 2);
      writer.write(leading, this.#placeBits);
      writer.write(this.#length - 1, this.#placeBits);
    }
    this.#writeBits(high, low, writer);
  }

  /** All bits beyond the window are zero. */
  #writeBits(high: number, low: number, writer: BitWriter): void {
    const end = this.#leading + this.#length;
    if (end > 32) {
      const inLow = end - Math.max(32, this.#leading);
      if (this.#leading < 32) writer.writeLong(high >>> 0, 32 - this.#leading);
      writer.writeLong(low >>> (64 - end), inLow);
    } else writer.writeLong(high >>> (32 - end), this.#length);
  }

  #readWindow(reader: BitReader): void {
    if (reader.read(1) === 1) {
      this.#leading = reader.read(this.#placeBits);
      this.#length = reader.read(this.#placeBits) + 1;
    }
    const bits = this.#isDouble ? 64 : 32;
    const end = this.#leading + this.#length;
    if (this.#length === 0 || end > bits) {
      reader.fail();
      return;
    }
    if (end > 32) {
      const inLow = end - Math.max(32, this.#leading);
      if (this.#leading < 32) this.#high ^= reader.readLong(32 - this.#leading);
      this.#low ^= reader.readLong(inLow) * 2 ** (64 - end);
    } else this.#high ^= reader.readLong(this.#length) * 2 ** (32 - end);
  }
}

/** Bits up to and with the last one that is set, of a word that is not 0. */
function bitsToLast(word: number): number {
  return Math.clz32(word & -word) + 1;
}
