// What all checkers have in common: they hear of what becomes durable and of what devices let go, and
// they know the truth (../ledger.ts). Each keeps a small model of its own and trusts none of the
// counters of the code under test.

import type { BatchColumns } from "../../../shared/batch/columns.ts";
import type { Gap } from "../../../shared/message/message.ts";
import type { DurableEpoch } from "../disk.ts";
import type { Life } from "../life.ts";

/** One row of a batch as it was found on disk. */
export interface StoredRow {
  /** What its first two values say. */
  readonly life: number;
  readonly sample: number;
  readonly timeMs: number;
  readonly readings: number;
  /** What its other channels hold; undefined where the row has none. */
  readonly notes: readonly (Uint8Array | undefined)[];
}

export interface Checker {
  readonly name: string;
  /** A batch of the life's epoch became durable. Undefined: no life has that epoch. */
  handleBatch?(life: Life, sequence: number, rows: readonly StoredRow[]): string | undefined;
  handleGap?(life: Life, gap: Gap): string | undefined;
  /** The device let go of all records before `next`. */
  handleReleased?(life: Life, next: number, epoch: DurableEpoch | undefined): string | undefined;
  /** All is healed and drained: what must be equal now? */
  handleEnd?(life: Life): string | undefined;
}

const LIFE_COLUMN = 0;
const SAMPLE_COLUMN = 1;
const NOTE_COLUMN = 2;

/** The rows of a decoded batch. */
export function rowsOf(columns: BatchColumns, channels: number): StoredRow[] {
  return Array.from({ length: columns.rows }, (_, row) => {
    let readings = 0;
    for (let index = 0; index < channels; index++)
      readings += columns.columns[index]!.present[row]!;
    return {
      life: columns.columns[LIFE_COLUMN]!.numbers[row]!,
      sample: columns.columns[SAMPLE_COLUMN]!.numbers[row]!,
      timeMs: columns.timesMs[row]!,
      readings,
      notes: columns.columns
        .slice(NOTE_COLUMN, channels)
        .map(({ present, objects }) =>
          present[row] === 1 ? (objects[row] as Uint8Array) : undefined,
        ),
    };
  });
}
