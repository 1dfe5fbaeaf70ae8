// What stands at the path of a store, found out without touching it: a file that is refused stays as
// it is, byte for byte, with nothing beside it.
//
// The header is read through SQLite with `immutable=1`, which takes no lock and makes no -wal or -shm
// file. Reading it with node:fs would be simpler and wrong: closing any descriptor of a file gives up
// all POSIX locks that the process holds on it (sqlite.org/howtocorrupt.html 2.2), so a reader that
// looks at the header would take the locks of the writer in the same process away.

import { accessSync, constants, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { APPLICATION_ID, STORE_VERSION } from "./schema.ts";
import {
  type Database,
  type OpenDatabase,
  SQLITE_CORRUPT,
  SQLITE_NOTADB,
  sqliteCode,
} from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

/** "missing" and "empty" are places for a new store; "store" is one that this version can read. */
export type FileState = "missing" | "empty" | "store";

/** One page of the smallest size (sqlite.org/fileformat.html 1.3.2). SQLite takes what is shorter for empty. */
const DATABASE_BYTES_MIN = 512;

/** Says what is at `path`. Throws a StoreError where it is something that a store cannot be. */
export function inspectFile(open: OpenDatabase, path: string): FileState {
  const stats = statOf(path);
  if (stats === undefined) {
    checkDirectory(path);
    return "missing";
  }
  if (stats.isDirectory()) {
    throw new StoreError("not-a-store", `${path} is a directory; name a file in it`);
  }
  if (!stats.isFile()) {
    throw new StoreError("not-a-store", `${path} is not a regular file; name another`);
  }
  checkAccess(path, constants.R_OK, "read");
  if (stats.size === 0) return "empty";
  if (stats.size < DATABASE_BYTES_MIN) throw notSqlite(path);
  checkHeader(open, path);
  return "store";
}

/** Throws a StoreError where the file, or its directory, cannot be written to. */
export function checkWritable(path: string, state: FileState): void {
  if (state !== "missing") checkAccess(path, constants.W_OK, "write to");
  checkAccess(dirname(resolve(path)), constants.W_OK, "make files in");
}

/** Opens the file as it stands, on the promise that nobody writes to it meanwhile. */
export function openImmutable(open: OpenDatabase, path: string): Database {
  return open(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true });
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new StoreError("unreachable", `${path} cannot be looked at: ${messageOf(error)}`, error);
  }
}

function checkDirectory(path: string): void {
  const directory = dirname(resolve(path));
  const stats = statOf(directory);
  if (stats?.isDirectory() === true) return;
  const found = stats === undefined ? "does not exist; create it" : "is not a directory";
  throw new StoreError("unreachable", `${path}: the directory ${directory} ${found}`);
}

function checkAccess(path: string, mode: number, verb: string): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    const advice = `no permission to ${verb} ${path}; change its mode or owner, or run as another user`;
    throw new StoreError("unreachable", `${advice} (${messageOf(error)})`, error);
  }
}

function checkHeader(open: OpenDatabase, path: string): void {
  const { applicationId, version } = readHeader(open, path);
  if (applicationId !== APPLICATION_ID) {
    const found =
      applicationId === 0 ? "without an application id" : `with application id ${applicationId}`;
    throw new StoreError(
      "not-a-store",
      `${path} is an SQLite database of another program (${found}); name another file`,
    );
  }
  if (version !== STORE_VERSION) {
    throw new StoreError(
      "other-version",
      `${path} is a store of version ${version}, this program knows version ${STORE_VERSION}; use the program that made it, or name another file`,
    );
  }
}

interface Header {
  readonly applicationId: number;
  readonly version: number;
}

/**
 * A writer that ended in the midst of a checkpoint leaves a file that is whole only together with
 * its log; the header is then read with it.
 */
function readHeader(open: OpenDatabase, path: string): Header {
  try {
    return readHeaderFrom(() => openImmutable(open, path));
  } catch (error) {
    if (sqliteCode(error) === SQLITE_NOTADB) throw notSqlite(path);
    if (sqliteCode(error) !== SQLITE_CORRUPT || !hasLog(path)) throw unreadable(path, error);
  }
  try {
    return readHeaderFrom(() => open(path, { readOnly: true }));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readHeaderFrom(openFile: () => Database): Header {
  const database = openFile();
  try {
    const id = database.prepare("PRAGMA application_id").get() as { application_id: number };
    const version = database.prepare("PRAGMA user_version").get() as { user_version: number };
    return { applicationId: id.application_id, version: version.user_version };
  } finally {
    database.close();
  }
}

function hasLog(path: string): boolean {
  return (statOf(`${path}-wal`)?.size ?? 0) > 0;
}

function unreadable(path: string, error: unknown): StoreError {
  const text = messageOf(error);
  return sqliteCode(error) === SQLITE_CORRUPT
    ? new StoreError("damaged", `${path} is damaged: ${text}; restore a copy`, error)
    : new StoreError("unreachable", `${path} cannot be read: ${text}`, error);
}

function notSqlite(path: string): StoreError {
  return new StoreError("not-a-store", `${path} is no SQLite database; name another file`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
