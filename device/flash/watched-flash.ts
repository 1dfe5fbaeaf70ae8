// Flash whose driver may fail, as the firmware sees it: the first failure is kept and told of, and from
// then on nothing is done any more. Whoever used it looks at `failure` before relying on what came of
// it: a driver that throws in the middle of a session must not take the readings in memory with it.

import type { Flash } from "./flash.ts";

export class WatchedFlash implements Flash {
  readonly blockBytes: number;
  readonly blockCount: number;
  /** What the driver said when it failed; undefined while it works. */
  failure: unknown;

  readonly #flash: Flash;

  constructor(flash: Flash) {
    this.blockBytes = flash.blockBytes;
    this.blockCount = flash.blockCount;
    this.#flash = flash;
  }

  read(offset: number, into: Uint8Array): void {
    into.fill(0xff);
    this.#attempt(() => this.#flash.read(offset, into));
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#attempt(() => this.#flash.write(offset, bytes));
  }

  eraseBlock(index: number): void {
    this.#attempt(() => this.#flash.eraseBlock(index));
  }

  #attempt(work: () => void): void {
    if (this.failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.failure = error ?? "no reason given";
    }
  }
}
