// The checksum of a stored batch. It covers the batch's place as well as its body, so that a batch
// that was moved or copied to another place does not pass.

import { crc32c } from "../../shared/bytes/crc32c.ts";
import { writeU32At } from "../../shared/bytes/cursor.ts";

/** One for all epochs of a thread: a store keeps thousands of them in memory. */
const SEQUENCE = new Uint8Array(4);

/** The checksum of one epoch's batches. Keeps the part that is the same for all of them. */
export class BatchChecksum {
  readonly #epochCrc: number;

  /** `epoch`: 16 hexadecimal digits. */
  constructor(epoch: string) {
    this.#epochCrc = crc32c(new TextEncoder().encode(epoch));
  }

  /** CRC-32C over the epoch's digits, the sequence as a big-endian u32, and the body. */
  of(sequence: number, body: Uint8Array): number {
    writeU32At(SEQUENCE, 0, sequence);
    const placeCrc = crc32c(SEQUENCE, 0, 4, this.#epochCrc);
    return crc32c(body, 0, body.length, placeCrc);
  }
}
