// Packets that wait for a transaction, in order. How many go into one is bounded, so that no commit
// takes long, whatever piled up before it.

import type { Packet } from "./operation.ts";

/**
 * Bounds on one transaction: about 100 ms of work, met only where the store is at its limit. With
 * thousands of devices each batch goes to a page of its own; a larger transaction writes such a page
 * once for several batches. The last packet may go over them.
 */
const COMMIT_OPERATIONS_MAX = 8_192;
const COMMIT_BYTES_MAX = 8 * 1024 * 1024;

export class PacketQueue {
  #packets: Packet[] = [];
  #operations = 0;
  #bytes = 0;

  /** Operations that wait. */
  get operations(): number {
    return this.#operations;
  }

  /** More would not go into the next transaction. */
  get fillsCommit(): boolean {
    return this.#operations >= COMMIT_OPERATIONS_MAX || this.#bytes >= COMMIT_BYTES_MAX;
  }

  push(packet: Packet): void {
    this.#packets.push(packet);
    this.#operations += packet.count;
    this.#bytes += packet.bytes.length;
  }

  /** The packets of the next transaction, which stay in the queue until `drop`. */
  peekCommit(): readonly Packet[] {
    let operations = 0;
    let bytes = 0;
    const end = this.#packets.findIndex((packet) => {
      if (operations >= COMMIT_OPERATIONS_MAX || bytes >= COMMIT_BYTES_MAX) return true;
      operations += packet.count;
      bytes += packet.bytes.length;
      return false;
    });
    return end < 0 ? this.#packets : this.#packets.slice(0, end);
  }

  /** Lets go of the first `count` packets: they are on disk. */
  drop(count: number): void {
    for (const packet of this.#packets.slice(0, count)) {
      this.#operations -= packet.count;
      this.#bytes -= packet.bytes.length;
    }
    this.#packets = this.#packets.slice(count);
  }
}
