// Promise 2: stored once. No sequence number is covered twice within an epoch, and no sample turns up
// twice, wherever it is stored.

import type { Gap } from "../../../shared/message/message.ts";
import type { Life } from "../life.ts";
import type { Checker, StoredRow } from "./checker.ts";

export class StoredOnce implements Checker {
  readonly name = "stored once";
  /** Sequence numbers covered, as "life number"; samples stored, likewise. */
  readonly #covered = new Map<number, Set<number>>();
  readonly #samples = new Map<number, Set<number>>();

  handleBatch(life: Life, sequence: number, rows: readonly StoredRow[]): string | undefined {
    for (const row of rows) {
      const seen = setOf(this.#samples, row.life);
      if (seen.has(row.sample)) return `sample ${row.sample} of life ${row.life} is stored twice`;
      seen.add(row.sample);
    }
    return this.#cover(life, sequence, 1);
  }

  handleGap(life: Life, { sequence, count }: Gap): string | undefined {
    return this.#cover(life, sequence, count);
  }

  #cover(life: Life, first: number, count: number): string | undefined {
    const covered = setOf(this.#covered, life.number);
    for (let sequence = first; sequence < first + count; sequence++) {
      if (covered.has(sequence)) return `record ${sequence} is stored twice`;
      covered.add(sequence);
    }
    return undefined;
  }
}

function setOf(sets: Map<number, Set<number>>, key: number): Set<number> {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}
