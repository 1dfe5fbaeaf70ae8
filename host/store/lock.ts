// One writer a store. The writer holds an exclusive SQLite lock on an empty database beside the
// store, `<store>-lock`, for as long as it lives. It is a lock of the operating system, so it ends
// with the process, however that ends; and because it is not on the store's own file, readers never
// meet it. docs/decisions/0006-store.md.

import { type OpenDatabase, SQLITE_BUSY, SQLITE_NOTADB, sqliteCode } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

/** A held lock. */
export interface WriterLock {
  release(): void;
}

/** Takes the lock of the store at `path`, or throws a StoreError that says who is in the way. */
export function lockForWriting(open: OpenDatabase, path: string): WriterLock {
  const lockPath = `${path}-lock`;
  const database = open(lockPath);
  try {
    // No journal file: nothing is ever written that would have to be undone.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw lockError(error, path, lockPath);
  }
  return { release: () => database.close() };
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
