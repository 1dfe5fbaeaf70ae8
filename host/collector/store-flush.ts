// The wait at an orderly stop until all that came is on disk.

import type { Store } from "../store/store.ts";

export class StoreFlush {
  readonly #store: Store;
  /** The store cannot write. */
  #isTroubled = false;
  #giveUp: () => void = () => undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  handleTrouble(isOver: boolean): void {
    this.#isTroubled = !isOver;
    if (!isOver) this.#giveUp();
  }

  /** Resolves when all is on disk, or the disk takes nothing: then devices keep what they have. */
  async wait(): Promise<void> {
    if (this.#isTroubled) return;
    const troubled = new Promise<void>((resolve) => {
      this.#giveUp = resolve;
    });
    await Promise.race([this.#store.flush(), troubled]);
  }
}
