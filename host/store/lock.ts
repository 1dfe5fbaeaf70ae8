// One writer a store. The writer holds an exclusive SQLite lock on an empty database beside the
// store, `<store>-lock`, for as long as it lives. It is a lock of the operating system, so it ends
// with the process, however that ends; and because it is not on the store's own file, readers never
// meet it. docs/decisions/0006-store.md.

import { existsSync } from "node:fs";
import { loadSqlite, type OpenDatabase, SQLITE_BUSY, SQLITE_NOTADB, sqliteCode } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

/** Whoever asks `hasWriter` touches the lock for microseconds: that must not turn a writer away. */
const BUSY_TIMEOUT_MS = 250;

/** A held lock. */
export interface WriterLock {
  release(): void;
}

/** Takes the lock of the store at `path`, or throws a StoreError that says who is in the way. */
export function lockForWriting(open: OpenDatabase, path: string): WriterLock {
  const lockPath = lockPathOf(path);
  const database = open(lockPath);
  try {
    // No journal file: nothing is ever written that would have to be undone.
    database.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE`,
    );
  } catch (error) {
    database.close();
    throw lockError(error, path, lockPath);
  }
  return { release: () => database.close() };
}

/** Whether a collector writes to the store at `path`, found out by touching its lock as a reader for an instant. */
export async function hasWriter(path: string): Promise<boolean> {
  const lockPath = lockPathOf(path);
  if (!existsSync(lockPath)) return false;
  const open = await loadSqlite();
  const database = open(lockPath, { readOnly: true });
  try {
    database.exec("SELECT 1 FROM sqlite_schema");
    return false;
  } catch (error) {
    return sqliteCode(error) === SQLITE_BUSY;
  } finally {
    database.close();
  }
}

function lockPathOf(path: string): string {
  return `${path}-lock`;
}

function lockError(error: unknown, path: string, lockPath: string): unknown {
  const code = sqliteCode(error);
  if (code === SQLITE_BUSY) {
    return new StoreError(
      "in-use",
      `another collector writes to ${path}; stop it, or give this one a store of its own`,
    );
  }
  if (code === SQLITE_NOTADB) {
    return new StoreError("not-a-store", `${lockPath} is not the store's lock; move it away`);
  }
  return error;
}
