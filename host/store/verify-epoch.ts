// Verifies one epoch: walks its batches and gaps together in the order of their sequence numbers and
// compares what they cover, and what they hold, with what the store says.
//
// A batch that was stored twice under two numbers is known by its body. Times within an epoch never
// run backwards, so an earlier batch with the same body is either the one just before, or a batch
// that begins at the same time and makes this one run backwards; that one is found by binary search.
// So no memory of all bodies is needed.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { type Channel, decodeSchema } from "../../shared/channel.ts";
import { BatchChecksum } from "./checksum.ts";
import { arePartsOf } from "./parts.ts";
import { addSaturating } from "./saturating.ts";
import { batchId, batchSource, sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";
import type { EpochVerdict } from "./verify.ts";
import { SummaryVerifier } from "./verify-summary.ts";

const PAGE_ROWS = 256;

/** An epoch as its row has it. */
export interface EpochToVerify {
  readonly id: number;
  readonly device: string;
  readonly epoch: string;
  readonly first: number;
  readonly next: number;
  readonly batches: number;
  readonly readings: number;
  readonly gap_readings: number;
  readonly last_ms: number | null;
  readonly merged: number;
}

interface BatchRow {
  readonly id: number;
  readonly schema: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly rows: number;
  readonly readings: number;
  readonly count: number;
  readonly parts: Uint8Array | null;
  readonly crc32c: number;
  readonly body: Uint8Array;
}

interface GapRow {
  readonly sequence: number;
  readonly count: number;
  readonly readings: number;
  readonly reason: string;
}

/** A batch or a gap, and the sequence numbers [start, end) that it covers. */
type Cover =
  | { readonly start: number; readonly end: number; readonly batch: BatchRow }
  | { readonly start: number; readonly end: number; readonly gap: GapRow };

export class EpochVerifier {
  readonly #epoch: EpochToVerify;
  readonly #onFault: (text: string) => void;
  readonly #batchPage: Statement;
  readonly #gapPage: Statement;
  readonly #schema: Statement;
  /** Undefined where the store is of before batches were kept aside. */
  readonly #refused: Statement | undefined;
  readonly #schemas = new Map<number, readonly Channel[]>();
  readonly #checksum: BatchChecksum;
  readonly #columns = new BatchColumns();
  readonly #summaries: SummaryVerifier;
  readonly #found = {
    readings: 0,
    batches: 0,
    gaps: 0,
    gapReadings: 0,
    missing: 0,
    duplicates: 0,
    elsewhere: 0,
    keptAside: 0,
    checksumFailures: 0,
    undecodable: 0,
  };
  /** Every sequence number before this one has been accounted for, or counted as missing. */
  #covered: number;
  #previous: BatchRow | undefined;
  /** The latest time so far, and whether times ran backwards anywhere. */
  #lastMs = -1;

  constructor(database: Database, epoch: EpochToVerify, onFault: (text: string) => void) {
    this.#epoch = epoch;
    this.#onFault = onFault;
    this.#covered = epoch.first;
    this.#checksum = new BatchChecksum(epoch.epoch);
    this.#summaries = new SummaryVerifier(database, epoch, (text) => this.#fault(text));
    this.#schema = database.prepare("SELECT body FROM schema WHERE id = ?");
    this.#refused = hasRefused(database)
      ? database.prepare("SELECT crc32c, body FROM refused WHERE id = ?")
      : undefined;
    this.#batchPage = database.prepare(
      `SELECT id, schema, first_ms, last_ms, rows, readings, count, parts, crc32c, body FROM ${batchSource(database)} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    );
    this.#gapPage = database.prepare(
      "SELECT sequence, count, readings, reason FROM gap WHERE epoch = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
    );
  }

  /** `onAdvance` hears of records done since it was called last. */
  run(onAdvance: (count: number) => void): EpochVerdict {
    let told = 0;
    for (const cover of this.#covers()) {
      this.#place(cover);
      if ("batch" in cover) this.#checkBatch(cover.batch);
      else this.#countGap(cover.gap);
      if (++told % PAGE_ROWS === 0) onAdvance(PAGE_ROWS);
    }
    onAdvance(told % PAGE_ROWS);
    this.#summaries.end();
    this.#checkEnd();
    const { device, epoch, first, next } = this.#epoch;
    return { device, epoch, first, next, ...this.#found };
  }

  /** Batches and gaps by their first sequence number; of the same number the gap first. */
  *#covers(): Generator<Cover> {
    const gaps = this.#gaps();
    let gap = gaps.next();
    for (const batch of this.#batches()) {
      const start = sequenceOf(batch.id);
      for (; gap.done !== true && gap.value.sequence <= start; gap = gaps.next()) {
        yield coverOf(gap.value);
      }
      yield { start, end: start + batch.count, batch };
    }
    for (; gap.done !== true; gap = gaps.next()) yield coverOf(gap.value);
  }

  *#batches(): Generator<BatchRow> {
    const end = batchId(this.#epoch.id + 1, 0);
    let start = batchId(this.#epoch.id, 0);
    for (;;) {
      const rows = this.#batchPage.all(start, end, PAGE_ROWS) as BatchRow[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      start = rows[rows.length - 1]!.id + 1;
    }
  }

  *#gaps(): Generator<GapRow> {
    let start = 0;
    for (;;) {
      const rows = this.#gapPage.all(this.#epoch.id, start, PAGE_ROWS) as GapRow[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      start = rows[rows.length - 1]!.sequence + 1;
    }
  }

  /** Counts what lies between this cover and the ones before it, and what it covers again. */
  #place({ start, end }: Cover): void {
    if (start < this.#epoch.first || end > this.#epoch.next) {
      const range = `[${this.#epoch.first}, ${this.#epoch.next})`;
      this.#fault(`records ${start} to ${end - 1} lie outside of ${range}, which the epoch claims`);
    }
    if (start > this.#covered) {
      const count = start - this.#covered;
      this.#found.missing += count;
      this.#fault(`${count} records are missing from ${this.#covered} on`);
    } else if (start < this.#covered && start >= this.#epoch.first) {
      this.#found.duplicates += Math.min(end, this.#covered) - start;
      this.#fault(`record ${start} is covered twice`);
    }
    this.#covered = Math.max(this.#covered, end);
  }

  #countGap({ sequence, count, readings, reason }: GapRow): void {
    this.#found.gaps++;
    if (count < 1) this.#fault(`the gap at ${sequence} covers nothing`);
    if (reason === "elsewhere") this.#found.elsewhere += count;
    if (reason === "refused") this.#checkKeptAside(sequence);
    this.#found.gapReadings = addSaturating(this.#found.gapReadings, readings);
  }

  #checkKeptAside(sequence: number): void {
    const id = batchId(this.#epoch.id, sequence);
    const row = this.#refused?.get(id) as Pick<BatchRow, "crc32c" | "body"> | undefined;
    if (row === undefined) {
      this.#found.missing++;
      this.#fault(`batch ${sequence}, which was kept aside, is missing`);
      return;
    }
    this.#found.keptAside++;
    if (this.#checksum.of(sequence, row.body) === row.crc32c) return;
    this.#found.checksumFailures++;
    this.#fault(`batch ${sequence}, which was kept aside, is not what came: its checksum differs`);
  }

  #checkBatch(row: BatchRow): void {
    this.#found.batches += row.count;
    this.#checkPlaceInTime(row);
    this.#summaries.add(row, this.#checkBody(row));
    this.#previous = row;
    this.#lastMs = Math.max(this.#lastMs, row.last_ms);
  }

  #checkPlaceInTime(row: BatchRow): void {
    const isBackwards = row.first_ms < this.#lastMs;
    const twin =
      this.#previous !== undefined && hasSameBody(this.#previous, row)
        ? this.#previous
        : isBackwards
          ? this.#findTwin(row)
          : undefined;
    const sequence = sequenceOf(row.id);
    if (twin !== undefined) {
      this.#found.duplicates++;
      this.#fault(`batch ${sequence} is batch ${sequenceOf(twin.id)} again`);
    }
    if (isBackwards) this.#fault(`batch ${sequence} begins before the end of its predecessors`);
  }

  /** A batch before `row` with the same body, by binary search over the times at which batches begin. */
  #findTwin(row: BatchRow): BatchRow | undefined {
    let low = batchId(this.#epoch.id, this.#epoch.first);
    let high = row.id;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const probe = this.#batchFrom(middle, high);
      if (probe === undefined || probe.first_ms >= row.first_ms) high = middle;
      else low = probe.id + 1;
    }
    const twin = this.#batchFrom(low, row.id);
    return twin !== undefined && hasSameBody(twin, row) ? twin : undefined;
  }

  #batchFrom(start: number, end: number): BatchRow | undefined {
    return (this.#batchPage.all(start, end, 1) as BatchRow[])[0];
  }

  /** Returns what is in the batch; undefined where it is damaged. */
  #checkBody(row: BatchRow): { channels: readonly Channel[]; columns: BatchColumns } | undefined {
    const sequence = sequenceOf(row.id);
    if (this.#checksum.of(sequence, row.body) !== row.crc32c) {
      this.#found.checksumFailures++;
      this.#fault(`batch ${sequence} is not what was stored: its checksum differs`);
      return undefined;
    }
    const columns = this.#columns;
    const channels = this.#channelsOf(row.schema);
    if (!decodeBatch(row.body, channels, columns)) {
      this.#found.undecodable++;
      this.#fault(`batch ${sequence} cannot be decoded`);
      return undefined;
    }
    this.#found.readings += columns.readings;
    if (!describes(row, columns)) this.#fault(`batch ${sequence} is described wrongly by its row`);
    return { channels, columns };
  }

  #channelsOf(schemaId: number): readonly Channel[] {
    const cached = this.#schemas.get(schemaId);
    if (cached !== undefined) return cached;
    const row = this.#schema.get(schemaId) as { body: Uint8Array } | undefined;
    const channels = (row && decodeSchema(row.body)) ?? [];
    this.#schemas.set(schemaId, channels);
    return channels;
  }

  /** What the epoch's row says against what there is. Readings of damaged batches are not known. */
  #checkEnd(): void {
    const { next, batches, readings, gap_readings: gapReadings, last_ms: lastMs } = this.#epoch;
    const found = this.#found;
    if (next > this.#covered) {
      found.missing += next - this.#covered;
      this.#fault(`records ${this.#covered} to ${next - 1} are missing at the end`);
    }
    const isSound = found.checksumFailures + found.undecodable === 0;
    const agrees =
      batches === found.batches &&
      gapReadings === found.gapReadings &&
      (lastMs ?? -1) === this.#lastMs &&
      (readings === found.readings || !isSound);
    if (!agrees) this.#fault("the epoch's counts do not agree with its batches and gaps");
  }

  #fault(text: string): void {
    this.#onFault(`${this.#epoch.device}, epoch ${this.#epoch.epoch}: ${text}`);
  }
}

/** Whether the store has a table of batches that were kept aside. */
export function hasRefused(database: Database): boolean {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'refused'");
  return table.get() !== undefined;
}

function coverOf(gap: GapRow): Cover {
  return { start: gap.sequence, end: gap.sequence + gap.count, gap };
}

function hasSameBody(one: BatchRow, other: BatchRow): boolean {
  return Buffer.compare(one.body, other.body) === 0;
}

function describes(row: BatchRow, columns: BatchColumns): boolean {
  return (
    row.first_ms === columns.timesMs[0] &&
    row.last_ms === columns.timesMs[columns.rows - 1] &&
    row.rows === columns.rows &&
    row.readings === columns.readings &&
    arePartsOf(row.parts, row.count, row.rows)
  );
}
