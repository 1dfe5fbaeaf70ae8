// The checksum of a stored batch. It covers the batch's place as well as its body, so that a batch
// that was moved or copied to another place does not pass.

import { crc32c } from "../../shared/bytes/crc32c.ts";

/** The checksum of one epoch's batches. Keeps the part that is the same for all of them. */
export class BatchChecksum {
  readonly #epochCrc: number;
  readonly #sequence = new DataView(new ArrayBuffer(4));
  readonly #sequenceBytes = new Uint8Array(this.#sequence.buffer);

  /** `epoch`: 16 hexadecimal digits. */
  constructor(epoch: string) {
    this.#epochCrc = crc32c(new TextEncoder().encode(epoch));
  }

  /** CRC-32C over the epoch's digits, the sequence as a big-endian u32, and the body. */
  of(sequence: number, body: Uint8Array): number {
    this.#sequence.setUint32(0, sequence);
    const placeCrc = crc32c(this.#sequenceBytes, 0, 4, this.#epochCrc);
    return crc32c(body, 0, body.length, placeCrc);
  }
}
