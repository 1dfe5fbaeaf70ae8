// Readings out of a store, batch by batch, column by column. Memory is constant whatever the range:
// the start is found by binary search over the batches' primary key (times within an epoch never run
// backwards), and one set of columns is filled again and again.

import { BatchColumns, type Column } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { type Channel, decodeSchema } from "../../shared/channel.ts";
import type { ClockMap } from "../time/clock-map.ts";
import { BatchChecksum } from "./checksum.ts";
import { ClockReader } from "./clock.ts";
import { batchId, sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

/** Batches, and epochs, that one query fetches. */
const PAGE_ROWS = 64;

/** Decoded schemas kept while reading. */
const SCHEMAS_CACHED_MAX = 1_024;

export interface ReadingsQuery {
  readonly device?: string;
  /** Names; all channels unless told. Batches without any of them are left out. */
  readonly channels?: readonly string[];
  /** UTC, from inclusive, to exclusive. With either, epochs whose clock was never measured are left out. */
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Told of each batch that cannot be read, which is then left out. Without it such a batch throws. */
  readonly onDamage?: (text: string) => void;
}

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

interface EpochRow {
  readonly id: number;
  readonly device: string;
  readonly epoch: string;
  readonly first: number;
  readonly next: number;
}

/** What was asked for of one epoch: [fromUs, toUs), which in uptime lies within [fromMs, toMs). */
interface Range {
  readonly fromUs: number;
  readonly toUs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

interface EpochPart {
  readonly epoch: EpochRow;
  readonly clock: ClockMap | undefined;
  readonly range: Range;
}

interface BatchRow {
  readonly id: number;
  readonly schema: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly crc32c: number;
  readonly body: Uint8Array;
}

/**
 * Yields the readings asked for, epochs in the order in which they began. Throws a StoreError at a
 * batch that cannot be read, unless the query wants to be told instead.
 */
export function* readChunks(database: Database, query: ReadingsQuery): Generator<ReadingsChunk> {
  const reading = new Reading(database, query);
  for (const epoch of reading.epochs()) yield* reading.chunksOf(epoch);
}

class Reading {
  readonly #query: ReadingsQuery;
  readonly #epochPage: Statement;
  readonly #batchPage: Statement;
  readonly #probe: Statement;
  readonly #schema: Statement;
  readonly #clocks: ClockReader;
  readonly #schemas = new Map<number, readonly Channel[]>();
  readonly #columns = new BatchColumns();
  #timesUs = new Float64Array(0);

  constructor(database: Database, query: ReadingsQuery) {
    this.#query = query;
    this.#clocks = new ClockReader(database);
    this.#epochPage = database.prepare(EPOCHS);
    this.#batchPage = database.prepare(BATCHES);
    this.#probe = database.prepare(
      "SELECT id, last_ms FROM batch WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
    );
    this.#schema = database.prepare("SELECT body FROM schema WHERE id = ?");
  }

  *epochs(): Generator<EpochRow> {
    const device = this.#query.device ?? null;
    let after = 0;
    for (;;) {
      const rows = this.#epochPage.all(after, device, device, PAGE_ROWS) as EpochRow[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      after = rows[rows.length - 1]!.id;
    }
  }

  *chunksOf(epoch: EpochRow): Generator<ReadingsChunk> {
    const clock = this.#clocks.mapOf(epoch.id);
    const range = this.#rangeOf(clock);
    if (range === undefined) return;
    const checksum = new BatchChecksum(epoch.epoch);
    for (const row of this.#batches(epoch, range.fromMs)) {
      if (row.first_ms >= range.toMs) return;
      const channels = this.#decode(epoch, row, checksum);
      const chunk = channels && this.#chunk({ epoch, clock, range }, row, channels);
      if (chunk !== undefined) yield chunk;
    }
  }

  /** The range asked for; undefined where the epoch has no UTC to compare by. */
  #rangeOf(clock: ClockMap | undefined): Range | undefined {
    const { fromUs = Number.NEGATIVE_INFINITY, toUs = Number.POSITIVE_INFINITY } = this.#query;
    const isAll = fromUs === Number.NEGATIVE_INFINITY && toUs === Number.POSITIVE_INFINITY;
    if (isAll) return { fromUs, toUs, fromMs: 0, toMs: toUs };
    if (clock === undefined) return undefined;
    const fromMs = Math.floor(clock.deviceMsOf(fromUs)) - 1;
    const toMs = Math.ceil(clock.deviceMsOf(toUs)) + 1;
    return { fromUs, toUs, fromMs, toMs };
  }

  /** The epoch's batches from the first that ends at or after `fromMs`. */
  *#batches(epoch: EpochRow, fromMs: number): Generator<BatchRow> {
    const end = batchId(epoch.id, epoch.next);
    let start = batchId(epoch.id, this.#findStart(epoch, fromMs));
    for (;;) {
      const rows = this.#batchPage.all(start, end, PAGE_ROWS) as BatchRow[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      start = rows[rows.length - 1]!.id + 1;
    }
  }

  /** Binary search: the first sequence from which on batches end at or after `fromMs`. */
  #findStart(epoch: EpochRow, fromMs: number): number {
    let low = epoch.first;
    let high = epoch.next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const ids = [batchId(epoch.id, middle), batchId(epoch.id, high)] as const;
      const row = this.#probe.get(...ids) as { id: number; last_ms: number } | undefined;
      if (row === undefined || row.last_ms >= fromMs) high = middle;
      else low = sequenceOf(row.id) + 1;
    }
    return low;
  }

  /** Decodes a batch into the columns. Undefined where that cannot be, which has then been told. */
  #decode(epoch: EpochRow, row: BatchRow, checksum: BatchChecksum): readonly Channel[] | undefined {
    const channels = this.#channelsOf(row.schema);
    const isSound =
      checksum.of(sequenceOf(row.id), row.body) === row.crc32c &&
      decodeBatch(row.body, channels, this.#columns);
    if (isSound) return channels;
    const text = `batch ${sequenceOf(row.id)} of ${epoch.device}, epoch ${epoch.epoch}, is damaged`;
    if (this.#query.onDamage === undefined) {
      throw new StoreError("damaged", `${text}; \`senda verify\` tells what else is`);
    }
    this.#query.onDamage(text);
    return undefined;
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

  #chunk(
    { epoch, clock, range }: EpochPart,
    row: BatchRow,
    channels: readonly Channel[],
  ): ReadingsChunk | undefined {
    const columns = this.#select(channels);
    if (columns.length === 0) return undefined;
    const { timesMs, rows } = this.#columns;
    const timesUs = this.#utcTimes(clock);
    let firstRow = 0;
    let endRow = rows;
    if (timesUs !== undefined) {
      while (firstRow < endRow && timesUs[firstRow]! < range.fromUs) firstRow++;
      while (endRow > firstRow && timesUs[endRow - 1]! >= range.toUs) endRow--;
    }
    if (firstRow === endRow) return undefined;
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

  #select(channels: readonly Channel[]): ChunkColumn[] {
    const wanted = this.#query.channels;
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
}

const EPOCHS = `
SELECT epoch.id, device.name AS device, epoch, first, next FROM epoch JOIN device ON device.id = epoch.device
WHERE epoch.id > ? AND (? IS NULL OR device.name = ?) ORDER BY epoch.id LIMIT ?`;

const BATCHES = `
SELECT id, schema, first_ms, last_ms, crc32c, body FROM batch
WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`;
