// The batches of a store, decoded: the one place that fetches and checks what a reader of readings
// sees. Pages are queries of their own, and one set of columns is filled again and again, so memory is
// constant and nothing is held between two batches.

import { BatchColumns, type Column } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { type Channel, decodeSchema } from "../../shared/channel.ts";
import type { ClockMap } from "../time/clock-map.ts";
import { BatchChecksum } from "./checksum.ts";
import { rowsBefore } from "./parts.ts";
import { batchId, batchSource, hasMergedBatches, sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";

/** Batches, and epochs, that one query fetches. */
const PAGE_ROWS = 64;

/** Decoded schemas kept while reading. */
const SCHEMAS_CACHED_MAX = 1_024;

/** The part of one batch that was asked for. Its arrays are valid until the next chunk. */
export interface ReadingsChunk {
  readonly device: string;
  readonly epoch: string;
  readonly sequence: number;
  /** The rows asked for: [firstRow, endRow) of every array. */
  readonly firstRow: number;
  readonly endRow: number;
  /** By row: device uptime. */
  readonly timesMs: Float64Array;
  /** By row: UTC; undefined where the epoch's clock was never measured. */
  readonly timesUs: Float64Array | undefined;
  /** That of the least sure time of the rows asked for. */
  readonly uncertaintyUs: number | undefined;
  /** The channels asked for that the batch has, and their columns. */
  readonly columns: readonly ChunkColumn[];
  /** Where the columns stand, for `valueAt`. */
  readonly batch: BatchColumns;
}

export interface ChunkColumn {
  readonly channel: Channel;
  /** Index within `batch`. */
  readonly index: number;
  readonly column: Column;
}

/** One epoch as its row has it: records [first, next) are stored. */
export interface StoredEpoch {
  readonly id: number;
  readonly device: string;
  readonly epoch: string;
  readonly first: number;
  readonly next: number;
}

export interface StoredBatch {
  readonly id: number;
  readonly schema: number;
  readonly first_ms: number;
  readonly last_ms: number;
  /** Records that it stands for, and the rows of each (parts.ts). */
  readonly count: number;
  readonly parts: Uint8Array | null;
  readonly crc32c: number;
  readonly body: Uint8Array;
  /** Where records were asked for that a merged batch holds only in part: their rows. */
  firstRow?: number;
  endRow?: number;
}

/** The times of which a chunk's rows are wanted: UTC, from inclusive, to exclusive. */
export interface UtcRange {
  readonly fromUs: number;
  readonly toUs: number;
}

export const ALL_TIMES: UtcRange = {
  fromUs: Number.NEGATIVE_INFINITY,
  toUs: Number.POSITIVE_INFINITY,
};

export class BatchReader {
  readonly #epochPage: Statement;
  readonly #database: Database;
  #sql: ReturnType<typeof prepareBatches>;
  readonly #schema: Statement;
  readonly #schemas = new Map<number, readonly Channel[]>();
  readonly #columns = new BatchColumns();
  readonly #checksums = new Map<number, BatchChecksum>();
  #timesUs = new Float64Array(0);

  constructor(database: Database) {
    this.#epochPage = database.prepare(EPOCHS);
    this.#database = database;
    this.#sql = prepareBatches(database);
    this.#schema = database.prepare("SELECT body FROM schema WHERE id = ?");
  }

  /** The epochs of a device, or of all, in the order in which they began. */
  *epochs(device: string | null = null): Generator<StoredEpoch> {
    let after = 0;
    for (;;) {
      const rows = this.#epochPage.all(after, device, device, PAGE_ROWS) as StoredEpoch[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      after = rows[rows.length - 1]!.id;
    }
  }

  /**
   * The epoch's records [from, end) in batches; a merged one that also holds records before `from` tells
   * where they end. A writer may merge what was read between two pages, or while the caller waits.
   */
  *batches({ id }: StoredEpoch, from: number, end: number): Generator<StoredBatch> {
    const endId = batchId(id, end);
    let startId = batchId(id, from);
    for (;;) {
      const { page } = this.#statements();
      const rows = page.all(startId, startId, startId, endId, PAGE_ROWS) as StoredBatch[];
      const [first] = rows;
      if (first !== undefined && first.id < startId) {
        first.firstRow = rowsBefore(first.parts, startId - first.id);
      }
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      const last = rows[rows.length - 1]!;
      startId = last.id + Math.max(1, last.count);
    }
  }

  /** The batch whose first record is `sequence`; undefined where no batch begins there. */
  at({ id }: StoredEpoch, sequence: number): StoredBatch | undefined {
    return this.#statements().at.get(batchId(id, sequence)) as StoredBatch | undefined;
  }

  /** The epoch's last batch before the record `end`, without the rows from there on; undefined where there is none. */
  lastBefore({ id, first }: StoredEpoch, end: number): StoredBatch | undefined {
    const ids = [batchId(id, first), batchId(id, end)] as const;
    const row = this.#statements().last.get(...ids) as StoredBatch | undefined;
    if (row === undefined || sequenceOf(row.id) + row.count <= end) return row;
    row.endRow = rowsBefore(row.parts, end - sequenceOf(row.id));
    return row;
  }

  /** Binary search: the first sequence from which on batches end at or after `fromMs`. */
  findStart({ id, first, next }: StoredEpoch, fromMs: number): number {
    const { probe } = this.#statements();
    let low = first;
    let high = next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const ids = [batchId(id, middle), batchId(id, high)] as const;
      const row = probe.get(...ids) as Pick<StoredBatch, "id" | "last_ms" | "count"> | undefined;
      if (row === undefined || row.last_ms >= fromMs) high = middle;
      else low = sequenceOf(row.id) + Math.max(1, row.count);
    }
    return low;
  }

  /** Decodes a batch into the columns. Returns its channels; undefined where it is damaged. */
  decode(epoch: StoredEpoch, row: StoredBatch): readonly Channel[] | undefined {
    const channels = this.channelsOf(row.schema);
    const isSound = this.isIntact(epoch, row) && decodeBatch(row.body, channels, this.#columns);
    return isSound ? channels : undefined;
  }

  /** True where a row of the epoch has the body that was stored. */
  isIntact(
    epoch: StoredEpoch,
    { id, body, crc32c }: Pick<StoredBatch, "id" | "body" | "crc32c">,
  ): boolean {
    return this.#checksumOf(epoch).of(sequenceOf(id), body) === crc32c;
  }

  /** The channels of a schema, the same list each time; none where the store lacks it. */
  channelsOf(schemaId: number): readonly Channel[] {
    const cached = this.#schemas.get(schemaId);
    if (cached !== undefined) return cached;
    if (this.#schemas.size >= SCHEMAS_CACHED_MAX) this.#schemas.clear();
    const row = this.#schema.get(schemaId) as { body: Uint8Array } | undefined;
    const channels = (row && decodeSchema(row.body)) ?? [];
    this.#schemas.set(schemaId, channels);
    return channels;
  }

  /**
   * The batch that was decoded last, as far as its rows lie within the range and its channels are
   * `wanted` (all where that is undefined); undefined where nothing is left.
   */
  chunk(
    { epoch, clock, row }: { epoch: StoredEpoch; clock: ClockMap | undefined; row: StoredBatch },
    channels: readonly Channel[],
    { range, wanted }: { range: UtcRange; wanted?: readonly string[] | undefined },
  ): ReadingsChunk | undefined {
    const columns = this.#select(channels, wanted);
    if (columns.length === 0) return undefined;
    const { timesMs, rows } = this.#columns;
    const timesUs = this.#utcTimes(clock);
    let firstRow = row.firstRow ?? 0;
    let endRow = Math.min(row.endRow ?? rows, rows);
    if (timesUs !== undefined) {
      while (firstRow < endRow && timesUs[firstRow]! < range.fromUs) firstRow++;
      while (endRow > firstRow && timesUs[endRow - 1]! >= range.toUs) endRow--;
    }
    if (firstRow >= endRow) return undefined;
    return {
      device: epoch.device,
      epoch: epoch.epoch,
      sequence: sequenceOf(row.id),
      firstRow,
      endRow,
      timesMs,
      timesUs,
      uncertaintyUs: clock?.uncertaintyUsMax(timesMs, firstRow, endRow),
      columns,
      batch: this.#columns,
    };
  }

  #select(channels: readonly Channel[], wanted: readonly string[] | undefined): ChunkColumn[] {
    const columns: ChunkColumn[] = [];
    channels.forEach((channel, index) => {
      if (wanted !== undefined && !wanted.includes(channel.name)) return;
      columns.push({ channel, index, column: this.#columns.columns[index]! });
    });
    return columns;
  }

  #utcTimes(clock: ClockMap | undefined): Float64Array | undefined {
    if (clock === undefined) return undefined;
    const { timesMs, rows } = this.#columns;
    if (this.#timesUs.length < timesMs.length) this.#timesUs = new Float64Array(timesMs.length);
    clock.mapTimes(timesMs, rows, this.#timesUs);
    return this.#timesUs;
  }

  /** A store of before batches were merged may get a writer, and merged batches, at any time. */
  #statements(): ReturnType<typeof prepareBatches> {
    if (!this.#sql.knowsMerged && hasMergedBatches(this.#database)) {
      this.#sql = prepareBatches(this.#database);
    }
    return this.#sql;
  }

  #checksumOf({ id, epoch }: StoredEpoch): BatchChecksum {
    const cached = this.#checksums.get(id);
    if (cached !== undefined) return cached;
    if (this.#checksums.size >= SCHEMAS_CACHED_MAX) this.#checksums.clear();
    const checksum = new BatchChecksum(epoch);
    this.#checksums.set(id, checksum);
    return checksum;
  }
}

const EPOCHS = `
SELECT epoch.id, device.name AS device, epoch, first, next FROM epoch JOIN device ON device.id = epoch.device
WHERE epoch.id > ? AND (? IS NULL OR device.name = ?) ORDER BY epoch.id LIMIT ?`;

function prepareBatches(database: Database) {
  const source = batchSource(database);
  const batches = `SELECT id, schema, first_ms, last_ms, count, parts, crc32c, body FROM ${source}`;
  // From the batch that holds the record on, which in a merged one may have a smaller number.
  const start = `coalesce((SELECT id FROM (SELECT id, count FROM ${source} WHERE id <= ?
    ORDER BY id DESC LIMIT 1) WHERE id + count > ?), ?)`;
  return {
    knowsMerged: source === "batch",
    page: database.prepare(`${batches} WHERE id >= ${start} AND id < ? ORDER BY id LIMIT ?`),
    at: database.prepare(`${batches} WHERE id = ?`),
    last: database.prepare(`${batches} WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1`),
    probe: database.prepare(
      `SELECT id, last_ms, count FROM ${source} WHERE id >= ? AND id < ? ORDER BY id LIMIT 1`,
    ),
  };
}
