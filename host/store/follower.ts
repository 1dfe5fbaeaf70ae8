// What is stored after a moment, epoch by epoch: for those who watch a store that another process
// writes. A cursor per epoch says how far it was read; the database's version number, which SQLite
// keeps in memory, says whether looking again is worth while.

import type { ClockMap } from "../time/clock-map.ts";
import { ALL_TIMES, BatchReader, type ReadingsChunk, type StoredEpoch } from "./batch-reader.ts";
import { ClockReader } from "./clock.ts";
import { type GapSummary, openForReading } from "./reader.ts";
import { sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";

/** What came, in order: a batch, whose arrays are valid until the next item, a gap, or a batch that is damaged. */
export type Followed =
  | { readonly kind: "chunk"; readonly chunk: ReadingsChunk }
  | { readonly kind: "gap"; readonly gap: GapSummary }
  | { readonly kind: "damage"; readonly device: string; readonly sequence: number };

type GapRow = Omit<GapSummary, "device" | "epoch" | "firstUs" | "lastUs">;

export class StoreFollower {
  readonly #database: Database;
  readonly #devices: ReadonlySet<string>;
  readonly #version: Statement;
  readonly #gaps: Statement;
  readonly #batches: BatchReader;
  readonly #clocks: ClockReader;
  /** By epoch: the first record that was not read. */
  readonly #cursors = new Map<number, number>();
  #seenVersion = -1;

  private constructor(database: Database, devices: readonly string[]) {
    this.#database = database;
    this.#devices = new Set(devices);
    this.#version = database.prepare("PRAGMA data_version");
    this.#gaps = database.prepare(GAPS);
    this.#batches = new BatchReader(database);
    this.#clocks = new ClockReader(database);
  }

  /** Follows the devices named, or all where none is. Rejects as StoreReader.open does. */
  static async open(path: string, devices: readonly string[]): Promise<StoreFollower> {
    return new StoreFollower(await openForReading(path), devices);
  }

  close(): void {
    this.#database.close();
  }

  /** The epochs as they stand, each to be followed from there on by `pollNew`. */
  *begin(): Generator<StoredEpoch> {
    for (const epoch of this.#epochs()) {
      this.#cursors.set(epoch.id, epoch.next);
      yield epoch;
    }
  }

  /** The epoch's batches from the last one backwards; those that are damaged are left out. */
  *backwards(epoch: StoredEpoch): Generator<ReadingsChunk> {
    const clock = this.#clocks.mapOf(epoch.id);
    let row = this.#batches.lastBefore(epoch, epoch.next);
    for (; row !== undefined; row = this.#batches.lastBefore(epoch, sequenceOf(row.id))) {
      const selection = this.#batches.decode(epoch, row);
      const part = { epoch, clock, row };
      const chunk = selection && this.#batches.chunk(part, selection, ALL_TIMES);
      if (chunk !== undefined) yield chunk;
    }
  }

  /** What was stored since the last call. Nothing is held while the caller waits between two items. */
  *pollNew(): Generator<Followed> {
    const { data_version: version } = this.#version.get() as { data_version: number };
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    for (const epoch of this.#epochs()) yield* this.#newOf(epoch);
  }

  *#epochs(): Generator<StoredEpoch> {
    for (const epoch of this.#batches.epochs()) {
      if (this.#devices.size === 0 || this.#devices.has(epoch.device)) yield epoch;
    }
  }

  *#newOf(epoch: StoredEpoch): Generator<Followed> {
    const { id, device, next } = epoch;
    const start = this.#cursors.get(id) ?? epoch.first;
    if (start >= next) return;
    const clock = this.#clocks.mapOf(id);
    const rows = this.#gaps.all(id, start, next) as GapRow[];
    const gaps = rows.map((row) => gapOf(epoch, clock, row));
    for (const row of this.#batches.batches(epoch, start, next)) {
      const sequence = sequenceOf(row.id);
      while (gaps.length > 0 && gaps[0]!.sequence < sequence)
        yield { kind: "gap", gap: gaps.shift()! };
      this.#cursors.set(id, sequence + row.count);
      const selection = this.#batches.decode(epoch, row);
      if (selection === undefined) {
        yield { kind: "damage", device, sequence };
        continue;
      }
      const chunk = this.#batches.chunk({ epoch, clock, row }, selection, ALL_TIMES);
      if (chunk !== undefined) yield { kind: "chunk", chunk };
    }
    for (const gap of gaps) yield { kind: "gap", gap };
    // A batch that was merged while the caller waited may have brought records from `next` on.
    this.#cursors.set(id, Math.max(next, this.#cursors.get(id) ?? 0));
  }
}

function gapOf(
  { device, epoch }: StoredEpoch,
  clock: ClockMap | undefined,
  row: GapRow,
): GapSummary {
  const utcOf = (ms: number | null) => (ms === null ? null : (clock?.utcOf(ms).utcUs ?? null));
  return { device, epoch, ...row, firstUs: utcOf(row.firstMs), lastUs: utcOf(row.lastMs) };
}

const GAPS = `
SELECT sequence, count, readings, first_ms AS firstMs, last_ms AS lastMs, reason FROM gap
WHERE epoch = ? AND sequence >= ? AND sequence < ? ORDER BY sequence`;
