// Readings out of a store by device, channel and time, batch by batch, column by column. Memory is
// constant whatever the range: the start is found by binary search over the batches' primary key, for
// times within an epoch never run backwards.

import type { ClockMap } from "../time/clock-map.ts";
import {
  ALL_TIMES,
  BatchReader,
  type ReadingsChunk,
  type Selection,
  type StoredBatch,
  type StoredEpoch,
  type UtcRange,
} from "./batch-reader.ts";
import { ClockReader } from "./clock.ts";
import { sequenceOf } from "./schema.ts";
import type { Database } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

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

/** What was asked for of one epoch, in UTC and in uptime. */
interface Range extends UtcRange {
  readonly fromMs: number;
  readonly toMs: number;
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
  readonly #batches: BatchReader;
  readonly #clocks: ClockReader;

  constructor(database: Database, query: ReadingsQuery) {
    this.#query = query;
    this.#batches = new BatchReader(database, query.channels);
    this.#clocks = new ClockReader(database);
  }

  epochs(): Generator<StoredEpoch> {
    return this.#batches.epochs(this.#query.device);
  }

  *chunksOf(epoch: StoredEpoch): Generator<ReadingsChunk> {
    const clock = this.#clocks.mapOf(epoch.id);
    const range = this.#rangeOf(clock);
    if (range === undefined) return;
    const start = this.#batches.findStart(epoch, range.fromMs);
    for (const row of this.#batches.batches(epoch, start, epoch.next)) {
      if (row.firstMs >= range.toMs) return;
      const selection = this.#decode(epoch, row);
      if (selection === undefined) continue;
      const chunk = this.#batches.chunk({ epoch, clock, row }, selection, range);
      if (chunk !== undefined) yield chunk;
    }
  }

  /** The range asked for; undefined where the epoch has no UTC to compare by. */
  #rangeOf(clock: ClockMap | undefined): Range | undefined {
    const { fromUs = ALL_TIMES.fromUs, toUs = ALL_TIMES.toUs } = this.#query;
    const isAll = fromUs === ALL_TIMES.fromUs && toUs === ALL_TIMES.toUs;
    if (isAll) return { fromUs, toUs, fromMs: 0, toMs: toUs };
    if (clock === undefined) return undefined;
    const fromMs = Math.floor(clock.deviceMsOf(fromUs)) - 1;
    const toMs = Math.ceil(clock.deviceMsOf(toUs)) + 1;
    return { fromUs, toUs, fromMs, toMs };
  }

  /** Decodes a batch. Undefined where that cannot be, which has then been told. */
  #decode(epoch: StoredEpoch, row: StoredBatch): Selection | undefined {
    const selection = this.#batches.decode(epoch, row);
    if (selection !== undefined) return selection;
    const text = `batch ${sequenceOf(row.id)} of ${epoch.device}, epoch ${epoch.epoch}, is damaged`;
    if (this.#query.onDamage === undefined) {
      throw new StoreError("damaged", `${text}; \`senda verify\` tells what else is`);
    }
    this.#query.onDamage(text);
    return undefined;
  }
}
