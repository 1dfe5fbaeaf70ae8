// Opens a store for writing: looks first, then locks, then lets SQLite at it.

import { checkWritable, inspectFile } from "./file.ts";
import { lockForWriting } from "./lock.ts";
import { Merger } from "./merger.ts";
import { limitSize, prepareForWriting } from "./schema.ts";
import { type Database, loadSqlite, sqliteCode } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";
import { troubleText } from "./trouble.ts";
import { StoreWriter } from "./writer.ts";

/** A store that this thread may write to. */
export interface OpenStore {
  readonly writer: StoreWriter;
  /** Takes turns with the writer. */
  readonly merger: Merger;
  /** Bounds the file from here on; existing content stays. */
  limitSize(bytesMax: number): void;
  close(): void;
}

/** How a store is written to. */
export interface WriteOptions {
  /** Largest size of the file. */
  readonly sizeBytesMax?: number;
  /** How long a batch stays as it came; three minutes unless told. */
  readonly mergeAfterMs?: number;
}

/**
 * Opens or creates the store at `path` and takes its lock. Rejects with a StoreError where it is
 * something else, cannot be written, or has a writer; the file is then as it was.
 */
export async function openForWriting(path: string, options: WriteOptions = {}): Promise<OpenStore> {
  const open = await loadSqlite();
  checkWritable(path, inspectFile(open, path));
  const lock = lockForWriting(open, path);
  let database: Database | undefined;
  try {
    inspectFile(open, path); // whoever held the lock may have made it since
    database = open(path);
    return openWriter(database, () => lock.release(), options);
  } catch (error) {
    database?.close();
    lock.release();
    if (sqliteCode(error) === undefined) throw error;
    throw new StoreError("unreachable", troubleText(path, error), error);
  }
}

function openWriter(database: Database, release: () => void, options: WriteOptions): OpenStore {
  const { sizeBytesMax, mergeAfterMs } = options;
  prepareForWriting(database);
  if (sizeBytesMax !== undefined) limitSize(database, sizeBytesMax);
  const writer = new StoreWriter(database);
  writer.recover(performance.now());
  return {
    writer,
    merger: new Merger(database, performance.now(), mergeAfterMs),
    limitSize: (bytesMax) => limitSize(database, bytesMax),
    close: () => closeStore(database, release),
  };
}

/**
 * Empties the log and leaves WAL mode, so that a closed store is one file, and stays one when it is
 * read: whoever reads a file in WAL mode must make a log and an index beside it.
 */
function closeStore(database: Database, release: () => void): void {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.exec("PRAGMA journal_mode = DELETE");
  } catch {
    // Someone reads: the log stays and is read on opening.
  }
  database.close();
  release();
}
