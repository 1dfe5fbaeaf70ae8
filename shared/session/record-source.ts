// Where a device's session takes its records from: the outbox in memory (shared/outbox.ts), or the
// records of one epoch in flash (device/flash/epoch-records.ts). PROTOCOL 7.

import type { GapReason } from "../errors.ts";

/** One entry of the sequence. Its owner's: valid until the source is next used. */
export interface SourceRecord {
  /** Its place in the epoch. */
  readonly sequence: number;
  /** Sequence numbers it stands for: 1, or more for a gap. */
  readonly count: number;
  /** Why its readings are gone; undefined for a batch. */
  readonly gap: GapReason | undefined;
  readonly readings: number;
  /** Device uptime at its first and last reading. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface RecordSource {
  /** The oldest sequence number held, or `next` where nothing is held. */
  readonly first: number;
  /** The sequence number that the next new record gets. */
  readonly next: number;
  /** Behind the last record that was sent. */
  readonly sentEnd: number;
  /** Behind the last record that may ever have been sent: nothing from there on can be stored anywhere. */
  readonly storableEnd: number;
  /** The record at `sequence`, or the next one behind it; undefined where there is none. */
  recordFrom(sequence: number): SourceRecord | undefined;
  /** The record at `sentEnd`, where there is one and one more may be on its way. */
  unsentRecord(): SourceRecord | undefined;
  /** Marks what `unsentRecord` gave as sent: from here on it only leaves by `acknowledge`. */
  markSent(record: SourceRecord): void;
  /** Copies a batch's bytes into `into` at `position`. Returns the position behind them. */
  copyBatch(record: SourceRecord, into: Uint8Array, position: number): number;
  /** Releases every record before `next`. */
  acknowledge(next: number): void;
  /** Nobody can read the batches any more, for their schema is lost: what was not acknowledged becomes gaps. */
  giveUpBatches?(): void;
}
