// What a transaction brought, as it comes about. Nobody is told of it before the transaction is on
// disk.

import type { EpochState } from "./epoch-state.ts";
import type { Answer, LatestValues, Outcome, RefusedRecord } from "./operation.ts";

export class OutcomeDraft {
  /** Epochs that got on, and the readings that each gained. */
  readonly touched = new Map<EpochState, number>();
  readonly answers: Answer[] = [];
  readonly refused: RefusedRecord[] = [];
  readonly keptAside: RefusedRecord[] = [];
  operations = 0;
  batches = 0;
  readings = 0;
  gaps = 0;
  duplicates = 0;

  /** The epoch got on by so many readings. */
  touch(state: EpochState, readings: number): void {
    this.touched.set(state, (this.touched.get(state) ?? 0) + readings);
    this.readings += readings;
  }

  finish(): Outcome {
    const { answers, operations, refused, keptAside, batches, readings, gaps, duplicates } = this;
    const stored = [...this.touched].map(([{ id, next }, gained]) => ({
      epochId: id,
      next,
      readings: gained,
    }));
    const latest = [...this.touched.keys()]
      .map(takeLatest)
      .filter((values) => values !== undefined);
    const commit = { stored, refused, keptAside, latest, batches, readings, gaps, duplicates };
    return { commit, answers, operations };
  }
}

/** The values that came since the last commit; undefined where none did. */
function takeLatest(state: EpochState): LatestValues | undefined {
  const fresh = [...(state.latest?.values() ?? [])].filter(({ isFresh }) => isFresh);
  if (fresh.length === 0) return undefined;
  for (const reading of fresh) reading.isFresh = false;
  const values = Object.fromEntries(fresh.map(({ name, value }) => [name, value]));
  return { epochId: state.id, device: state.device, lastMs: state.lastMs, values };
}
