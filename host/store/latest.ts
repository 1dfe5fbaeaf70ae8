// The latest value of each channel. In memory it follows every batch; the table follows about once a
// second, in a transaction that is made anyway or on its own. Each epoch notes how far the table
// covers it, so whoever opens the store after a crash decodes just the batches behind that and
// brings the table up to date.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import type { EpochSchema, EpochState, LatestReading } from "./epoch-state.ts";
import type { EpochTable } from "./epochs.ts";
import { batchId } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";
import { jsonValueAt } from "./value.ts";

/** How long the table may trail: what a second process sees of a live device. */
const LATEST_PERIOD_MS = 1_000;

/** Epochs saved in one transaction, which bounds what saving adds to a commit to a few milliseconds. */
const EPOCHS_PER_SAVE_MAX = 500;

/** Batches read at a time while catching up. */
const PAGE_BATCHES = 256;

interface BatchRow {
  readonly id: number;
  readonly schema: number;
  readonly received_us: number;
  readonly body: Uint8Array;
}

export class LatestTable {
  readonly #epochs: EpochTable;
  readonly #save: Statement;
  readonly #page: Statement;
  readonly #columns = new BatchColumns();
  /** Epochs that the table trails, with the time since when; the oldest first. */
  readonly #unsaved = new Map<EpochState, number>();

  constructor(database: Database, epochs: EpochTable) {
    this.#epochs = epochs;
    this.#page = database.prepare(
      "SELECT id, schema, received_us, body FROM batch WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
    );
    // A device has one life at a time: what a later epoch says is later.
    this.#save = database.prepare(`
      INSERT INTO latest (device, channel, ms, epoch, value) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (device, channel) DO UPDATE
      SET ms = excluded.ms, epoch = excluded.epoch, value = excluded.value
      WHERE excluded.epoch > epoch OR (excluded.epoch = epoch AND excluded.ms >= ms)`);
  }

  isTrailing(state: EpochState): boolean {
    return this.#unsaved.has(state);
  }

  /** When `save` next has something to do; undefined where the table trails nothing. */
  get dueAtMs(): number | undefined {
    const [sinceMs] = this.#unsaved.values();
    return sinceMs === undefined ? undefined : sinceMs + LATEST_PERIOD_MS;
  }

  /** Forgets everything: the transaction was rolled back. */
  clear(): void {
    this.#unsaved.clear();
  }

  /** The epoch got on. */
  touch(state: EpochState, nowMs: number): void {
    if (!this.#unsaved.has(state)) this.#unsaved.set(state, nowMs);
  }

  /** Saves the epochs whose turn has come; with `saveAll` every one. */
  save(nowMs: number, saveAll: boolean): void {
    let saved = 0;
    for (const [state, sinceMs] of this.#unsaved) {
      const isDue = nowMs - sinceMs >= LATEST_PERIOD_MS && saved < EPOCHS_PER_SAVE_MAX;
      if (!isDue && !saveAll) return;
      this.#saveEpoch(state);
      this.#unsaved.delete(state);
      saved++;
    }
  }

  /** Takes the last values of stored batches that the table does not cover. */
  catchUp(state: EpochState, nowMs: number): void {
    if (state.latestNext === state.next) return;
    this.touch(state, nowMs);
    const end = batchId(state.id, state.next);
    let start = batchId(state.id, state.latestNext);
    for (;;) {
      const rows = this.#page.all(start, end, PAGE_BATCHES) as BatchRow[];
      for (const row of rows) this.#noteStored(state, row);
      if (rows.length < PAGE_BATCHES) return;
      start = rows[rows.length - 1]!.id + 1;
    }
  }

  #noteStored(state: EpochState, row: BatchRow): void {
    state.receivedUs = Math.max(state.receivedUs, row.received_us);
    const schema = [...state.schemas.values()].find(({ id }) => id === row.schema);
    if (schema === undefined || !decodeBatch(row.body, schema.channels, this.#columns)) return;
    const readings = this.#epochs.readingsOf(state, schema);
    noteLatest(schema, readings, this.#columns);
    for (const reading of readings) reading.isFresh = false;
  }

  #saveEpoch(state: EpochState): void {
    for (const reading of state.latest?.values() ?? []) {
      if (!reading.isUnsaved) continue;
      const value = JSON.stringify(reading.value);
      this.#save.run(state.deviceId, reading.channelId, reading.ms, state.id, value);
      reading.isUnsaved = false;
    }
    this.#epochs.saveLatestNext(state);
    if (state.receivedUs > 0) this.#epochs.noteSeen(state);
  }
}

/** Takes the last value of each channel in a decoded batch. */
export function noteLatest(
  { channels }: EpochSchema,
  readings: readonly LatestReading[],
  columns: BatchColumns,
): void {
  for (let index = 0; index < readings.length; index++) {
    const row = lastRowOf(columns.columns[index]!.present, columns.rows);
    if (row < 0) continue;
    const reading: LatestReading = readings[index]!;
    reading.ms = columns.timesMs[row]!;
    reading.value = jsonValueAt(columns, channels[index]!, index, row) ?? null;
    reading.isFresh = true;
    reading.isUnsaved = true;
  }
}

function lastRowOf(present: Uint8Array, rows: number): number {
  let row = rows - 1;
  while (row >= 0 && present[row] === 0) row--;
  return row;
}
