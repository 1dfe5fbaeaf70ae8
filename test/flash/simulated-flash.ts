// NOR flash in memory, as device/flash/flash.ts describes it, with a power switch: power fails when a
// budget of steps is used up, a step for each byte written and some for each erase. What is torn is torn
// as the mode says. Stricter than flash: a write that would have to set a bit is a mistake of the log's.

import type { Flash } from "../../device/flash/flash.ts";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";

/**
 * How a write is torn: at a byte; with some bits of that byte cleared; or with any bits cleared of the
 * rest of what was to be written to the page.
 */
export const TEARS = ["byte", "bits", "page"] as const;
export type Tear = (typeof TEARS)[number];

const PAGE_BYTES = 256;

/** What an erase has done when it is cut, by the step; one more and it is complete. */
const ERASE_CUTS = ["nothing", "front", "rear", "some bits", "anything"] as const;

/** Thrown out of whatever the log was doing; afterwards nothing works until `powerOn`. */
export class PowerCut extends Error {}

/** Thrown where the driver was to fail. */
export class DriverFailure extends Error {}

export class SimulatedFlash implements Flash {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly bytes: Uint8Array;
  /** Of each block, complete or not. */
  readonly eraseCounts: Uint32Array;
  bytesRead = 0;
  bytesWritten = 0;
  /** Steps of all writes and erases so far. */
  steps = 0;
  /** After so many more writes and erases the driver fails once, with a part of the work done. */
  worksUntilFailure = Number.POSITIVE_INFINITY;

  readonly #random: () => number;
  #stepsLeft = Number.POSITIVE_INFINITY;
  #tear: Tear = "byte";
  #isOff = false;

  constructor(blockBytes: number, blockCount: number, seed = 1) {
    this.blockBytes = blockBytes;
    this.blockCount = blockCount;
    this.#random = mulberry32(seed);
    this.bytes = new Uint8Array(blockBytes * blockCount);
    for (let index = 0; index < this.bytes.length; index++) this.bytes[index] = this.#byte();
    this.eraseCounts = new Uint32Array(blockCount);
  }

  /** Power fails at the step behind the next `steps`. */
  cutAfter(steps: number, tear: Tear): void {
    this.#stepsLeft = steps;
    this.#tear = tear;
  }

  powerOn(): void {
    this.#isOff = false;
    this.#stepsLeft = Number.POSITIVE_INFINITY;
  }

  /** A copy as it is, powered. */
  clone(seed: number): SimulatedFlash {
    const copy = new SimulatedFlash(this.blockBytes, this.blockCount, seed);
    copy.bytes.set(this.bytes);
    copy.eraseCounts.set(this.eraseCounts);
    return copy;
  }

  read(offset: number, into: Uint8Array): void {
    this.#check(offset, into.length);
    into.set(this.bytes.subarray(offset, offset + into.length));
    this.bytesRead += into.length;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#check(offset, bytes.length);
    if (offset % 4 !== 0 || bytes.length % 4 !== 0) throw new Error("not a multiple of 4");
    for (let index = 0; index < bytes.length; index++) {
      if ((bytes[index]! & ~this.bytes[offset + index]!) !== 0) {
        throw new Error(`a write at ${offset + index} must set a bit`);
      }
    }
    const isRefused = this.worksUntilFailure-- === 0;
    const end = isRefused ? Math.floor(this.#random() * bytes.length) : bytes.length;
    for (let index = 0; index < end; index++) {
      if (this.#stepsLeft === 0) this.#tearWrite(offset, bytes, index);
      this.#step();
      this.bytes[offset + index] = bytes[index]!;
      this.bytesWritten++;
    }
    if (isRefused) this.#refuse();
  }

  eraseBlock(index: number): void {
    this.#check(index * this.blockBytes, this.blockBytes);
    const block = this.bytes.subarray(index * this.blockBytes, (index + 1) * this.blockBytes);
    this.eraseCounts[index]!++;
    if (this.worksUntilFailure-- === 0) this.#refuse();
    for (const cut of ERASE_CUTS) {
      if (this.#stepsLeft === 0) this.#tearErase(block, cut);
      this.#step();
    }
    block.fill(0xff);
  }

  #step(): void {
    this.#stepsLeft--;
    this.steps++;
  }

  #tearWrite(offset: number, bytes: Uint8Array, from: number): never {
    const pageEnd = (Math.floor((offset + from) / PAGE_BYTES) + 1) * PAGE_BYTES - offset;
    const counts = { byte: 0, bits: 1, page: pageEnd - from };
    const end = Math.min(bytes.length, from + counts[this.#tear]);
    for (let index = from; index < end; index++) {
      const keeps = this.#byte() | bytes[index]!;
      this.bytes[offset + index] = this.bytes[offset + index]! & keeps;
    }
    this.#fail();
  }

  #tearErase(block: Uint8Array, cut: (typeof ERASE_CUTS)[number]): never {
    const half = block.length / 2;
    if (cut === "front") block.fill(0xff, 0, half);
    if (cut === "rear") block.fill(0xff, half);
    for (let index = 0; index < block.length; index++) {
      if (cut === "some bits") block[index] = block[index]! | this.#byte();
      if (cut === "anything") block[index] = this.#byte();
    }
    this.#fail();
  }

  #fail(): never {
    this.#isOff = true;
    throw new PowerCut("power cut");
  }

  #refuse(): never {
    this.worksUntilFailure = Number.POSITIVE_INFINITY;
    throw new DriverFailure("the flash driver failed");
  }

  #check(offset: number, length: number): void {
    if (this.#isOff) throw new Error("the power is off");
    if (offset < 0 || offset + length > this.bytes.length) throw new Error("beyond the partition");
  }

  #byte(): number {
    return Math.floor(this.#random() * 256);
  }
}
