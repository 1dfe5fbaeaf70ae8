// The answers of one client in the order of its frames, whichever is ready first.

import type { GiveAnswer } from "./answer.ts";

interface Place {
  isGiven: boolean;
  bytes: Uint8Array | undefined;
}

export class AnswerLine {
  readonly #places: Place[] = [];
  readonly #write: (bytes: Uint8Array) => void;
  readonly #handleProgress: () => void;

  /** `handleProgress` hears of every answer that was given. */
  constructor(write: (bytes: Uint8Array) => void, handleProgress: () => void) {
    this.#write = write;
    this.#handleProgress = handleProgress;
  }

  /** Answers that are still to come. */
  get waiting(): number {
    return this.#places.length;
  }

  /** The place of the next answer. */
  next(): GiveAnswer {
    const place: Place = { isGiven: false, bytes: undefined };
    this.#places.push(place);
    return (bytes) => {
      place.isGiven = true;
      place.bytes = bytes;
      this.#writeGiven();
      this.#handleProgress();
    };
  }

  #writeGiven(): void {
    while (this.#places[0]?.isGiven) {
      const { bytes } = this.#places.shift()!;
      if (bytes !== undefined && bytes.length > 0) this.#write(bytes);
    }
  }
}
