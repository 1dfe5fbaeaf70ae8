// What a failed transaction means, and what people can do about it.

import {
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_CORRUPT,
  SQLITE_FULL,
  SQLITE_IOERR,
  SQLITE_NOTADB,
  SQLITE_READONLY,
  sqliteCode,
} from "./sqlite.ts";

/** By SQLite's result code: failures of the environment, which may pass. All others are our own bugs. */
const ADVICE = new Map<number | undefined, string>([
  [
    SQLITE_BUSY,
    "another program holds it locked; close the SQLite shell or backup that has it open",
  ],
  [SQLITE_READONLY, "it cannot be written to; check its owner, mode and file system"],
  [SQLITE_IOERR, "the disk fails; look at the system's log"],
  [
    SQLITE_CORRUPT,
    "it is damaged; stop the collector, check it with `senda verify`, restore a copy",
  ],
  [
    SQLITE_FULL,
    "the disk, or the size that the store may have, is full; make room or raise the limit",
  ],
  [SQLITE_CANTOPEN, "it, or its -wal file, cannot be opened; check the directory and its mode"],
  [SQLITE_NOTADB, "something else was written over it; stop the collector and restore a copy"],
]);

/** True where trying again may help. */
export function isPassing(error: unknown): boolean {
  return ADVICE.has(sqliteCode(error));
}

/** A sentence on why the store at `path` cannot be written, and what to do. */
export function troubleText(path: string, error: unknown): string {
  const detail = error instanceof Error ? error.message : String(error);
  return `${path} cannot be written: ${ADVICE.get(sqliteCode(error)) ?? "an error of ours"} (${detail})`;
}
