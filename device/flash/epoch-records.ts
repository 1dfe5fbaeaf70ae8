// The records of one epoch in the flash log, as a session sends them. PROTOCOL 7.8.
//
// Of an epoch of an earlier life nobody knows what was sent, so all of it may be stored already; what a
// host says it has is believed and released.

import { SEQUENCE_MAX } from "../../shared/limits.ts";
import type { RecordSource, SourceRecord } from "../../shared/session/record-source.ts";
import type { FlashLog } from "./flash-log.ts";
import type { FoundRecord, RecordCursor } from "./record-cursor.ts";
import type { WatchedFlash } from "./watched-flash.ts";

export interface EpochRecordsOptions {
  readonly log: FlashLog;
  /** What the log lies in: what is read after it failed is no record. */
  readonly flash: WatchedFlash;
  /** As the log names it. */
  readonly epoch: string;
  /** The first number held, and for an epoch of an earlier life the one behind the last. */
  readonly first: number;
  readonly pastNext?: number;
}

export class EpochRecords implements RecordSource {
  readonly epoch: string;
  /** Acknowledged in this life. */
  acknowledgedReadings = 0;
  acknowledgedGapReadings = 0;

  readonly #log: FlashLog;
  readonly #flash: WatchedFlash;
  /** One reads ahead, one goes back for what was lost on the way: each is quick as long as it goes forward. */
  readonly #unsent: RecordCursor;
  readonly #again: RecordCursor;
  readonly #isPast: boolean;
  #first: number;
  #next: number;
  #sentEnd: number;
  #hasGivenUpBatches = false;

  constructor({ log, flash, epoch, first, pastNext }: EpochRecordsOptions) {
    this.epoch = epoch;
    this.#log = log;
    this.#flash = flash;
    this.#unsent = log.records();
    this.#again = log.records();
    this.#isPast = pastNext !== undefined;
    this.#first = first;
    this.#next = pastNext ?? first;
    this.#sentEnd = first;
  }

  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#next;
  }

  get sentEnd(): number {
    return this.#sentEnd;
  }

  get storableEnd(): number {
    return this.#isPast ? SEQUENCE_MAX : this.#sentEnd;
  }

  /** Nothing of it is left to be sent or acknowledged. */
  get isDrained(): boolean {
    return this.#first === this.#next;
  }

  /** The log has the records before `next`. */
  handleAppended(next: number): void {
    this.#next = next;
  }

  recordFrom(sequence: number): SourceRecord | undefined {
    return this.#read(this.#again, sequence);
  }

  unsentRecord(): SourceRecord | undefined {
    return this.#sentEnd < this.#next ? this.#read(this.#unsent, this.#sentEnd) : undefined;
  }

  markSent(record: SourceRecord): void {
    this.#sentEnd = record.sequence + record.count;
  }

  copyBatch(record: SourceRecord, into: Uint8Array, position: number): number {
    const { body } = record as FoundRecord;
    into.set(body, position);
    return position + body.length;
  }

  acknowledge(next: number): void {
    const log = this.#log;
    const { acknowledgedReadings, acknowledgedGapReadings } = log;
    log.acknowledge(this.epoch, next);
    const readings = log.acknowledgedReadings - acknowledgedReadings;
    const gapReadings = log.acknowledgedGapReadings - acknowledgedGapReadings;
    this.acknowledgedReadings += this.#hasGivenUpBatches ? 0 : readings;
    this.acknowledgedGapReadings += gapReadings + (this.#hasGivenUpBatches ? readings : 0);
    this.#first = Math.min(Math.max(this.#first, next), this.#next);
    this.#sentEnd = Math.max(this.#sentEnd, this.#first);
  }

  giveUpBatches(): void {
    this.#hasGivenUpBatches = true;
  }

  #read(cursor: RecordCursor, sequence: number): SourceRecord | undefined {
    const found = cursor.recordFrom(this.epoch, sequence);
    if (found === undefined || this.#flash.failure !== undefined) return undefined;
    return this.#hasGivenUpBatches && found.gap === undefined
      ? { ...found, gap: "damaged" }
      : found;
  }
}
