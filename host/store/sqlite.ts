// Which SQLite there is: Node's own where it can open files by URI and give rows as arrays, else the drop-in of
// the same interface (docs/decisions/0006-store.md). Only the part of the interface that the store
// uses is typed here, so that both fit.

/** What a column may hold on its way in. */
type SqlInput = number | string | null | Uint8Array;

export interface Statement {
  run(...values: SqlInput[]): { readonly lastInsertRowid: number | bigint };
  get(...values: SqlInput[]): unknown;
  all(...values: SqlInput[]): unknown[];
  /** Rows as arrays from here on: one takes two thirds of the time of an object. */
  setReturnArrays(returnsArrays: boolean): void;
}

/**
 * An open database. The drop-in keeps a closed one's locks until its statements are collected, so
 * what must let go at once (the writer's lock) uses `exec` only.
 */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface OpenOptions {
  readonly readOnly?: boolean;
}

/** Opens the database at a path, or at a "file:" URI with SQLite's parameters. */
export type OpenDatabase = (location: string, options?: OpenOptions) => Database;

interface SqliteModule {
  readonly DatabaseSync: new (location: string, options: OpenOptions) => Database;
}

/**
 * The first releases, by major, whose node:sqlite understands URIs and returns arrays (Node's documentation
 * of DatabaseSync and StatementSync); 23 never did.
 */
const BUILTIN_SINCE = [
  [24, 0],
  [22, 16],
] as const;

/** Result codes of SQLite (sqlite.org/rescode.html), as far as something depends on them. */
export const SQLITE_BUSY = 5;
export const SQLITE_READONLY = 8;
export const SQLITE_IOERR = 10;
export const SQLITE_CORRUPT = 11;
export const SQLITE_FULL = 13;
export const SQLITE_CANTOPEN = 14;
export const SQLITE_NOTADB = 26;

/** Loads SQLite. Rejects where neither implementation is there. */
export async function loadSqlite(): Promise<OpenDatabase> {
  const { DatabaseSync } = builtinSqlite() ?? (await dropInSqlite());
  return (location, options = {}) => new DatabaseSync(location, options);
}

/** SQLite's "some error", for those whose result code is not told. */
const SQLITE_ERROR = 1;

/**
 * The primary result code of an error that SQLite raised; undefined for any other error. Where the
 * drop-in leaves the number out (errors of `all`, @photostructure/sqlite 1.2.1) the text tells damage.
 */
export function sqliteCode(error: unknown): number | undefined {
  const { errcode, code, message } = error as Partial<
    Record<"errcode" | "code" | "message", unknown>
  >;
  if (typeof errcode === "number") return errcode & 0xff;
  if (code !== "ERR_SQLITE_ERROR") return undefined;
  return /malformed|corrupt/i.test(String(message)) ? SQLITE_CORRUPT : SQLITE_ERROR;
}

function builtinSqlite(): SqliteModule | undefined {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [[newMajor], [oldMajor, oldMinor]] = BUILTIN_SINCE;
  if (major < newMajor && (major !== oldMajor || minor < oldMinor)) return undefined;
  return process.getBuiltinModule("node:sqlite") as SqliteModule | undefined;
}

async function dropInSqlite(): Promise<SqliteModule> {
  return (await import("@photostructure/sqlite")) as unknown as SqliteModule;
}
