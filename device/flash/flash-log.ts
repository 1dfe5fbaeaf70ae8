// The outbox's records where a power cut does not reach them: a log in flash that goes round its blocks.
// It knows nothing of sessions; what is sent when is its user's business. The layout is in
// docs/decisions/0009-flash-log.md.
//
// The simple thing that fails: when flash is full, the oldest block goes. But whatever a log holds after
// a boot may have been sent in the life before, and what may have been sent is never changed
// (docs/decisions/0004-session.md): host and gap would both count it. The log does not even know where
// within a block "sent" ends.
//
// The rule: **a record that was appended stays until it is acknowledged.** A block is erased once all
// in it is. Where the block whose turn it is holds more, `append` answers "full" and nothing has
// changed: the user still has the record, never sent, and may drop it for a gap as without flash.
//
// Three more keep that sound after a cut at any byte. Records are sent only after they were appended,
// so that flash knows every number a host can know. An epoch ends with the life that began it, for what
// was last appended may have been lost, and its number must not come again. Epochs are acknowledged
// oldest first, so one place in the log says all, and an acknowledgement of any other is ignored.

import { assert } from "../../shared/errors.ts";
import { BATCH_BYTES_MAX, SEQUENCE_MAX } from "../../shared/limits.ts";
import { BLOCK_HEADER_BYTES } from "./block-header.ts";
import { type Entry, entryBytesMax } from "./entry.ts";
import { EntryReader, NO_BLOCK } from "./entry-reader.ts";
import { EntryWriter } from "./entry-writer.ts";
import type { Flash } from "./flash.ts";
import { copyPlace, isBefore, type Place, passRecord, placeAt } from "./place.ts";
import { findRecord, type LogRecord, RecordCursor } from "./record-cursor.ts";

/** An acknowledgement is written for so many bytes of entries: at most 1 in 20 bytes, and as much is sent twice after a cut. */
export const ACK_AFTER_BYTES = 512;

/** Epochs that are listed at a time: a device that rebooted a thousand times must still boot. */
export const EPOCHS_LISTED_MAX = 8;

/** One block is written while the next one is erased. */
const BLOCKS_MIN = 2;

export interface FlashLogOptions {
  readonly flash: Flash;
  /** Longest body of a record; the buffer is of this size. */
  readonly bodyBytesMax?: number;
}

/** "full": nothing has changed; acknowledgements make room. */
export type AppendOutcome = "appended" | "full";

/** What the log holds of one epoch and is not acknowledged. */
export interface EpochSummary {
  readonly epoch: string;
  /** The first sequence number held, and the one behind the last. */
  first: number;
  next: number;
  /** Batches and gaps, those in the place of lost records not counted. */
  records: number;
  readings: number;
  /** Uptime, in the life of that epoch, at the first and the last reading. */
  firstMs: number;
  lastMs: number;
}

/** What `recover` found. */
export interface Recovery {
  /** Oldest first, at most EPOCHS_LISTED_MAX; once they are acknowledged, `epochs` lists more. */
  readonly epochs: readonly EpochSummary[];
  /** Whether the last write was cut short. What was to be written had not been promised to anybody. */
  readonly isTorn: boolean;
  /** Runs of bytes that are no entry, though something was written there: heads that have rotted. Of what was read. */
  readonly damaged: number;
  /** Blocks without a header, within the log: all that they held is lost. Of what was read. */
  readonly damagedBlocks: number;
}

export class FlashLog {
  /** Readings in batches, and readings that gaps tell of, acknowledged since the boot. */
  acknowledgedReadings = 0;
  acknowledgedGapReadings = 0;

  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  /** The log's one buffer: the entry that is written, or the body that was read. */
  readonly #buffer: Uint8Array;
  readonly #bodyBytesMax: number;
  #hasRecovered = false;

  /** Before the oldest record that is not acknowledged. */
  readonly #head: Place = placeAt(0, BLOCK_HEADER_BYTES);

  /** The epoch of the newest record; until this life has one, of the life before. */
  #epoch = "";
  #isEpochOurs = false;
  #next = 0;
  /** Readings of the epoch so far. */
  #readings = 0;

  /** Bytes of the entries that were acknowledged since that was last written. */
  #unwrittenBytes = 0;

  constructor({ flash, bodyBytesMax = BATCH_BYTES_MAX }: FlashLogOptions) {
    const bytesMax = entryBytesMax(bodyBytesMax);
    assert(flash.blockCount >= BLOCKS_MIN, `a flash log of ${BLOCKS_MIN} blocks or more`);
    assert(BLOCK_HEADER_BYTES + bytesMax <= flash.blockBytes, "a record that fits a block");
    this.#bodyBytesMax = bodyBytesMax;
    this.#buffer = new Uint8Array(bytesMax);
    this.#reader = new EntryReader(flash);
    this.#writer = new EntryWriter(flash, this.#reader, this.#buffer);
  }

  /** How often the block that is written was erased; any other at most once more or less, but for cuts. */
  get wear(): number {
    return this.#writer.header.wear;
  }

  /**
   * Finds out what the log holds; once, before all else. Reads the headers, the newest block and the
   * heads of what is not acknowledged. Writes nothing: a boot costs no wear, and a cut while it runs
   * changes nothing.
   */
  recover(): Recovery {
    assert(!this.#hasRecovered, "a log recovers once");
    this.#hasRecovered = true;
    const reader = this.#reader;
    this.#writer.findTail();
    if (reader.tailBlock === NO_BLOCK) {
      return { epochs: [], isTorn: false, damaged: 0, damagedBlocks: 0 };
    }
    // What is behind the last entry is no damage: the log ends there until that is known.
    reader.tailOffset = this.#scanNewestBlock();
    reader.damaged = 0;
    this.#restoreHead();
    const epochs = this.epochs();
    const { damaged, damagedBlocks } = reader;
    const isTorn = this.#writer.settleTail(reader.tailOffset);
    return { epochs, isTorn, damaged, damagedBlocks };
  }

  /** The epochs that have records not acknowledged, oldest first, at most EPOCHS_LISTED_MAX. */
  epochs(): EpochSummary[] {
    const reader = this.#reader;
    const place = placeAt(0, 0);
    copyPlace(this.#head, place);
    const summaries: EpochSummary[] = [];
    let last: EpochSummary | undefined;
    while (findRecord(reader, place)) {
      const { entry } = reader;
      if (last === undefined || last.epoch !== entry.epoch) {
        if (summaries.length === EPOCHS_LISTED_MAX) break;
        last = emptySummary(place);
        summaries.push(last);
      }
      addToSummary(last, entry);
      passRecord(place, entry);
    }
    return summaries;
  }

  /** Reads what is not acknowledged, oldest first, records of this life included. Any number of cursors may be in use. */
  records(): RecordCursor {
    assert(this.#hasRecovered, "a log recovers first");
    return new RecordCursor(this.#reader, this.#head, this.#buffer);
  }

  /**
   * Keeps a record: after "appended" it is there, whatever happens, until it is acknowledged. The records
   * of an epoch come in sequence, from 0 on and without a hole; an epoch of an earlier life, or that
   * another one followed, takes no more. May take as long as erasing a block does.
   */
  append(record: LogRecord): AppendOutcome {
    this.#checkRecord(record);
    const { epoch, gap, readings } = record;
    const { draft } = this.#writer;
    draft.kind = gap === undefined ? "batch" : "gap";
    draft.epoch = epoch;
    draft.sequence = record.sequence;
    draft.count = record.count;
    draft.gap = gap;
    draft.readings = readings;
    draft.readingsBefore = epoch === this.#epoch ? this.#readings : 0;
    draft.firstMs = record.firstMs;
    draft.lastMs = record.lastMs;
    if (!this.#write(gap === undefined ? record.body : undefined, epoch)) return "full";
    this.#epoch = epoch;
    this.#isEpochOurs = true;
    this.#next = record.sequence + record.count;
    this.#readings = draft.readingsBefore + readings;
    this.#persistHead(ACK_AFTER_BYTES);
    return "appended";
  }

  /**
   * Releases the records of `epoch` before `next`. Written down only now and then: a cut may bring back
   * what was acknowledged, and a host drops it by its numbers. Ignored where an older epoch has records
   * left, or this one has none. An epoch is given up by acknowledging all of it.
   */
  acknowledge(epoch: string, next: number): void {
    assert(this.#hasRecovered, "a log recovers first");
    this.#advanceHead(epoch, next);
    this.#persistHead(ACK_AFTER_BYTES);
  }

  /** Writes down what was acknowledged, if there is room: before an orderly stop, so that nothing is sent twice. */
  flush(): void {
    this.#persistHead(1);
  }

  #checkRecord({ epoch, sequence, count, gap, readings, firstMs, lastMs, body }: LogRecord): void {
    assert(this.#hasRecovered, "a log recovers first");
    const isSameEpoch = epoch === this.#epoch;
    assert(this.#isEpochOurs || !isSameEpoch, "an epoch ends with the life that began it");
    assert(sequence === (isSameEpoch ? this.#next : 0), "records come in sequence, from 0 on");
    const isBatch = gap === undefined;
    assert(isBatch ? count === 1 : count > 0, "a batch stands for one number, a gap for some");
    assert(sequence + count <= SEQUENCE_MAX, "an epoch of fewer than 2^32 records");
    assert(!isBatch || (body.length > 0 && body.length <= this.#bodyBytesMax), "a body that fits");
    assert(isCount(readings) && isCount(firstMs) && isCount(lastMs), "counts, and whole ms");
    assert(firstMs <= lastMs, "a record that does not end before it begins");
  }

  /** Writes the draft. The head is moved up first where it stands in a block that has nothing left. */
  #write(body: Uint8Array | undefined, epoch: string): boolean {
    const head = this.#head;
    if (this.#writer.write(body, epoch, head)) return true;
    const { block } = head;
    findRecord(this.#reader, head);
    return head.block !== block && this.#writer.write(body, epoch, head);
  }

  /** Where there is no room it stays due: the log is full then, and room comes of acknowledgements. */
  #persistHead(bytesMin: number): void {
    if (this.#unwrittenBytes < bytesMin) return;
    const { draft } = this.#writer;
    draft.kind = "ack";
    draft.headBlock = this.#head.block;
    draft.headOffset = this.#head.offset;
    if (this.#write(undefined, this.#isEpochOurs ? this.#epoch : this.#head.epoch)) {
      this.#unwrittenBytes = 0;
    }
  }

  #advanceHead(epoch: string, next: number): void {
    const head = this.#head;
    const { entry } = this.#reader;
    while (findRecord(this.#reader, head)) {
      if (entry.epoch !== epoch) return;
      if (entry.sequence + entry.count > next) {
        head.next = Math.max(head.next, Math.min(next, entry.sequence)); // lost records, acknowledged
        return;
      }
      this.#unwrittenBytes += entry.bytes;
      if (entry.gap === undefined) this.acknowledgedReadings += entry.readings;
      else this.acknowledgedGapReadings += entry.readings;
      passRecord(head, entry);
    }
  }

  /** Puts the head where the newest block last says, regardless of what stands there. Returns where its last entry ends. */
  #scanNewestBlock(): number {
    const reader = this.#reader;
    const { header } = this.#writer;
    const head = this.#head;
    head.block = header.headBlock;
    head.offset = header.headOffset;
    this.#epoch = header.epoch;
    const place = placeAt(reader.tailBlock, BLOCK_HEADER_BYTES);
    let end = place.offset;
    while (reader.find(place)) {
      const { entry } = reader;
      place.offset += entry.bytes;
      end = place.offset;
      if (entry.kind === "ack") {
        head.block = entry.headBlock;
        head.offset = entry.headOffset;
      } else {
        this.#epoch = entry.epoch;
      }
    }
    return end;
  }

  /** Comes to the head from a block before it: the records there tell what is to be expected. */
  #restoreHead(): void {
    const reader = this.#reader;
    const head = this.#head;
    const oldest = reader.oldestBlock();
    if (isBefore(placeAt(reader.tailBlock, reader.tailOffset), head)) {
      // No log says that of itself: all is sent again, and what is right is written with the next record.
      copyPlace(placeAt(oldest, BLOCK_HEADER_BYTES), head);
      this.#unwrittenBytes = ACK_AFTER_BYTES;
    }
    const place = placeAt(Math.max(oldest, head.block - 1), BLOCK_HEADER_BYTES);
    while (findRecord(reader, place) && isBefore(place, head)) passRecord(place, reader.entry);
    copyPlace(place, head);
  }
}

function emptySummary({ epoch, next, lastMs }: Place): EpochSummary {
  return { epoch, first: next, next, records: 0, readings: 0, firstMs: lastMs, lastMs };
}

function addToSummary(summary: EpochSummary, record: Entry): void {
  if (summary.records === 0) summary.firstMs = record.firstMs;
  summary.next = record.sequence + record.count;
  summary.records++;
  summary.readings += record.readings;
  summary.lastMs = record.lastMs;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
