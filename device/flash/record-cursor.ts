// Reads the log's records one after the other, oldest first, and says of those whose bytes are gone
// what they were: a gap stands in the place of each, so that the sequence has no hole.
//
// Where the body has rotted (or a cut tore it), the head still tells everything. Where the head has,
// the records around it tell its numbers, how many readings are missing and between which times. Each
// missing number makes a gap of its own: a record may have been sent before it was lost, and a host that
// stored some of them must find a boundary where it stands.

import type { GapReason } from "../../shared/errors.ts";
import type { Entry } from "./entry.ts";
import type { EntryReader } from "./entry-reader.ts";
import { copyPlace, expectRecord, isBefore, type Place, passRecord, placeAt } from "./place.ts";

/** A record of the log: what is appended, and what is read back. */
export interface LogRecord {
  /** As the log names it (epoch.ts): 24 hexadecimal digits. */
  readonly epoch: string;
  readonly sequence: number;
  /** Sequence numbers it stands for: 1, or more for a gap. */
  readonly count: number;
  /** Undefined for a batch. */
  readonly gap: GapReason | undefined;
  readonly readings: number;
  /** Uptime, in the life that took the readings, at the first and the last. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** The encoded batch; empty for a gap. */
  readonly body: Uint8Array;
}

/** A record as it was found. One object serves for many, its body is in the log's buffer. */
export interface FoundRecord extends LogRecord {
  /** Its bytes are gone, and this is the gap in its place. */
  readonly isLost: boolean;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The reason of a gap in the place of a lost record. */
const LOST_REASON: GapReason = "damaged";

/** Moves `place` on to the next record, past acknowledgements; false, and the log's end, where there is none. */
export function findRecord(reader: EntryReader, place: Place): boolean {
  while (reader.find(place)) {
    if (reader.entry.kind !== "ack") {
      expectRecord(place, reader.entry);
      return true;
    }
    place.offset += reader.entry.bytes;
  }
  return false;
}

export class RecordCursor {
  readonly #reader: EntryReader;
  readonly #head: Place;
  readonly #buffer: Uint8Array;
  readonly #place = placeAt(0, 0);
  readonly #found: Writable<FoundRecord>;

  /** `head`: the oldest record that is not acknowledged, kept up by the log. `buffer`: room for a body. */
  constructor(reader: EntryReader, head: Place, buffer: Uint8Array) {
    this.#reader = reader;
    this.#head = head;
    this.#buffer = buffer;
    this.#found = emptyRecord(buffer.subarray(0, 0));
    copyPlace(head, this.#place);
  }

  /**
   * The next record that is not acknowledged, valid until the log is next used; undefined where there
   * is none yet. Records that were appended meanwhile are found by a later call.
   */
  next(): FoundRecord | undefined {
    if (!this.#find()) return undefined;
    const found = this.#record();
    this.#pass();
    return found;
  }

  /**
   * The record of `epoch` that holds `sequence`, or the first one behind it, valid until the log is next
   * used; undefined where there is none, or where records of an older epoch are not acknowledged. Quick
   * where `sequence` does not go back from call to call.
   */
  recordFrom(epoch: string, sequence: number): FoundRecord | undefined {
    if (this.#place.epoch !== epoch || this.#place.next > sequence) {
      copyPlace(this.#head, this.#place);
    }
    while (this.#find()) {
      if (this.#reader.entry.epoch !== epoch) return undefined;
      if (this.#end() > sequence) return this.#record();
      this.#pass();
    }
    return undefined;
  }

  /** The number behind the record at the place, or behind the missing one that is told of there. */
  #end(): number {
    const { entry } = this.#reader;
    const { next } = this.#place;
    return next < entry.sequence ? next + 1 : entry.sequence + entry.count;
  }

  #record(): FoundRecord {
    const { entry } = this.#reader;
    if (this.#place.next < entry.sequence) return this.#missing(entry);
    this.#fill(entry, this.#reader.readBody(this.#place, this.#buffer));
    return this.#found;
  }

  #pass(): void {
    const { entry } = this.#reader;
    if (this.#place.next < entry.sequence) this.#place.next++;
    else passRecord(this.#place, entry);
  }

  /** What is behind the head is acknowledged, and its block may be another by this time. */
  #find(): boolean {
    const isFound = findRecord(this.#reader, this.#place);
    if (!isBefore(this.#place, this.#head)) return isFound;
    copyPlace(this.#head, this.#place);
    return findRecord(this.#reader, this.#place);
  }

  /** A gap for the first missing number before `behind`; the last one tells of all their readings. */
  #missing(behind: Entry): FoundRecord {
    const place = this.#place;
    const found = this.#found;
    const isLast = place.next + 1 === behind.sequence;
    found.epoch = place.epoch;
    found.sequence = place.next;
    found.count = 1;
    found.gap = LOST_REASON;
    found.readings = isLast ? Math.max(0, behind.readingsBefore - place.readings) : 0;
    found.firstMs = Math.min(place.lastMs, behind.firstMs);
    found.lastMs = behind.firstMs;
    found.body = this.#buffer.subarray(0, 0);
    found.isLost = true;
    return found;
  }

  #fill(entry: Entry, isSound: boolean): void {
    const found = this.#found;
    found.epoch = entry.epoch;
    found.sequence = entry.sequence;
    found.count = entry.count;
    found.gap = isSound ? entry.gap : LOST_REASON;
    found.readings = entry.readings;
    found.firstMs = entry.firstMs;
    found.lastMs = entry.lastMs;
    found.body = this.#buffer.subarray(0, isSound ? entry.bodyBytes : 0);
    found.isLost = !isSound;
  }
}

function emptyRecord(body: Uint8Array): Writable<FoundRecord> {
  return {
    epoch: "",
    sequence: 0,
    count: 0,
    gap: undefined,
    readings: 0,
    firstMs: 0,
    lastMs: 0,
    body,
    isLost: false,
  };
}
