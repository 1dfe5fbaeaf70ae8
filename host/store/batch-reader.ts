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
  /** That of the least sure time of the rows asked for; worked out when it is asked for. */
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

/** The channels of a schema, and those of them that were asked for. */
export interface Selection {
  readonly channels: readonly Channel[];
  readonly columns: readonly ChunkColumn[];
  /** By channel. */
  readonly wanted: readonly boolean[];
}

export interface StoredBatch {
  readonly id: number;
  readonly schema: number;
  readonly firstMs: number;
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

/** In the order of BATCH_COLUMNS. */
type BatchRow = readonly [
  id: number,
  schema: number,
  firstMs: number,
  count: number,
  parts: Uint8Array | null,
  crc32c: number,
  body: Uint8Array,
];

type ProbeRow = readonly [id: number, lastMs: number, count: number];

const BATCH_COLUMNS = "id, schema, first_ms, count, parts, crc32c, body";

export class BatchReader {
  readonly #epochPage: Statement;
  readonly #database: Database;
  #sql: ReturnType<typeof prepareBatches>;
  readonly #schema: Statement;
  readonly #names: readonly string[] | undefined;
  readonly #selections = new Map<number, Selection>();
  readonly #columns = new BatchColumns();
  readonly #checksums = new Map<number, BatchChecksum>();
  #timesUs = new Float64Array(0);

  /** Reads the channels named, all unless told. */
  constructor(database: Database, names?: readonly string[]) {
    this.#names = names;
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
      const rows = page.all(startId, startId, startId, endId, PAGE_ROWS) as BatchRow[];
      const fromId = startId;
      for (const row of rows) {
        const batch = storedBatch(row);
        if (batch.id < fromId) batch.firstRow = rowsBefore(batch.parts, fromId - batch.id);
        startId = batch.id + Math.max(1, batch.count);
        yield batch;
      }
      if (rows.length < PAGE_ROWS) return;
    }
  }

  /** The batch whose first record is `sequence`; undefined where no batch begins there. */
  at({ id }: StoredEpoch, sequence: number): StoredBatch | undefined {
    const row = this.#statements().at.get(batchId(id, sequence)) as BatchRow | undefined;
    return row && storedBatch(row);
  }

  /** The epoch's last batch before the record `end`, without the rows from there on; undefined where there is none. */
  lastBefore({ id, first }: StoredEpoch, end: number): StoredBatch | undefined {
    const ids = [batchId(id, first), batchId(id, end)] as const;
    const row = this.#statements().last.get(...ids) as BatchRow | undefined;
    if (row === undefined) return undefined;
    const batch = storedBatch(row);
    const start = sequenceOf(batch.id);
    if (start + batch.count > end) batch.endRow = rowsBefore(batch.parts, end - start);
    return batch;
  }

  /** Binary search: the first sequence from which on batches end at or after `fromMs`. */
  findStart({ id, first, next }: StoredEpoch, fromMs: number): number {
    const { probe } = this.#statements();
    let low = first;
    let high = next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const ids = [batchId(id, middle), batchId(id, high)] as const;
      const row = probe.get(...ids) as ProbeRow | undefined;
      if (row === undefined) high = middle;
      else {
        const [batch, lastMs, count] = row;
        if (lastMs >= fromMs) high = middle;
        else low = sequenceOf(batch) + Math.max(1, count);
      }
    }
    return low;
  }

  /** Decodes a batch's columns that were asked for. Undefined where it is damaged. */
  decode(epoch: StoredEpoch, row: StoredBatch): Selection | undefined {
    const selection = this.#selectionOf(row.schema);
    const { channels, wanted } = selection;
    const isSound =
      this.isIntact(epoch, row) && decodeBatch(row.body, channels, this.#columns, wanted);
    return isSound ? selection : undefined;
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
    return this.#selectionOf(schemaId).channels;
  }

  #selectionOf(schemaId: number): Selection {
    const cached = this.#selections.get(schemaId);
    if (cached !== undefined) return cached;
    if (this.#selections.size >= SCHEMAS_CACHED_MAX) this.#selections.clear();
    const row = this.#schema.get(schemaId) as { body: Uint8Array } | undefined;
    const selection = this.#select((row && decodeSchema(row.body)) ?? []);
    this.#selections.set(schemaId, selection);
    return selection;
  }

  /** The batch that was decoded last, as far as its rows lie within the range; undefined where nothing is left. */
  chunk(
    { epoch, clock, row }: { epoch: StoredEpoch; clock: ClockMap | undefined; row: StoredBatch },
    { columns }: Selection,
    range: UtcRange,
  ): ReadingsChunk | undefined {
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
    return new Chunk(epoch, clock, {
      sequence: sequenceOf(row.id),
      firstRow,
      endRow,
      timesMs,
      timesUs,
      columns,
      batch: this.#columns,
    });
  }

  #select(channels: readonly Channel[]): Selection {
    this.#columns.makeColumns(channels.length);
    const names = this.#names;
    const wanted = channels.map(({ name }) => names === undefined || names.includes(name));
    const columns = channels.flatMap((channel, index) =>
      wanted[index] ? [{ channel, index, column: this.#columns.columns[index]! }] : [],
    );
    return { channels, columns, wanted };
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

type ChunkRows = Omit<ReadingsChunk, "device" | "epoch" | "uncertaintyUs">;

class Chunk implements ReadingsChunk {
  readonly device: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly firstRow: number;
  readonly endRow: number;
  readonly timesMs: Float64Array;
  readonly timesUs: Float64Array | undefined;
  readonly columns: readonly ChunkColumn[];
  readonly batch: BatchColumns;
  readonly #clock: ClockMap | undefined;

  constructor({ device, epoch }: StoredEpoch, clock: ClockMap | undefined, rows: ChunkRows) {
    this.device = device;
    this.epoch = epoch;
    this.sequence = rows.sequence;
    this.firstRow = rows.firstRow;
    this.endRow = rows.endRow;
    this.timesMs = rows.timesMs;
    this.timesUs = rows.timesUs;
    this.columns = rows.columns;
    this.batch = rows.batch;
    this.#clock = clock;
  }

  /** Not worked out unless asked for: that takes as long as decoding a column. */
  get uncertaintyUs(): number | undefined {
    return this.#clock?.uncertaintyUsMax(this.timesMs, this.firstRow, this.endRow);
  }
}

function storedBatch([id, schema, firstMs, count, parts, crc32c, body]: BatchRow): StoredBatch {
  return { id, schema, firstMs, count, parts, crc32c, body };
}

const EPOCHS = `
SELECT epoch.id, device.name AS device, epoch, first, next FROM epoch JOIN device ON device.id = epoch.device
WHERE epoch.id > ? AND (? IS NULL OR device.name = ?) ORDER BY epoch.id LIMIT ?`;

function prepareBatches(database: Database) {
  const source = batchSource(database);
  const batches = `SELECT ${BATCH_COLUMNS} FROM ${source}`;
  // From the batch that holds the record on, which in a merged one may have a smaller number.
  const start = `coalesce((SELECT id FROM (SELECT id, count FROM ${source} WHERE id <= ?
    ORDER BY id DESC LIMIT 1) WHERE id + count > ?), ?)`;
  const prepare = (sql: string) => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    knowsMerged: source === "batch",
    page: prepare(`${batches} WHERE id >= ${start} AND id < ? ORDER BY id LIMIT ?`),
    at: prepare(`${batches} WHERE id = ?`),
    last: prepare(`${batches} WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1`),
    probe: prepare(
      `SELECT id, last_ms, count FROM ${source} WHERE id >= ? AND id < ? ORDER BY id LIMIT 1`,
    ),
  };
}
