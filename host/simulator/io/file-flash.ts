// A simulated device's flash: a file, so that what is in it outlives the process, as a board's outlives
// a cut of the power. The simulator's only: nothing is synced, a power cut of this computer may cost it.

import { closeSync, existsSync, openSync, readSync, writeSync } from "node:fs";
import type { Flash } from "../../../device/flash/flash.ts";

const BLOCK_BYTES = 4_096;
const BLOCK_COUNT = 64; // 256 KB, a partition of usual size

export class FileFlash implements Flash {
  readonly blockBytes = BLOCK_BYTES;
  readonly blockCount = BLOCK_COUNT;
  readonly #file: number;

  /** Opens the file or makes it, blank. Throws the system's error where that cannot be. */
  constructor(path: string) {
    const isNew = !existsSync(path);
    this.#file = openSync(path, isNew ? "w+" : "r+");
    if (isNew) for (let index = 0; index < BLOCK_COUNT; index++) this.eraseBlock(index);
  }

  read(offset: number, into: Uint8Array): void {
    readSync(this.#file, into, 0, into.length, offset);
  }

  write(offset: number, bytes: Uint8Array): void {
    writeSync(this.#file, bytes, 0, bytes.length, offset);
  }

  eraseBlock(index: number): void {
    this.write(index * BLOCK_BYTES, new Uint8Array(BLOCK_BYTES).fill(0xff));
  }

  close(): void {
    closeSync(this.#file);
  }
}
