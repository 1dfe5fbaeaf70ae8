// The files that this side sends: a few at a time, by turns, the others after them. PROTOCOL 7.11.

import type { ByteWriter } from "../bytes/cursor.ts";
import { BLOBS_AT_ONCE_MAX } from "../limits.ts";
import type { BlobLink } from "./blob-link.ts";
import type { BlobSender } from "./sender.ts";

/** Files that wait for their turn; whoever has more asks later. */
const WAITING_MAX = 8;

export class OutgoingBlobs {
  /** On their way, the one whose turn is next first. */
  readonly #active: BlobSender[] = [];
  readonly #waiting: BlobSender[] = [];
  #link: BlobLink | undefined;

  /** Takes a file to send. False where too many wait already. */
  add(sender: BlobSender): boolean {
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(sender);
    this.#promote();
    return true;
  }

  find(id: number): BlobSender | undefined {
    return this.all().find((sender) => sender.id === id);
  }

  all(): BlobSender[] {
    return [...this.#active, ...this.#waiting];
  }

  /** Everything goes over this link from here on, or waits for one. */
  useLink(link: BlobLink | undefined): void {
    this.#link = link;
    for (const sender of this.#active) sender.useLink(link);
  }

  handleTimeout(nowMs: number): void {
    for (const sender of this.#active) sender.handleTimeout(nowMs);
  }

  pollTimeoutMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const sender of this.#active) dueMs = Math.min(dueMs, sender.pollTimeoutMs());
    return dueMs;
  }

  /** Writes the next message for the link in use. False where there is nothing to say. */
  writeNext(writer: ByteWriter, nowMs: number): boolean {
    for (let turn = 0; turn < this.#active.length; turn++) {
      const sender = this.#active.shift()!;
      this.#active.push(sender);
      if (sender.writeNext(writer, nowMs)) return true;
    }
    return false;
  }

  /** One that has ended; it is forgotten here. */
  takeEnded(): BlobSender | undefined {
    for (const list of [this.#active, this.#waiting]) {
      const index = list.findIndex(({ outcome }) => outcome !== undefined);
      if (index < 0) continue;
      const [ended] = list.splice(index, 1);
      this.#promote();
      return ended;
    }
    return undefined;
  }

  /** Two of one name go one after the other: they may be the same, and a receiver has one of each content. */
  #promote(): void {
    while (this.#active.length < BLOBS_AT_ONCE_MAX) {
      const names = this.#active.map(({ name }) => name);
      const index = this.#waiting.findIndex(({ name }) => !names.includes(name));
      if (index < 0) return;
      const [next] = this.#waiting.splice(index, 1);
      next!.useLink(this.#link);
      this.#active.push(next!);
    }
  }
}
