// What merging asks of the tables: which records of an epoch are not merged yet, which of them belong
// together, and one batch in their place.

import { type Channel, decodeSchema } from "../../shared/channel.ts";
import { BatchChecksum } from "./checksum.ts";
import { batchId, sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";

/**
 * Rows of a merged batch. More would save a tenth of the bytes, but a chart of a year decodes a batch at
 * every edge of its buckets: docs/decisions/0011-merged-batches.md.
 */
export const MERGED_ROWS_MAX = 128;

/** Bodies that become one: bounds what is read at a time where texts make batches large. */
const RUN_BYTES_MAX = 16 * 1024;

/** Epochs that are looked through at a time for work left by an earlier process. */
const EPOCHS_LOOKED_THROUGH = 4_096;

export interface UnmergedEpoch {
  readonly id: number;
  readonly epoch: string;
  readonly first: number;
  readonly next: number;
  readonly merged: number;
  readonly latest_next: number;
  /** 0 where the device has begun another epoch since. */
  readonly isNewest: number;
}

interface EpochsBehind {
  readonly epochs: readonly { readonly id: number; readonly next: number }[];
  /** The list goes on behind this one. */
  readonly end: number;
}

/** Consecutive batches that may become one: the records [start, end). */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly batches: number;
  readonly schema: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly rows: number;
  readonly readings: number;
}

type RunRow = Omit<Run, "start" | "end"> & { readonly firstId: number; readonly endId: number };

export interface RunBatch {
  readonly id: number;
  readonly link: number;
  readonly received_us: number;
  readonly crc32c: number;
  readonly body: Uint8Array;
  readonly count: number;
}

export class MergeTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#sql = prepare((sql) => database.prepare(sql));
  }

  /** Epochs behind `after` with records that are not merged, a part of the list; undefined at its end. */
  epochsBehind(after: number): EpochsBehind | undefined {
    const { last } = this.#sql.lastEpoch.get() as { last: number | null };
    if (last === null || after >= last) return undefined;
    const end = after + EPOCHS_LOOKED_THROUGH;
    return { epochs: this.#sql.behind.all(after, end) as EpochsBehind["epochs"], end };
  }

  epoch(id: number): UnmergedEpoch | undefined {
    return this.#sql.epoch.get(id) as UnmergedEpoch | undefined;
  }

  /** The run that begins at the first batch of [start, end); undefined where there is none. */
  nextRun({ id }: UnmergedEpoch, start: number, end: number): Run | undefined {
    const ids = [batchId(id, start), batchId(id, end)] as const;
    const row = this.#sql.run.get(...ids) as RunRow | { readonly firstId: null };
    if (row.firstId === null) return undefined;
    const { firstId, endId, ...run } = row as RunRow;
    return { start: sequenceOf(firstId), end: sequenceOf(endId), ...run };
  }

  batches(epochId: number, { start, end }: Run): RunBatch[] {
    return this.#sql.batches.all(batchId(epochId, start), batchId(epochId, end)) as RunBatch[];
  }

  channels(schemaId: number): readonly Channel[] | undefined {
    const row = this.#sql.schema.get(schemaId) as { body: Uint8Array } | undefined;
    return row && decodeSchema(row.body);
  }

  /** Puts one batch in the place of the run's. */
  replace(
    { id: epochId, epoch }: UnmergedEpoch,
    run: Run,
    { body, parts, origin }: { body: Uint8Array; parts: Uint8Array; origin: RunBatch },
  ): void {
    const { start, end, schema, firstMs, lastMs, rows, readings } = run;
    const id = batchId(epochId, start);
    const crc = new BatchChecksum(epoch).of(start, body);
    // First room is made: a store at its limit has none to spare.
    this.#sql.remove.run(id, batchId(epochId, end));
    const { link, received_us } = origin;
    const place = [id, schema, firstMs, lastMs, rows, readings] as const;
    this.#sql.add.run(...place, link, received_us, crc, body, end - start, parts);
  }

  /** Notes that the epoch's records before `merged` are done. */
  saveMerged(epochId: number, merged: number): void {
    this.#sql.saveMerged.run(merged, epochId);
  }
}

/**
 * The batches from the first one on between which no record, gap or change of channels lies, none of them
 * merged, as many as fit; at least the first. In SQL, for a hundred rows take a millisecond to hand over.
 */
const RUN = `
WITH head AS (
  SELECT id, schema, first_ms, last_ms, rows, readings, count, length(body) AS bytes
  FROM batch WHERE id >= ? AND id < ? ORDER BY id LIMIT ${MERGED_ROWS_MAX + 1}
), followed AS (
  SELECT *, row_number() OVER o AS place, count = 1 AND lag(count) OVER o = 1
    AND lag(id) OVER o = id - 1 AND lag(schema) OVER o = schema AND lag(last_ms) OVER o <= first_ms AS follows
  FROM head WINDOW o AS (ORDER BY id)
), summed AS (
  SELECT *, sum(rows) OVER w AS rows_so_far, sum(bytes) OVER w AS bytes_so_far,
    sum(place > 1 AND NOT follows) OVER w AS breaks
  FROM followed WINDOW w AS (ORDER BY id ROWS UNBOUNDED PRECEDING)
)
SELECT min(id) AS firstId, max(id + count) AS endId, count(*) AS batches, max(schema) AS schema,
  min(first_ms) AS firstMs, max(last_ms) AS lastMs, sum(rows) AS rows, sum(readings) AS readings
FROM summed WHERE place = 1
  OR (breaks = 0 AND rows_so_far <= ${MERGED_ROWS_MAX} AND bytes_so_far <= ${RUN_BYTES_MAX})`;

function prepare(sql: (text: string) => Statement) {
  return {
    lastEpoch: sql("SELECT max(id) AS last FROM epoch"),
    behind: sql("SELECT id, next FROM epoch WHERE id > ? AND id <= ? AND next > merged"),
    epoch: sql(`
      SELECT id, epoch, first, next, merged, latest_next, NOT EXISTS (SELECT 1 FROM epoch AS later
        WHERE later.device = epoch.device AND later.id > epoch.id) AS isNewest
      FROM epoch WHERE id = ?`),
    run: sql(RUN),
    batches: sql(
      "SELECT id, link, received_us, crc32c, body, count FROM batch WHERE id >= ? AND id < ? ORDER BY id",
    ),
    schema: sql("SELECT body FROM schema WHERE id = ?"),
    remove: sql("DELETE FROM batch WHERE id >= ? AND id < ?"),
    add: sql(
      "INSERT INTO batch (id, schema, first_ms, last_ms, rows, readings, link, received_us, crc32c, body, count, parts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    saveMerged: sql("UPDATE epoch SET merged = ? WHERE id = ?"),
  };
}
