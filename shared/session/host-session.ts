// One device's epoch as the host receives it: puts records in order, hands each on once, and knows
// what to acknowledge. PROTOCOL 7.4.
//
// `stored` trails `received`: a record between the two is with the store but not yet on disk. Only
// `stored` is acknowledged for good. Records ahead of `received` wait here, bounded by the window
// that was granted; they are told of in the bitmap and never given up while the session lives, for
// a device does not send again what it was told has come.

import { decodeSchema, schemaHash } from "../channel.ts";
import { SCHEMAS_PER_EPOCH_MAX, WINDOW_RECORDS_MAX } from "../limits.ts";
import type {
  BatchMessage,
  Gap,
  Hello,
  SchemaMessage,
  SchemaReference,
} from "../message/message.ts";
import type { HostLink } from "./host-link.ts";

/** A record as it goes to the store. */
export type HostRecord = BatchMessage | Gap;

/** What became of a record: the next ones in order, one that waits for others, or nothing to do. */
export type Reception = "in-order" | "early" | "duplicate" | "beyond-window";

export interface HostSessionOptions {
  readonly device: string;
  readonly epoch: string;
  /** Why the device last started, in its own words. */
  readonly reset: string;
  readonly epochId: number;
  /** All records before this one are stored. */
  readonly next: number;
  /** Schema numbers that the store knows for this epoch. */
  readonly schemas: Iterable<number>;
}

export class HostSession {
  readonly device: string;
  readonly epoch: string;
  readonly reset: string;
  /** The epoch is of an earlier life of the device: what its clock says now is of another. */
  isPast = false;
  /** The device's present life, as its last hello told. */
  life = 0;
  /** The store's number for the epoch. */
  readonly epochId: number;
  /** Every record before this one has been handed on. */
  received: number;
  /** Every record before this one is on disk. */
  stored: number;
  /** The number behind the last record that the device said it has. */
  announced: number;
  /** An acknowledgement is owed. */
  isAckDue = false;
  /** Schema numbers that the store knows for this epoch. */
  readonly schemas: Set<number>;

  /** Hashes of schemas that the store does not have, by number, as the device's hellos told them. */
  #announcedSchemas: Map<number, number> | undefined;
  /** The links that carry the session; kept by the endpoint. */
  readonly links = new Set<HostLink>();

  /** Undefined until a record comes early: of ten thousand idle sessions none needs it. */
  #early: Map<number, HostRecord> | undefined;

  constructor(options: HostSessionOptions) {
    const { device, epoch, reset, epochId, next, schemas } = options;
    this.device = device;
    this.epoch = epoch;
    this.reset = reset;
    this.epochId = epochId;
    this.received = next;
    this.stored = next;
    this.announced = next;
    this.schemas = new Set(schemas);
  }

  /** A device greets, perhaps not for the first time. What it has of schemas: `announceSchemas`. */
  handleHello({ next, life, uptimeMs }: Hello): void {
    this.announced = Math.max(this.announced, next); // records may have overtaken the hello
    this.life = life;
    this.isPast ||= uptimeMs === null; // it may have begun in that life
  }

  /** The link that was heard last, of those that carry the session. */
  get latestLink(): HostLink | undefined {
    let latest: HostLink | undefined;
    for (const link of this.links) {
      if (latest === undefined || link.heardAtMs > latest.heardAtMs) latest = link;
    }
    return latest;
  }

  /** Why a schema cannot be taken; undefined where it can. */
  schemaFault({ number, body }: SchemaMessage): string | undefined {
    if (decodeSchema(body) === undefined) return "it is none";
    const announced = this.announcedHash(number);
    if (announced !== undefined && announced !== schemaHash(body))
      return "it is not what the hello announced";
    return this.schemas.size >= SCHEMAS_PER_EPOCH_MAX ? "the epoch has too many" : undefined;
  }

  /** The hello tells of schemas; those that the store has need no more. */
  announceSchemas(references: readonly SchemaReference[]): void {
    for (const { number, hash } of references) {
      if (this.schemas.has(number)) continue;
      this.#announcedSchemas ??= new Map();
      if (this.#announcedSchemas.size >= SCHEMAS_PER_EPOCH_MAX) return; // it says hello without end
      this.#announcedSchemas.set(number, hash);
    }
  }

  /** The hash that a hello gave for a schema; undefined where none did. */
  announcedHash(number: number): number | undefined {
    return this.#announcedSchemas?.get(number);
  }

  /** The store has the schema, or is about to. */
  addSchema(number: number): void {
    this.schemas.add(number);
    this.#announcedSchemas?.delete(number);
    if (this.#announcedSchemas?.size === 0) this.#announcedSchemas = undefined;
  }

  /** Records that the device is known to have and that are not on disk yet. */
  get waiting(): number {
    return Math.max(this.announced, this.received) - this.stored;
  }

  /** Records that came ahead of their turn: fewer than the window. */
  get earlyCount(): number {
    return this.#early?.size ?? 0;
  }

  /** Takes a record. After "in-order", whatever waited for it comes from `pollEarly`. */
  handleRecord(record: HostRecord): Reception {
    const { sequence } = record;
    if (sequence < this.received) {
      this.isAckDue = true;
      return "duplicate";
    }
    if (sequence >= this.stored + WINDOW_RECORDS_MAX) return "beyond-window";
    if (sequence > this.received) return this.#keepEarly(record);
    this.#receive(record);
    return "in-order";
  }

  /** The next record that waited and has its turn now. */
  pollEarly(): HostRecord | undefined {
    const record = this.#early?.get(this.received);
    if (record === undefined) return undefined;
    this.#early?.delete(this.received);
    this.#receive(record);
    return record;
  }

  /** The store has everything before `next` on disk. */
  handleStored(next: number): void {
    if (next <= this.stored) return;
    this.stored = next;
    this.isAckDue = true;
    if (next > this.received) this.skipTo(next); // a session before this one handed them on
  }

  /** The device no longer has the records before `next`; the store has accounted for them. */
  skipTo(next: number): void {
    if (next <= this.received) return;
    this.received = next;
    this.stored = next;
    this.#forgetEarlyBefore(next);
  }

  /** What has come beyond `stored`, as an acknowledgement carries it; empty where nothing has. */
  bitmap(): Uint8Array {
    let last = this.received - 1;
    for (const sequence of this.#early?.keys() ?? []) last = Math.max(last, sequence);
    const bits = last + 1 - this.stored;
    if (bits <= 0) return new Uint8Array(0);
    const bitmap = new Uint8Array(Math.ceil(Math.min(bits, WINDOW_RECORDS_MAX) / 8));
    for (let bit = 0; bit < Math.min(bits, WINDOW_RECORDS_MAX); bit++) {
      const sequence = this.stored + bit;
      const hasCome = sequence < this.received || this.#early?.has(sequence) === true;
      if (hasCome) bitmap[bit >> 3] = bitmap[bit >> 3]! | (1 << (bit & 7));
    }
    return bitmap;
  }

  #receive(record: HostRecord): void {
    this.received = endOf(record);
    if (record.kind === "gap") this.#forgetEarlyBefore(this.received);
  }

  /** A sound device sends nothing from within a gap; another must not fill memory with it. */
  #forgetEarlyBefore(end: number): void {
    const early = this.#early;
    if (early === undefined) return;
    for (const sequence of early.keys()) if (sequence < end) early.delete(sequence);
  }

  #keepEarly(record: HostRecord): Reception {
    this.isAckDue = true;
    this.#early ??= new Map();
    if (this.#early.has(record.sequence)) return "duplicate";
    // Not slice: that of Node's Buffer makes no copy.
    const kept =
      record.kind === "batch" ? { ...record, body: new Uint8Array(record.body) } : record;
    this.#early.set(record.sequence, kept);
    return "early";
  }
}

/** The sequence number behind a record. */
export function endOf(record: HostRecord): number {
  return record.sequence + (record.kind === "gap" ? record.count : 1);
}
