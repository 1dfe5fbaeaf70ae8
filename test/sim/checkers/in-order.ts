// Promise 4: in order within an epoch. Records follow one another without a hole in their numbers,
// times never run backwards, and an epoch holds the samples of one life only.

import type { Gap } from "../../../shared/message/message.ts";
import type { Life } from "../life.ts";
import type { Checker, StoredRow } from "./checker.ts";

interface Place {
  next: number;
  lastMs: number;
}

export class InOrder implements Checker {
  readonly name = "in order";
  readonly #places = new Map<number, Place>();

  handleBatch(life: Life, sequence: number, rows: readonly StoredRow[]): string | undefined {
    const place = this.#placeOf(life);
    for (const { life: number, timeMs } of rows) {
      if (number !== life.number) {
        return `a sample of life ${number} is in the epoch of life ${life.number}`;
      }
      if (timeMs < place.lastMs) {
        return `record ${sequence} has ${timeMs} ms after ${place.lastMs} ms`;
      }
      place.lastMs = timeMs;
    }
    return this.#follow(place, sequence, sequence + 1);
  }

  handleGap(life: Life, { sequence, count }: Gap): string | undefined {
    return this.#follow(this.#placeOf(life), sequence, sequence + count);
  }

  #placeOf(life: Life): Place {
    const known = this.#places.get(life.number);
    if (known !== undefined) return known;
    const place = { next: 0, lastMs: -1 };
    this.#places.set(life.number, place);
    return place;
  }

  #follow(place: Place, start: number, end: number): string | undefined {
    const { next } = place;
    place.next = end;
    return start === next ? undefined : `record ${start} follows where ${next} is due`;
  }
}
