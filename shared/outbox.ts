// The outbox: records (batches, and gaps where batches had to go) that wait for their
// acknowledgement, in fixed memory. PROTOCOL 7.
//
// The rule that keeps every count exact: what has once been sent is never changed. A sent batch may
// be stored already, its acknowledgement lost; were it dropped, host and gap would both count its
// readings. So room is made by dropping the oldest batch that was never sent, and the session never
// has more than half of the outbox on its way, so that there is always such a batch.
//
// Bytes lie one after the other in one array. Acknowledgements free the front, a drop closes its
// hole by moving what is behind it: `copyWithin` is native everywhere and makes no garbage.

import { assert, type GapReason } from "./errors.ts";
import { BATCH_BYTES_MAX, SEQUENCE_MAX } from "./limits.ts";
import type { RecordSource } from "./session/record-source.ts";

/** One entry of the sequence. Owned by the outbox: valid until the outbox next changes. */
export interface OutboxRecord {
  /** Its place in the epoch. */
  sequence: number;
  /** Sequence numbers it stands for: 1, or more for a gap. */
  count: number;
  /** Why its readings are gone; undefined for a batch. */
  gap: GapReason | undefined;
  readings: number;
  /** Device uptime at its first and last reading. */
  firstMs: number;
  lastMs: number;
  /** Where a batch's bytes lie; both 0 for a gap. */
  offset: number;
  length: number;
}

/** What an encoded batch holds, as its encoder knows it. */
export interface BatchFacts {
  readonly readings: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * What goes when there is no room: the oldest batch; or, so that a little remains from all over a
 * long outage, the batch whose going leaves the smallest hole in time.
 */
export type DropPolicy = "drop-oldest" | "thin-out";

export interface OutboxOptions {
  /** Room for encoded batches. */
  readonly bytesMax: number;
  /** Room for records; each costs about 150 bytes of its own on XS. */
  readonly recordsMax: number;
  /** "drop-oldest" unless given. */
  readonly policy?: DropPolicy;
}

/** An outbox smaller than this could not hold a batch on its way and one that waits. */
export const OUTBOX_BYTES_MIN = 4 * BATCH_BYTES_MAX;
export const OUTBOX_RECORDS_MIN = 4;

export class Outbox implements RecordSource {
  /** Readings ever dropped by this outbox. */
  droppedReadings = 0;
  /** Readings in batches that were acknowledged, and readings that acknowledged gaps told of. */
  acknowledgedReadings = 0;
  acknowledgedGapReadings = 0;

  readonly #bytes: Uint8Array;
  readonly #records: OutboxRecord[];
  readonly #policy: DropPolicy;
  #recordCount = 0;
  /** The first so many records have been sent at least once. */
  #sentCount = 0;
  #sentBytes = 0;
  #head = 0;
  #tail = 0;
  #next = 0;

  constructor(options: OutboxOptions) {
    assert(options.bytesMax >= OUTBOX_BYTES_MIN, `an outbox of ${OUTBOX_BYTES_MIN} bytes or more`);
    assert(
      options.recordsMax >= OUTBOX_RECORDS_MIN,
      `an outbox of ${OUTBOX_RECORDS_MIN} records or more`,
    );
    this.#bytes = new Uint8Array(options.bytesMax);
    this.#records = Array.from({ length: options.recordsMax }, emptyRecord);
    this.#policy = options.policy ?? "drop-oldest";
  }

  /** The oldest sequence number held, or `next` where nothing is held. */
  get first(): number {
    return this.#recordCount === 0 ? this.#next : this.#records[0]!.sequence;
  }

  /** The sequence number that the next new record gets. */
  get next(): number {
    return this.#next;
  }

  get sentEnd(): number {
    if (this.#sentCount === 0) return this.first;
    const last = this.#records[this.#sentCount - 1]!;
    return last.sequence + last.count;
  }

  get storableEnd(): number {
    return this.sentEnd;
  }

  get records(): number {
    return this.#recordCount;
  }

  get isEmpty(): boolean {
    return this.#recordCount === 0;
  }

  get bytesUsed(): number {
    return this.#tail - this.#head;
  }

  /** 0 to 1: how near the outbox is to dropping something. */
  get fill(): number {
    return Math.max(this.bytesUsed / this.#bytes.length, this.#recordCount / this.#records.length);
  }

  /** Readings that wait for their acknowledgement. */
  get readingsWaiting(): number {
    let readings = 0;
    for (let index = 0; index < this.#recordCount; index++) {
      const record = this.#records[index]!;
      if (record.gap === undefined) readings += record.readings;
    }
    return readings;
  }

  /** Keeps a copy of an encoded batch under the next sequence number, dropping older ones for room where it must. */
  appendBatch(batch: Uint8Array, facts: BatchFacts): void {
    assert(batch.length > 0 && batch.length <= BATCH_BYTES_MAX, "a batch within its limit");
    this.#makeRoom(batch.length);
    if (this.#tail + batch.length > this.#bytes.length) this.#compact();
    const record = this.#appendRecord(facts);
    record.gap = undefined;
    record.offset = this.#tail;
    record.length = batch.length;
    this.#bytes.set(batch, this.#tail);
    this.#tail += batch.length;
  }

  /** Records that readings never became a batch. */
  appendGap(reason: GapReason, facts: BatchFacts): void {
    this.#makeRoom(0);
    const record = this.#appendRecord(facts);
    record.gap = reason;
    record.offset = 0;
    record.length = 0;
    this.droppedReadings += facts.readings;
    this.#mergeGap(this.#recordCount - 1);
  }

  /** The record at `sequence`, or the next one behind it; undefined where there is none. */
  recordFrom(sequence: number): OutboxRecord | undefined {
    let low = 0;
    let high = this.#recordCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#records[middle]!.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low < this.#recordCount ? this.#records[low] : undefined;
  }

  /** The oldest record that was never sent, where the outbox allows one more on its way. */
  unsentRecord(): OutboxRecord | undefined {
    if (this.#sentCount === this.#recordCount) return undefined;
    const record = this.#records[this.#sentCount]!;
    const fitsHalf =
      2 * (this.#sentCount + 1) <= this.#records.length &&
      2 * (this.#sentBytes + record.length) <= this.#bytes.length;
    return fitsHalf ? record : undefined;
  }

  /** Marks what `unsentRecord` gave as sent: from here on it only leaves by `acknowledge`. */
  markSent(record: OutboxRecord): void {
    assert(record === this.#records[this.#sentCount], "records are sent in order");
    this.#sentCount++;
    this.#sentBytes += record.length;
  }

  /** Copies a batch's bytes into `into` at `position`. Returns the position behind them. */
  copyBatch(record: OutboxRecord, into: Uint8Array, position: number): number {
    into.set(this.batchOf(record), position);
    return position + record.length;
  }

  /** A batch's bytes, valid until the outbox next changes; empty for a gap. */
  batchOf(record: OutboxRecord): Uint8Array {
    return this.#bytes.subarray(record.offset, record.offset + record.length);
  }

  /** Releases every record before `next`. */
  acknowledge(next: number): void {
    let released = 0;
    while (released < this.#recordCount) {
      const record = this.#records[released]!;
      if (record.sequence + record.count > next) break;
      this.#release(record);
      released++;
    }
    assert(released <= this.#sentCount, "only what was sent is acknowledged");
    this.#removeRecords(0, released);
    this.#sentCount -= released;
  }

  #release(record: OutboxRecord): void {
    this.#head += record.length;
    this.#sentBytes -= record.length;
    if (record.gap === undefined) this.acknowledgedReadings += record.readings;
    else this.acknowledgedGapReadings += record.readings;
  }

  #appendRecord(facts: BatchFacts): OutboxRecord {
    assert(this.#next < SEQUENCE_MAX, "an epoch of fewer than 2^32 records");
    const record = this.#records[this.#recordCount++]!;
    record.sequence = this.#next++;
    record.count = 1;
    record.readings = facts.readings;
    record.firstMs = facts.firstMs;
    record.lastMs = facts.lastMs;
    return record;
  }

  /** Drops unsent batches until a record of `length` bytes fits. */
  #makeRoom(length: number): void {
    while (
      this.#recordCount === this.#records.length ||
      this.bytesUsed + length > this.#bytes.length
    ) {
      this.#dropBatch(this.#policy === "thin-out" ? this.#leastMissed() : this.#oldestUnsent());
    }
  }

  #oldestUnsent(): number {
    let index = this.#sentCount;
    while (index < this.#recordCount && this.#records[index]!.gap !== undefined) index++;
    return index;
  }

  /** The unsent batch whose going leaves the smallest hole between the batches beside it; the oldest of equals. */
  #leastMissed(): number {
    let best = this.#oldestUnsent();
    let bestHoleMs = Number.POSITIVE_INFINITY;
    let beforeMs = this.#lastMsBefore(best);
    for (let index = best; index < this.#recordCount; ) {
      const next = this.#nextBatch(index + 1);
      const holeMs = (next?.record.firstMs ?? Number.POSITIVE_INFINITY) - beforeMs;
      if (holeMs < bestHoleMs) [best, bestHoleMs] = [index, holeMs];
      beforeMs = this.#records[index]!.lastMs;
      index = next?.index ?? this.#recordCount;
    }
    return best;
  }

  /** When the last batch before `index` ends; minus infinity where there is none, as nothing is known of the time before. */
  #lastMsBefore(index: number): number {
    for (let before = index - 1; before >= 0; before--) {
      if (this.#records[before]!.gap === undefined) return this.#records[before]!.lastMs;
    }
    return Number.NEGATIVE_INFINITY;
  }

  #nextBatch(from: number): { index: number; record: OutboxRecord } | undefined {
    for (let index = from; index < this.#recordCount; index++) {
      const record = this.#records[index]!;
      if (record.gap === undefined) return { index, record };
    }
    return undefined;
  }

  #dropBatch(index: number): void {
    assert(index < this.#recordCount, "half of a full outbox is unsent batches");
    const record = this.#records[index]!;
    this.droppedReadings += record.readings;
    this.#removeBytes(record, index);
    record.gap = "outbox-full";
    record.offset = 0;
    record.length = 0;
    if (index + 1 < this.#recordCount) this.#mergeGap(index + 1);
    this.#mergeGap(index);
  }

  #removeBytes(record: OutboxRecord, index: number): void {
    this.#bytes.copyWithin(record.offset, record.offset + record.length, this.#tail);
    this.#tail -= record.length;
    for (let later = index + 1; later < this.#recordCount; later++) {
      const moved = this.#records[later]!;
      if (moved.gap === undefined) moved.offset -= record.length;
    }
  }

  /**
   * Joins the record at `index`, if it is a gap, to an unsent gap right before it; the reason is then
   * the later one's. No two unsent gaps stand side by side, so every other unsent record is a batch.
   */
  #mergeGap(index: number): void {
    if (index >= this.#recordCount || index <= this.#sentCount) return;
    const gap = this.#records[index]!;
    const before = this.#records[index - 1]!;
    if (before.gap === undefined || gap.gap === undefined) return;
    before.count += gap.count;
    before.readings += gap.readings;
    before.firstMs = Math.min(before.firstMs, gap.firstMs);
    before.lastMs = Math.max(before.lastMs, gap.lastMs);
    before.gap = gap.gap;
    this.#removeRecords(index, 1);
  }

  /** Takes records out of the list; the objects go to its end, for later use. */
  #removeRecords(index: number, count: number): void {
    const records = this.#records;
    for (let step = 0; step < count; step++) {
      const record = records[index]!;
      records.copyWithin(index, index + 1, this.#recordCount);
      this.#recordCount--;
      records[this.#recordCount] = record;
    }
  }

  #compact(): void {
    this.#bytes.copyWithin(0, this.#head, this.#tail);
    for (let index = 0; index < this.#recordCount; index++) {
      const record = this.#records[index]!;
      if (record.gap === undefined) record.offset -= this.#head;
    }
    this.#tail -= this.#head;
    this.#head = 0;
  }
}

function emptyRecord(): OutboxRecord {
  return {
    sequence: 0,
    count: 0,
    gap: undefined,
    readings: 0,
    firstMs: 0,
    lastMs: 0,
    offset: 0,
    length: 0,
  };
}
