// Reads a store, in any process, while a collector may be writing to it. Never makes or changes the
// store's file. Each query sees one moment of the store and holds no transaction beyond itself, so a
// slow reader does not make the writer's log grow.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ClockMap } from "../time/clock-map.ts";
import type { ReadingsChunk } from "./batch-reader.ts";
import { ClockReader } from "./clock.ts";
import { AT_MOST_ONCE, type Delivery, EXACTLY_ONCE } from "./delivery.ts";
import { inspectFile, openImmutable } from "./file.ts";
import { type ReadingsQuery, readChunks } from "./readings.ts";
import { readSeries, type SeriesQuery } from "./series.ts";
import type { SeriesBuckets } from "./series-buckets.ts";
import {
  type Database,
  loadSqlite,
  type OpenDatabase,
  SQLITE_CANTOPEN,
  sqliteCode,
} from "./sqlite.ts";
import { StoreError } from "./store-error.ts";
import type { JsonValue } from "./value.ts";

/** A reader meets a lock only while the writer recovers or ends. */
const BUSY_TIMEOUT_MS = 5_000;

const LIST_COUNT_MAX = 10_000;

export interface DeviceSummary {
  readonly name: string;
  readonly firmware: string;
  /** UTC, as are all times in microseconds. */
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  readonly epochs: number;
  readonly batches: number;
  readonly readings: number;
  /** Readings that the device had to drop. */
  readonly gapReadings: number;
  /** The device's newest epoch, and the number before which all its records are accounted for; null where it has none. */
  readonly epoch: string | null;
  readonly next: number | null;
  /** Time of the last reading stored; null where no UTC is known. */
  readonly storedUpToUs: number | null;
  /** How surely its readings get here. */
  readonly delivery: Delivery;
  readonly channels: readonly ChannelSummary[];
}

export interface ChannelSummary {
  readonly name: string;
  readonly unit: string;
  readonly kind: string;
  readonly resolution: number | null;
}

export interface LatestValue {
  readonly channel: string;
  readonly unit: string;
  readonly value: JsonValue;
  readonly epoch: string;
  readonly uptimeMs: number;
  /** Null where the epoch's clock was never measured. */
  readonly timeUs: number | null;
  readonly uncertaintyUs: number | null;
}

export interface GapSummary {
  readonly device: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly count: number;
  readonly readings: number;
  /** Device uptime; null where nobody knows. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** The same in UTC; null also where the epoch's clock was never measured. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  readonly reason: string;
}

export interface EventRow {
  readonly atUs: number;
  readonly device: string | null;
  readonly kind: string;
  readonly text: string;
}

type DeviceRow = Omit<
  DeviceSummary,
  "epoch" | "next" | "storedUpToUs" | "delivery" | "channels"
> & {
  readonly id: number;
};

type NewestEpochRow = Pick<DeviceSummary, "epoch" | "next" | "delivery">;

interface LastStoredRow {
  readonly epochId: number;
  readonly lastMs: number;
}

interface ExtentRow extends LastStoredRow {
  readonly firstMs: number;
}

interface LatestRow extends Omit<LatestValue, "value" | "timeUs" | "uncertaintyUs"> {
  readonly epochId: number;
  readonly value: string;
}

interface GapRow extends Omit<GapSummary, "firstUs" | "lastUs"> {
  readonly epochId: number;
}

/** What to list. */
export interface ListQuery {
  readonly device?: string;
  /** The newest so many; 10,000 unless told. */
  readonly countMax?: number;
}

export class StoreReader {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Opens the store at `path`. Rejects with a StoreError where there is none that this version can read. */
  static async open(path: string): Promise<StoreReader> {
    return new StoreReader(await openForReading(path));
  }

  close(): void {
    this.#database.close();
  }

  /** All devices, by name. */
  devices(): DeviceSummary[] {
    const rows = this.#database.prepare(DEVICES).all() as DeviceRow[];
    const channels = this.#database.prepare(
      "SELECT name, unit, kind, resolution FROM channel WHERE device = ? ORDER BY id",
    );
    const newest = this.#database.prepare(NEWEST_EPOCH);
    const last = this.#database.prepare(LAST_STORED);
    return rows.map(({ id, ...device }) => ({
      ...device,
      ...((newest.get(id) as NewestEpochRow | undefined) ?? NO_EPOCH),
      storedUpToUs: this.#storedUpToUs(last.get(id) as LastStoredRow | undefined),
      channels: channels.all(id) as ChannelSummary[],
    }));
  }

  /** The last value of each channel of a device; empty where there is no such device. */
  latest(device: string): LatestValue[] {
    const rows = this.#database.prepare(LATEST).all(device) as LatestRow[];
    const clocks = new ClockReader(this.#database);
    return rows.map(({ epochId, value, ...row }) => {
      const moment = clocks.mapOfSame(epochId)?.utcOf(row.uptimeMs);
      const { utcUs: timeUs, uncertaintyUs } = moment ?? { utcUs: null, uncertaintyUs: null };
      return { ...row, value: JSON.parse(value) as JsonValue, timeUs, uncertaintyUs };
    });
  }

  /** Gaps, the newest epoch's first, within an epoch the last first. */
  gaps(query: ListQuery = {}): GapSummary[] {
    const device = query.device ?? null;
    const countMax = query.countMax ?? LIST_COUNT_MAX;
    const rows = this.#database.prepare(GAPS).all(device, device, countMax) as GapRow[];
    const clocks = new ClockReader(this.#database);
    return rows.map(({ epochId, ...gap }) => {
      const clock = clocks.mapOfSame(epochId);
      return { ...gap, firstUs: utcOf(clock, gap.firstMs), lastUs: utcOf(clock, gap.lastMs) };
    });
  }

  /** Events, the newest first. */
  events(query: ListQuery = {}): EventRow[] {
    const device = query.device ?? null;
    const rows = this.#database
      .prepare(EVENTS)
      .all(device, device, query.countMax ?? LIST_COUNT_MAX);
    return rows as EventRow[];
  }

  /** Readings, batch by batch, in order of time within each epoch. See readChunks. */
  readings(query: ReadingsQuery = {}): Generator<ReadingsChunk> {
    return readChunks(this.#database, query);
  }

  /** The time that a device's readings take, as a range; undefined where none has a UTC. */
  extent(device: string): { readonly fromUs: number; readonly toUs: number } | undefined {
    const rows = this.#database.prepare(EXTENTS).all(device) as ExtentRow[];
    const clocks = new ClockReader(this.#database);
    let fromUs = Number.POSITIVE_INFINITY;
    let lastUs = Number.NEGATIVE_INFINITY;
    for (const { epochId, firstMs, lastMs } of rows) {
      const clock = clocks.mapOf(epochId);
      fromUs = Math.min(fromUs, utcOf(clock, firstMs) ?? fromUs);
      lastUs = Math.max(lastUs, utcOf(clock, lastMs) ?? lastUs);
    }
    return fromUs <= lastUs ? { fromUs, toUs: lastUs + 1 } : undefined;
  }

  /** Readings in so many buckets, for charts. See readSeries. */
  series(query: SeriesQuery): SeriesBuckets {
    return readSeries(this.#database, query);
  }

  #storedUpToUs(last: LastStoredRow | undefined): number | null {
    if (last === undefined) return null;
    return utcOf(new ClockReader(this.#database).mapOf(last.epochId), last.lastMs);
  }
}

function utcOf(clock: ClockMap | undefined, uptimeMs: number | null): number | null {
  return clock === undefined || uptimeMs === null ? null : clock.utcOf(uptimeMs).utcUs;
}

/** Opens the store's database for reading. Rejects as StoreReader.open does. */
export async function openForReading(path: string): Promise<Database> {
  const open = await loadSqlite();
  const file = resolve(path);
  const state = inspectFile(open, file);
  if (state === "missing") {
    throw new StoreError(
      "no-store",
      `there is no store at ${file}; name the one that a collector writes`,
    );
  }
  if (state === "empty") {
    throw new StoreError(
      "no-store",
      `${file} is an empty file; let a collector make a store of it`,
    );
  }
  return openExisting(open, file);
}

/**
 * In a directory that we may not write to, SQLite cannot make the files beside the store that it
 * shares with a writer. Where there are none there is no writer either, and the file may be read as
 * it stands.
 */
function openExisting(open: OpenDatabase, file: string): Database {
  const database = open(file, { readOnly: true });
  try {
    // The version stands in the header: it can be read where all else is damaged.
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA user_version`);
    return database;
  } catch (error) {
    database.close();
    const isAlone = sqliteCode(error) === SQLITE_CANTOPEN && !existsSync(`${file}-wal`);
    if (isAlone) return openImmutable(open, file);
    const detail = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      "unreachable",
      `${file} cannot be read: ${detail}; check its directory's mode, and the file with \`senda verify\``,
      error,
    );
  }
}

const DEVICES = `
SELECT device.id, name, firmware, first_seen_us AS firstSeenUs, last_seen_us AS lastSeenUs,
  count(epoch.id) AS epochs, total(batches) AS batches, total(readings) AS readings,
  total(gap_readings) AS gapReadings
FROM device LEFT JOIN epoch ON epoch.device = device.id GROUP BY device.id ORDER BY name`;

const NO_EPOCH: NewestEpochRow = { epoch: null, next: null, delivery: EXACTLY_ONCE };

const NEWEST_EPOCH = `
SELECT epoch, next, iif(reset = '${AT_MOST_ONCE}', '${AT_MOST_ONCE}', '${EXACTLY_ONCE}') AS delivery
FROM epoch WHERE device = ? ORDER BY id DESC LIMIT 1`;

/** The newest of a device's epochs that has readings and a clock: it has one life at a time. */
const LAST_STORED = `
SELECT id AS epochId, last_ms AS lastMs FROM epoch
WHERE device = ? AND last_ms IS NOT NULL AND EXISTS (SELECT 1 FROM clock WHERE clock.epoch = epoch.id)
ORDER BY id DESC LIMIT 1`;

/** The first batch of each of the device's epochs that has one, and a clock. */
const EXTENTS = `
SELECT epoch.id AS epochId, batch.first_ms AS firstMs, epoch.last_ms AS lastMs
FROM epoch JOIN device ON device.id = epoch.device
JOIN batch ON batch.id = (SELECT id FROM batch WHERE id >= epoch.id * 4294967296 ORDER BY id LIMIT 1)
WHERE device.name = ? AND epoch.last_ms IS NOT NULL
  AND EXISTS (SELECT 1 FROM clock WHERE clock.epoch = epoch.id)`;

const LATEST = `
SELECT channel.name AS channel, unit, value, epoch.id AS epochId, epoch.epoch AS epoch, ms AS uptimeMs
FROM latest JOIN device ON device.id = latest.device JOIN channel ON channel.id = latest.channel
JOIN epoch ON epoch.id = latest.epoch
WHERE device.name = ? ORDER BY channel.id`;

const GAPS = `
SELECT device.name AS device, epoch.id AS epochId, epoch.epoch AS epoch, sequence, count,
  gap.readings AS readings, gap.first_ms AS firstMs, gap.last_ms AS lastMs, reason
FROM gap JOIN epoch ON epoch.id = gap.epoch JOIN device ON device.id = epoch.device
WHERE ? IS NULL OR device.name = ? ORDER BY gap.epoch DESC, sequence DESC LIMIT ?`;

const EVENTS = `
SELECT at_us AS atUs, device, kind, text FROM event
WHERE ? IS NULL OR device = ? ORDER BY id DESC LIMIT ?`;
