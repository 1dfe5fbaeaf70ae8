// The hash of a file that stands somewhere already, taken a little at a time, so that no turn of a
// board's loop takes long.

import { toHex } from "../bytes/hex.ts";
import type { BlobSource, Hasher } from "./shelf.ts";

const READ_BYTES = 1_024;

/** Reads of one step: some 10 ms on an ESP32. */
const READS_PER_STEP = 16;

export class ContentHash {
  /** Bytes that are in the hash. */
  hashedBytes = 0;
  readonly #hasher: Hasher;
  #buffer: Uint8Array | undefined;
  #digest: string | undefined;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Takes in bytes that follow those before. */
  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
    this.hashedBytes += bytes.length;
  }

  /** Goes on towards the first `endBytes` of `file`. True once they are in the hash. Throws where they cannot be read. */
  step(file: Pick<BlobSource, "read">, endBytes: number): boolean {
    if (this.hashedBytes >= endBytes) return true;
    this.#buffer ??= new Uint8Array(READ_BYTES);
    for (let reads = 0; reads < READS_PER_STEP && this.hashedBytes < endBytes; reads++) {
      const piece = this.#buffer.subarray(0, Math.min(READ_BYTES, endBytes - this.hashedBytes));
      const count = file.read(this.hashedBytes, piece);
      if (count !== piece.length) throw new Error("the file is shorter than it was");
      this.update(piece);
    }
    if (this.hashedBytes < endBytes) return false;
    this.#buffer = undefined;
    return true;
  }

  /** Nothing may be taken in afterwards. */
  digest(): string {
    this.#digest ??= toHex(this.#hasher.digest());
    return this.#digest;
  }
}
