// How peers keep readings: a row each, in SQLite with the settings of our own store, committed in
// groups of 2,000 or after 20 ms. The table has no index, which is the faster way for rows.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, loadSqlite, type Statement } from "../../host/store/sqlite.ts";
import { sleep } from "../host/load/run.ts";
import type { LoadTimes } from "../host/peers.ts";

const ROWS_PER_COMMIT = 2_000;
const COMMIT_AFTER_MS = 20;

export interface Row {
  readonly d: number;
  readonly c: number;
  readonly t: number;
  readonly v: number;
}

export class RowStore {
  /** Rows on disk. */
  stored = 0;
  /** Told after every commit. */
  onCommit: () => void = () => {};
  /** Resolves with the first commit: the load has begun. */
  readonly #begun: Promise<void>;
  readonly #folder: string;
  readonly #database: Database;
  readonly #insert: Statement;
  #waiting: Row[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #begin: () => void = () => {};

  private constructor(folder: string, database: Database) {
    this.#folder = folder;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#database = database;
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("CREATE TABLE reading (dev INTEGER, ch INTEGER, t INTEGER, v REAL)");
    this.#insert = database.prepare("INSERT INTO reading VALUES (?, ?, ?, ?)");
  }

  static async open(): Promise<RowStore> {
    const folder = mkdtempSync(join(tmpdir(), "senda-peer-"));
    const open = await loadSqlite();
    return new RowStore(folder, open(join(folder, "rows.db")));
  }

  /** Rows stored a second while it is measured, which begins some time after the first commit. */
  async rate({ warmUpMs, measureMs }: LoadTimes): Promise<number> {
    await this.#begun;
    await sleep(warmUpMs);
    const [startMs, before] = [performance.now(), this.stored];
    await sleep(measureMs);
    return ((this.stored - before) * 1_000) / (performance.now() - startMs);
  }

  /** Takes a row; none any more once it is closed. */
  add(row: Row): void {
    if (this.#isClosed) return;
    this.#waiting.push(row);
    if (this.#waiting.length >= ROWS_PER_COMMIT) this.#commit();
    else this.#timer ??= setTimeout(() => this.#commit(), COMMIT_AFTER_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#database.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = this.#waiting;
    this.#waiting = [];
    this.#database.exec("BEGIN");
    for (const { d, c, t, v } of rows) this.#insert.run(d, c, t, v);
    this.#database.exec("COMMIT");
    this.stored += rows.length;
    this.#begin();
    this.onCommit();
  }
}
