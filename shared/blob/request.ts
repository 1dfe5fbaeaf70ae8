// A file that this side asks the other for, until it is here or is known not to come. PROTOCOL 7.11.

import type { BlobPurpose } from "../errors.ts";
import type { BlobContent } from "./shelf.ts";

/** When to ask again where neither the file nor an end has come: on links that lose what is sent, and on others. */
const LOSSY_REPEAT_MS = 2_000;
const RELIABLE_REPEAT_MS = 15_000;

export class BlobRequest {
  readonly id: number;
  readonly purpose: BlobPurpose;
  readonly name: string;
  /** To be said as soon as there is room. */
  isDue = true;
  /** When it was last said, or last heard of. */
  #movedAtMs = 0;

  constructor(id: number, purpose: BlobPurpose, name: string) {
    this.id = id;
    this.purpose = purpose;
    this.name = name;
  }

  isFor(content: BlobContent): boolean {
    return content.name === this.name && content.purpose === this.purpose;
  }

  handleAsked(nowMs: number): void {
    this.isDue = false;
    this.#movedAtMs = nowMs;
  }

  handleTimeout(isReliable: boolean, heardAtMs: number, nowMs: number): void {
    this.#movedAtMs = Math.max(this.#movedAtMs, heardAtMs);
    if (nowMs >= this.pollTimeoutMs(isReliable)) this.isDue = true;
  }

  pollTimeoutMs(isReliable: boolean): number {
    if (this.isDue) return Number.POSITIVE_INFINITY;
    return this.#movedAtMs + (isReliable ? RELIABLE_REPEAT_MS : LOSSY_REPEAT_MS);
  }
}
