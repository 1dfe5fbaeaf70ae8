// A place in the endless log, between two entries, and what the record before it leads one to expect of
// the record behind it. That is how a record whose head has rotted is missed, and how many readings it
// held is known: each record says how many the epoch had before it.

import type { Entry } from "./entry.ts";

export interface Place {
  /** Sequence number of the block, and bytes from its start. */
  block: number;
  offset: number;
  /** Of the record before; empty where none is known, and then nothing is missed. */
  epoch: string;
  /** The sequence number that follows in that epoch, and readings of the epoch up to here. */
  next: number;
  readings: number;
  /** Uptime at the last reading before. */
  lastMs: number;
}

export function placeAt(block: number, offset: number): Place {
  return { block, offset, epoch: "", next: 0, readings: 0, lastMs: 0 };
}

export function copyPlace(from: Place, to: Place): void {
  to.block = from.block;
  to.offset = from.offset;
  to.epoch = from.epoch;
  to.next = from.next;
  to.readings = from.readings;
  to.lastMs = from.lastMs;
}

/** Whether `place` lies before `other` in the log; both stand before an entry, or at the log's end. */
export function isBefore(place: Place, other: Place): boolean {
  if (place.block !== other.block) return place.block < other.block;
  if (place.offset !== other.offset) return place.offset < other.offset;
  return place.epoch === other.epoch && place.next < other.next;
}

/** Sets what is expected of the record at `place` where it is the first known of its epoch. */
export function expectRecord(place: Place, record: Entry): void {
  if (place.epoch === record.epoch) return;
  const isFirstKnown = place.epoch === "";
  place.epoch = record.epoch;
  // Every epoch begins with 0. Only at the old end of the log records before the first may be gone by
  // right: acknowledged, and their block erased.
  place.next = isFirstKnown ? record.sequence : 0;
  place.readings = isFirstKnown ? record.readingsBefore : 0;
  place.lastMs = record.firstMs;
}

/** Moves `place` behind the record that stands there. */
export function passRecord(place: Place, record: Entry): void {
  place.offset += record.bytes;
  place.epoch = record.epoch;
  place.next = record.sequence + record.count;
  place.readings = record.readingsBefore + record.readings;
  place.lastMs = record.lastMs;
}
