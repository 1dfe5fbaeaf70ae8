// What is stored after a moment, epoch by epoch: for those who watch a store that another process
// writes. A cursor per epoch says how far it was read; the database's version number, which SQLite
// keeps in memory, says whether looking again is worth while.

import { BatchColumns } from "../../../shared/batch/columns.ts";
import { decodeBatch } from "../../../shared/batch/decoder.ts";
import { type Channel, decodeSchema } from "../../../shared/channel.ts";
import { ClockReader } from "../../store/clock.ts";
import { openForReading } from "../../store/reader.ts";
import { batchId, sequenceOf } from "../../store/schema.ts";
import type { Database, Statement } from "../../store/sqlite.ts";
import type { ClockMap } from "../../time/clock-map.ts";
import { gapText } from "./gap-line.ts";
import { type Sample, samplesOf } from "./sample.ts";

/** Batches fetched at a time. */
const PAGE_BATCHES = 64;

/** Decoded schemas kept. */
const SCHEMAS_CACHED_MAX = 1_024;

/** What came: a sample, or a sentence about readings that did not. */
export type Followed =
  | { readonly kind: "sample"; readonly sample: Sample }
  | { readonly kind: "remark"; readonly device: string; readonly text: string };

interface EpochRow {
  readonly id: number;
  readonly device: string;
  readonly epoch: string;
  readonly first: number;
  readonly next: number;
}

interface BatchRow {
  readonly id: number;
  readonly schema: number;
  readonly body: Uint8Array;
}

interface GapRow {
  readonly sequence: number;
  readonly count: number;
  readonly readings: number;
  readonly first_ms: number | null;
  readonly last_ms: number | null;
  readonly reason: string;
}

export class StoreFollower {
  readonly #database: Database;
  readonly #devices: ReadonlySet<string>;
  readonly #version: Statement;
  readonly #epochs: Statement;
  readonly #page: Statement;
  readonly #pageBackwards: Statement;
  readonly #gaps: Statement;
  readonly #schema: Statement;
  readonly #clocks: ClockReader;
  readonly #schemas = new Map<number, readonly Channel[]>();
  readonly #columns = new BatchColumns();
  /** By epoch: the first record that was not read. */
  readonly #cursors = new Map<number, number>();
  #seenVersion = -1;

  private constructor(database: Database, devices: readonly string[]) {
    this.#database = database;
    this.#devices = new Set(devices);
    this.#version = database.prepare("PRAGMA data_version");
    this.#epochs = database.prepare(EPOCHS);
    this.#page = database.prepare(`${BATCHES} ORDER BY id LIMIT ?`);
    this.#pageBackwards = database.prepare(`${BATCHES} ORDER BY id DESC LIMIT ?`);
    this.#gaps = database.prepare(GAPS);
    this.#clocks = new ClockReader(database);
    this.#schema = database.prepare("SELECT body FROM schema WHERE id = ?");
  }

  /** Follows the devices named, or all where none is. Rejects as StoreReader.open does. */
  static async open(path: string, devices: readonly string[]): Promise<StoreFollower> {
    return new StoreFollower(await openForReading(path), devices);
  }

  close(): void {
    this.#database.close();
  }

  /** The newest `count` samples, in order of time; `pollNew` goes on from there. */
  begin(count: number): Sample[] {
    let newest: Sample[] = [];
    for (const epoch of this.#listEpochs()) {
      this.#cursors.set(epoch.id, epoch.next);
      if (count === 0) continue;
      newest = newest.concat(this.#lastOf(epoch, count));
      newest.sort((a, b) => sortKey(a) - sortKey(b));
      newest = newest.slice(-count);
    }
    return newest;
  }

  /** What was stored since the last call. Nothing is held while the caller waits between two items. */
  *pollNew(): Generator<Followed> {
    const { data_version: version } = this.#version.get() as { data_version: number };
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    for (const epoch of this.#listEpochs()) yield* this.#newOf(epoch);
  }

  #listEpochs(): EpochRow[] {
    const rows = this.#epochs.all() as EpochRow[];
    return this.#devices.size === 0 ? rows : rows.filter(({ device }) => this.#devices.has(device));
  }

  *#newOf(epoch: EpochRow): Generator<Followed> {
    const { id, device, next } = epoch;
    const start = this.#cursors.get(id) ?? epoch.first;
    if (start >= next) return;
    const clock = this.#clocks.mapOf(id);
    const rows = this.#gaps.all(id, start, next) as GapRow[];
    const gaps = rows.map((row) => remarkOf(device, clock, row));
    for (const batch of this.#batches(id, start, next)) {
      const sequence = sequenceOf(batch.id);
      while (gaps.length > 0 && gaps[0]!.sequence < sequence) yield gaps.shift()!;
      this.#cursors.set(id, sequence + 1);
      const samples = this.#samples(epoch, clock, batch);
      if (samples === undefined) yield { kind: "remark", device, text: damageText(sequence) };
      else for (const sample of samples) yield { kind: "sample", sample };
    }
    yield* gaps;
    this.#cursors.set(id, next);
  }

  *#batches(epochId: number, start: number, end: number): Generator<BatchRow> {
    for (let from = batchId(epochId, start); ; ) {
      const rows = this.#page.all(from, batchId(epochId, end), PAGE_BATCHES) as BatchRow[];
      yield* rows;
      if (rows.length < PAGE_BATCHES) return;
      from = rows[rows.length - 1]!.id + 1;
    }
  }

  #lastOf(epoch: EpochRow, count: number): Sample[] {
    const start = batchId(epoch.id, epoch.first);
    let end = batchId(epoch.id, epoch.next);
    const clock = this.#clocks.mapOf(epoch.id);
    let samples: Sample[] = [];
    while (samples.length < count) {
      const batch = this.#pageBackwards.get(start, end, 1) as BatchRow | undefined;
      if (batch === undefined) break;
      samples = [...(this.#samples(epoch, clock, batch) ?? []), ...samples];
      end = batch.id;
    }
    return samples.slice(-count);
  }

  /** The samples of a batch; undefined where it is damaged. */
  #samples(epoch: EpochRow, clock: ClockMap | undefined, batch: BatchRow): Sample[] | undefined {
    const columns = this.#columns;
    const channels = this.#channelsOf(batch.schema);
    if (!decodeBatch(batch.body, channels, columns)) return undefined;
    const { rows, timesMs } = columns;
    const timesUs = clock && new Float64Array(rows);
    if (timesUs !== undefined) clock?.mapTimes(timesMs, rows, timesUs);
    const chunk = {
      device: epoch.device,
      epoch: epoch.epoch,
      sequence: sequenceOf(batch.id),
      firstRow: 0,
      endRow: rows,
      timesMs,
      timesUs,
      uncertaintyUs: clock?.uncertaintyUsMax(timesMs, 0, rows),
      columns: channels.map((channel, index) => {
        return { channel, index, column: columns.columns[index]! };
      }),
      batch: columns,
    };
    return [...samplesOf(chunk)];
  }

  #channelsOf(schemaId: number): readonly Channel[] {
    const cached = this.#schemas.get(schemaId);
    if (cached !== undefined) return cached;
    if (this.#schemas.size >= SCHEMAS_CACHED_MAX) this.#schemas.clear();
    const row = this.#schema.get(schemaId) as { body: Uint8Array } | undefined;
    const channels = (row && decodeSchema(row.body)) ?? [];
    this.#schemas.set(schemaId, channels);
    return channels;
  }
}

/** Samples without UTC come first: their device has only just appeared, or never will be known. */
function sortKey(sample: Sample): number {
  return sample.timeUs ?? Number.MIN_SAFE_INTEGER + sample.uptimeMs;
}

function remarkOf(
  device: string,
  clock: ClockMap | undefined,
  row: GapRow,
): Followed & { readonly sequence: number } {
  const { first_ms: firstMs, last_ms: lastMs, ...gap } = row;
  const utcOf = (ms: number | null) => (ms === null ? null : (clock?.utcOf(ms).utcUs ?? null));
  const span = { firstMs, lastMs, firstUs: utcOf(firstMs), lastUs: utcOf(lastMs) };
  return { kind: "remark", device, text: gapText({ ...gap, ...span }), sequence: row.sequence };
}

function damageText(sequence: number): string {
  return `batch ${sequence} is damaged; \`senda verify\` tells what else is`;
}

const EPOCHS = `
SELECT epoch.id, device.name AS device, epoch, first, next
FROM epoch JOIN device ON device.id = epoch.device ORDER BY epoch.id`;

const BATCHES = "SELECT id, schema, body FROM batch WHERE id >= ? AND id < ?";

const GAPS = `
SELECT sequence, count, readings, first_ms, last_ms, reason FROM gap
WHERE epoch = ? AND sequence >= ? AND sequence < ? ORDER BY sequence`;
