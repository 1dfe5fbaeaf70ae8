// A directory for a store, and what tests do with the one in it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Commit, Trouble } from "../../host/store/operation.ts";
import { type Database, loadSqlite } from "../../host/store/sqlite.ts";
import { Store, type StoreOptions } from "../../host/store/store.ts";

/** A path for a store in a directory of its own, which goes when the test ends. */
export function storePath(): string {
  const directory = mkdtempSync(join(tmpdir(), "senda-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "readings.db");
}

/** A store that is closed when the test ends, if not before. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = await Store.open(options);
  onTestFinished(() => store.close().catch(() => {}));
  return store;
}

/** Any connection to the database, as an operator's tool would make it. */
export async function openDatabase(path: string): Promise<Database> {
  const open = await loadSqlite();
  const database = open(path);
  onTestFinished(() => {
    try {
      database.close();
    } catch {
      // The test has closed it.
    }
  });
  return database;
}

/** Resolves with the store's next trouble. */
export function nextTrouble(store: Store): Promise<Trouble> {
  return new Promise((resolve) => {
    store.onTrouble = resolve;
  });
}

/** Collects what the store tells. */
export function commitsOf(store: Store): Commit[] {
  const commits: Commit[] = [];
  store.onCommit = (commit) => commits.push(commit);
  return commits;
}

/** How far the store has told that an epoch is on disk; 0 where it has told nothing. */
export function storedNext(commits: readonly Commit[], epochId: number): number {
  const stored = commits.flatMap((commit) => commit.stored);
  return stored.findLast((epoch) => epoch.epochId === epochId)?.next ?? 0;
}
