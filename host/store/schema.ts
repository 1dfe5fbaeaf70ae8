// The tables of a store, version 1, and how a connection to them is set up. docs/decisions/0006-store.md
// tells why they look like this.

import type { Database } from "./sqlite.ts";

/** "SEND", in the header of every store file (sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x53454e44;

export const STORE_VERSION = 1;

/** Events kept; the oldest go first. */
export const EVENTS_MAX = 100_000;

/** A batch's key is epoch * 2^32 + sequence, which must stay a safe integer. */
const SEQUENCES_PER_EPOCH = 2 ** 32;

/** The largest id of an epoch that leaves the batch's key below 2^53. */
export const EPOCH_ID_MAX = 2 ** 21 - 1;

/** A commit waits so long for another program that holds the database's write lock. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * To enter WAL mode nobody may be reading just then. Readers take milliseconds, a verification as long
 * as its largest epoch.
 */
const ENTRY_TIMEOUT_MS = 10_000;

/** Pages of the log that start a checkpoint: 16 MiB, several commits of a full load. */
const CHECKPOINT_PAGES = 4_096;

/** To what the log shrinks after a burst. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;

/** 32 MiB of pages: the insertion points of some thousand epochs. */
const CACHE_KIB = 32 * 1024;

/** How a batch came, as the batch table numbers it: do not change the order. */
export const LINK_KINDS = ["tcp", "udp", "serial"] as const;

export type LinkKind = (typeof LINK_KINDS)[number];

const TABLES = `
CREATE TABLE device (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  firmware TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL
) STRICT;

-- One life of a device's outbox. Records [first, next) are accounted for, which makes so many batches,
-- readings and gap_readings; last_ms is the uptime at the end of the last batch. The latest table
-- covers the records before latest_next. Those before merged are merged as far as they ever will be,
-- and their batches are in the summary table.
CREATE TABLE epoch (
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device(id),
  epoch TEXT NOT NULL,
  first INTEGER NOT NULL,
  next INTEGER NOT NULL,
  batches INTEGER NOT NULL DEFAULT 0,
  readings INTEGER NOT NULL DEFAULT 0,
  gap_readings INTEGER NOT NULL DEFAULT 0,
  last_ms INTEGER,
  latest_next INTEGER NOT NULL,
  began_us INTEGER NOT NULL,
  reset TEXT NOT NULL,
  merged INTEGER NOT NULL DEFAULT 0,
  UNIQUE (device, epoch)
) STRICT;

-- At device_ms of the epoch's uptime it was utc_us, give or take uncertainty_us. What that says of the
-- uptimes between is told in docs/decisions/0008-time.md.
CREATE TABLE clock (
  epoch INTEGER NOT NULL REFERENCES epoch(id),
  device_ms INTEGER NOT NULL,
  utc_us INTEGER NOT NULL,
  uncertainty_us INTEGER NOT NULL,
  PRIMARY KEY (epoch, device_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE schema (
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device(id),
  hash INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (device, hash)
) STRICT;

CREATE TABLE epoch_schema (
  epoch INTEGER NOT NULL REFERENCES epoch(id),
  number INTEGER NOT NULL,
  schema INTEGER NOT NULL REFERENCES schema(id),
  PRIMARY KEY (epoch, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES device(id),
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  kind TEXT NOT NULL,
  resolution REAL,
  UNIQUE (device, name)
) STRICT;

-- id = epoch * 4294967296 + sequence: the key refuses a batch that comes twice, keeps an epoch's
-- batches together and orders them in time. crc32c covers epoch, sequence and body. A merged batch
-- stands for the records [sequence, sequence + count), has the key of the first and link and
-- received_us of the last; parts tells the rows that each brought (parts.ts) and is null where count is 1.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  schema INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  readings INTEGER NOT NULL,
  link INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  crc32c INTEGER NOT NULL,
  body BLOB NOT NULL,
  count INTEGER NOT NULL DEFAULT 1,
  parts BLOB
) STRICT;

-- first_ms and last_ms are null where nobody knows them (reasons 'elsewhere' and 'refused').
CREATE TABLE gap (
  epoch INTEGER NOT NULL REFERENCES epoch(id),
  sequence INTEGER NOT NULL,
  count INTEGER NOT NULL,
  readings INTEGER NOT NULL,
  first_ms INTEGER,
  last_ms INTEGER,
  reason TEXT NOT NULL,
  PRIMARY KEY (epoch, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE latest (
  device INTEGER NOT NULL REFERENCES device(id),
  channel INTEGER NOT NULL REFERENCES channel(id),
  ms INTEGER NOT NULL,
  epoch INTEGER NOT NULL REFERENCES epoch(id),
  value TEXT NOT NULL,
  PRIMARY KEY (device, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL,
  device TEXT,
  kind TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
`;

/**
 * A table that the first stores of this version do not have: made when a writer opens one. id and
 * crc32c are as a batch's, which the row would have been; a gap 'refused' stands for it in its epoch.
 */
const REFUSED_TABLE = `
CREATE TABLE IF NOT EXISTS refused (
  id INTEGER PRIMARY KEY,
  schema INTEGER NOT NULL,
  link INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  fault TEXT NOT NULL,
  crc32c INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
`;

/** Columns that the first stores of this version do not have either. As `TABLES` has them. */
const MERGE_COLUMNS = `
ALTER TABLE batch ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
ALTER TABLE batch ADD COLUMN parts BLOB;
ALTER TABLE epoch ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;
`;

/**
 * What stored batches come to, many to a row (summary.ts): those of the records [sequence of id, next),
 * which are before the epoch's merged. Each crc32c is as a batch's, over the blob behind it. Blocks have
 * a table of their own: they are ten times as large as totals, and read for few rows.
 */
const SUMMARY_TABLE = `
CREATE TABLE IF NOT EXISTS summary (
  id INTEGER PRIMARY KEY,
  schema INTEGER NOT NULL,
  next INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  totals_crc32c INTEGER NOT NULL,
  totals BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS summary_blocks (
  id INTEGER PRIMARY KEY,
  blocks_crc32c INTEGER NOT NULL,
  blocks BLOB NOT NULL
) STRICT;
`;

/** The key of the batch `sequence` of an epoch. */
export function batchId(epochId: number, sequence: number): number {
  return epochId * SEQUENCES_PER_EPOCH + sequence;
}

/** The sequence in a batch's key. */
export function sequenceOf(id: number): number {
  return id % SEQUENCES_PER_EPOCH;
}

/**
 * Sets a writing connection up, and makes the tables where the file holds nothing. The header comes
 * to the file itself, not to the log: whoever looks at the file alone can tell what it is.
 */
export function prepareForWriting(database: Database): void {
  database.exec(`
    PRAGMA busy_timeout = ${ENTRY_TIMEOUT_MS};
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA foreign_keys = OFF;
  `);
  if (isEmpty(database)) createTables(database);
  database.exec(REFUSED_TABLE);
  if (!hasMergedBatches(database)) {
    database.exec(`BEGIN IMMEDIATE; ${MERGE_COLUMNS} ${SUMMARY_TABLE} COMMIT`);
  }
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${LOG_BYTES_MAX};
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  `);
}

/** Bounds the database file. What does not fit makes the commit fail with SQLITE_FULL. */
export function limitSize(database: Database, bytesMax: number): void {
  const { page_size: pageBytes } = database.prepare("PRAGMA page_size").get() as {
    page_size: number;
  };
  // SQLite takes the present size for any smaller limit.
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytesMax / pageBytes))}`);
}

/** False for a store of before batches were merged that no writer has opened since. */
export function hasMergedBatches(database: Database): boolean {
  const column = database.prepare("SELECT 1 FROM pragma_table_info('batch') WHERE name = 'count'");
  return column.get() !== undefined;
}

/** What to select batches from, with `count` and `parts` in any store. */
export function batchSource(database: Database): string {
  return hasMergedBatches(database)
    ? "batch"
    : "(SELECT *, 1 AS count, NULL AS parts FROM batch) AS batch";
}

function isEmpty(database: Database): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
}

function createTables(database: Database): void {
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${STORE_VERSION};
    ${TABLES}
    ${REFUSED_TABLE}
    ${SUMMARY_TABLE}
    COMMIT;
  `);
}
