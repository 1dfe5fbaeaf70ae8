// Merging: while a link is up a device sends a batch each second, and a batch of one row takes ten times
// the bytes of its readings. So batches that have been in the store for a while become larger ones, in
// small steps that the worker takes while nothing waits. Each step is one transaction, which leaves every
// record where it was or in one merged batch, whenever the process ends. What cannot be merged stays as it
// came. docs/decisions/0011-merged-batches.md.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { BatchMerger } from "./batch-merger.ts";
import { BatchChecksum } from "./checksum.ts";
import {
  MERGED_ROWS_MAX,
  MergeTable,
  type Run,
  type RunBatch,
  type UnmergedEpoch,
} from "./merge-table.ts";
import { sequenceOf } from "./schema.ts";
import type { Database } from "./sqlite.ts";
import { blockOf } from "./summary.ts";
import { type BlockOwner, SummaryTable } from "./summary-table.ts";

/** So long a batch stays as it came: those who follow the store mostly are past it by then. */
const SETTLED_AFTER_MS = 180_000;

/** How soon an epoch is looked at again at the earliest, where not all of it could be merged. */
const VISIT_AGAIN_MS_MIN = 1_000;

/** Rows after which a step ends, a merged batch of them: two or three milliseconds. */
const ROWS_PER_STEP = MERGED_ROWS_MAX;

/** Records of one epoch that will be merged. */
interface Waiting {
  readonly dueAtMs: number;
  /** Those before this one had come when the epoch began to wait. */
  readonly next: number;
}

export class Merger {
  readonly #database: Database;
  readonly #table: MergeTable;
  readonly #summaries: SummaryTable;
  readonly #merger = new BatchMerger();
  readonly #columns = new BatchColumns();
  /** By epoch, the first that is due first. */
  readonly #waiting = new Map<number, Waiting>();
  /** What an earlier process left, as far as it was looked through; and up to where, until all is. */
  readonly #left: { readonly id: number; readonly next: number }[] = [];
  #lookedThrough: number | undefined = 0;
  readonly #leftDueAtMs: number;
  readonly #settledAfterMs: number;

  /** `nowMs`: monotonic, as all times here. */
  constructor(database: Database, nowMs: number, settledAfterMs: number = SETTLED_AFTER_MS) {
    this.#database = database;
    this.#table = new MergeTable(database);
    this.#summaries = new SummaryTable(database);
    this.#settledAfterMs = settledAfterMs;
    this.#leftDueAtMs = nowMs + settledAfterMs;
  }

  /** When `step` next has something to do; undefined where nothing waits. */
  get dueAtMs(): number | undefined {
    const [first] = this.#waiting.values();
    const isAllLooked = this.#lookedThrough === undefined && this.#left.length === 0;
    if (isAllLooked) return first?.dueAtMs;
    return Math.min(first?.dueAtMs ?? this.#leftDueAtMs, this.#leftDueAtMs);
  }

  /** Told of epochs that got on. */
  note(
    stored: readonly { readonly epochId: number; readonly next: number }[],
    nowMs: number,
  ): void {
    for (const { epochId, next } of stored) {
      if (this.#waiting.has(epochId)) continue;
      this.#waiting.set(epochId, { dueAtMs: nowMs + this.#settledAfterMs, next });
    }
  }

  /** Does a few milliseconds of what is due. Where it throws, the store is as it was, and the epoch waits. */
  step(nowMs: number): void {
    const [first] = this.#waiting;
    if (first !== undefined && first[1].dueAtMs <= nowMs)
      this.#visit(first[0], first[1].next, nowMs);
    else if (nowMs >= this.#leftDueAtMs) this.#takeLeft(nowMs);
  }

  #takeLeft(nowMs: number): void {
    const left = this.#left.pop();
    if (left !== undefined) {
      if (!this.#visit(left.id, left.next, nowMs)) this.#left.push(left);
      return;
    }
    if (this.#lookedThrough === undefined) return;
    const behind = this.#table.epochsBehind(this.#lookedThrough);
    this.#lookedThrough = behind?.end;
    this.#left.push(...(behind?.epochs ?? []));
  }

  /** Merges records of the epoch before `next`. True where all that can be were. */
  #visit(epochId: number, next: number, nowMs: number): boolean {
    let isDone = true;
    try {
      isDone = this.#inTransaction(() => this.#mergeEpoch(epochId, next));
    } finally {
      if (isDone) this.#leave(epochId, nowMs);
    }
    return isDone;
  }

  /** Lets the epoch wait where it has records that are not merged: for more of them, or to settle. */
  #leave(epochId: number, nowMs: number): void {
    const epoch = this.#table.epoch(epochId);
    this.#waiting.delete(epochId);
    if (epoch === undefined || epoch.merged >= epoch.next) return;
    const dueAtMs = nowMs + Math.max(this.#settledAfterMs, VISIT_AGAIN_MS_MIN);
    this.#waiting.set(epochId, { dueAtMs, next: epoch.next });
  }

  /** True where nothing more of the records before `settled` can be merged. */
  #mergeEpoch(epochId: number, settled: number): boolean {
    const epoch = this.#table.epoch(epochId);
    if (epoch === undefined) return true;
    // Whoever opens the store reads from latest_next on, batch by batch.
    const end = Math.min(settled, epoch.next, epoch.latest_next);
    const isOver = epoch.isNewest === 0 && end === epoch.next;
    let merged = Math.max(epoch.merged, epoch.first);
    let rows = 0;
    let run = this.#table.nextRun(epoch, merged, end);
    const isDue = ({ end: runEnd, rows: runRows }: Run) =>
      runEnd < end || runRows >= MERGED_ROWS_MAX || isOver;
    while (run !== undefined && isDue(run)) {
      this.#mergeRun(epoch, run);
      merged = run.end;
      rows += run.rows;
      if (rows >= ROWS_PER_STEP) break;
      run = this.#table.nextRun(epoch, merged, end);
    }
    if (run === undefined) merged = Math.max(merged, end); // gaps, to the end
    if (merged > epoch.merged) this.#table.saveMerged(epochId, merged);
    return run === undefined || !isDue(run);
  }

  /** Makes one batch of the run, or leaves its batches as they came; with summaries of what there is then. */
  #mergeRun(epoch: UnmergedEpoch, run: Run): void {
    const schemaId = run.schema;
    const channels = this.#table.channels(schemaId) ?? [];
    const owner = { id: epoch.id, epoch: epoch.epoch, schemaId, channels };
    const batches = this.#table.batches(epoch.id, run);
    const checksum = new BatchChecksum(epoch.epoch);
    // What is damaged, or looks as if it was stored twice, stays for `senda verify` to find.
    const isSound = ({ id, body, crc32c }: RunBatch) =>
      checksum.of(sequenceOf(id), body) === crc32c;
    const bodies = batches.map(({ body }) => body);
    const canMerge = batches.length > 1 && batches.every(isSound) && !hasTwins(bodies);
    const made = canMerge ? this.#merger.merge({ schemaId, channels, bodies }) : undefined;
    if (made !== undefined) {
      this.#table.replace(epoch, run, { ...made, origin: batches.at(-1)! });
      this.#summaries.append(owner, blockOf(run.start, run.end, channels, this.#merger.columns));
      return;
    }
    for (const batch of batches.filter(isSound)) this.#summarise(owner, batch);
  }

  #summarise(owner: BlockOwner, { id, body, count }: RunBatch): void {
    if (!decodeBatch(body, owner.channels, this.#columns)) return;
    const start = sequenceOf(id);
    this.#summaries.append(owner, blockOf(start, start + count, owner.channels, this.#columns));
  }

  #inTransaction<T>(body: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      rollBack(this.#database);
      throw error;
    }
  }
}

function hasTwins(bodies: readonly Uint8Array[]): boolean {
  return bodies.some((body, index) => index > 0 && Buffer.compare(body, bodies[index - 1]!) === 0);
}

function rollBack(database: Database): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, as it does on a full disk (sqlite.org/lang_transaction.html 3).
  }
}
