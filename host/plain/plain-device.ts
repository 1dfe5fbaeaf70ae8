// One plain device in one run of the collector: gathers rows into batches and hands these to the store
// as an epoch of their own, as a device's session would. The epoch's clock is the collector's, or,
// where clients state their times, theirs. Nobody sends again what is dropped here: a gap says how
// much that was.

import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { encodeSchema, type SampleValues } from "../../shared/channel.ts";
import type { GapReason } from "../../shared/errors.ts";
import type { HostRecord } from "../../shared/session/host-session.ts";
import { monotonicMs, utcMicros } from "../clock.ts";
import type { LinkKind } from "../store/schema.ts";
import { ChannelList } from "./channel-list.ts";
import { RECORDS_WAITING_MAX, ROWS_WAITING_MAX } from "./limits.ts";
import { helloOf, type RecordStore } from "./record-store.ts";
import type { Scalar } from "./row.ts";

/** Between two looks at the clock; the store keeps what tells most. */
const CLOCK_PERIOD_MS = 30_000;

/** The host's UTC comes in whole milliseconds, and so do rows. */
const CLOCK_UNCERTAINTY_US = 1_500;

export interface PlainDeviceOptions {
  readonly name: string;
  readonly kind: LinkKind;
  /** What it is, for people: "json over tcp". */
  readonly description: string;
  /** By channel name. */
  readonly units: ReadonlyMap<string, string>;
  /** Rows bring their times along. */
  readonly hasOwnTime: boolean;
  readonly store: RecordStore;
  /** Values that wait to be put into batches, of all devices together; kept up to date here. */
  readonly allWaiting: { values: number };
  /** Counts what is not kept. */
  readonly losses: Losses;
  /** The store has no place for it. */
  readonly handleFailure: (error: Error) => void;
}

interface WaitingRow {
  readonly timeMs: number;
  readonly values: ReadonlyMap<string, Scalar>;
}

interface Receipt {
  /** On disk once every record before this one is. */
  readonly next: number;
  readonly handleStored: (isStored: boolean) => void;
}

/** What was not kept, and why. */
export interface Losses {
  /** Values for which there is no room in the schema. */
  leftOut: number;
  /** Rows whose time is before that of rows already stored. */
  late: number;
  /** Readings dropped because the store did not take them. */
  dropped: number;
}

export class PlainDevice {
  readonly device: string;
  /** As a session has them: the kinds of its links, how far it is stored, what waits for the disk. */
  readonly links: ReadonlySet<{ readonly traits: { readonly kind: LinkKind } }>;
  stored = 0;
  epochId: number | undefined;

  readonly #options: PlainDeviceOptions;
  readonly #channels: ChannelList;
  readonly #beganMs = monotonicMs();
  /** UTC at uptime 0, where rows have their own times. */
  #baseMs: number | undefined;
  #lastMs = 0;
  #clockMs = Number.NEGATIVE_INFINITY;
  #next = 0;
  #rows: WaitingRow[] = [];
  #valuesWaiting = 0;
  /** Of rows that wait. */
  #receipts: Receipt["handleStored"][] = [];
  readonly #handedIn: Receipt[] = [];
  #encoder: BatchEncoder | undefined;
  #encoderChannels = 0;
  #schemaNumber = -1;
  #gap: { readings: number; firstMs: number; lastMs: number } | undefined;

  constructor(options: PlainDeviceOptions) {
    this.#options = options;
    this.device = options.name;
    this.links = new Set([{ traits: { kind: options.kind } }]);
    this.#channels = new ChannelList(options.units);
    this.#begin();
  }

  /** Records with the store that are not on disk. */
  get waiting(): number {
    return this.#next - this.stored;
  }

  /** Takes a row; `utcMs` is when it was taken, where rows say so. False where there is no room. */
  addRow(values: ReadonlyMap<string, Scalar>, utcMs: number | undefined): boolean {
    if (this.#rows.length >= ROWS_WAITING_MAX) this.flush();
    if (this.#rows.length >= ROWS_WAITING_MAX) return false;
    this.#rows.push({ timeMs: utcMs ?? monotonicMs() - this.#beganMs, values });
    this.#countWaiting(values.size);
    return true;
  }

  /** Tells, once all rows so far are on disk, that they are; or that some never will be. */
  whenStored(handleStored: (isStored: boolean) => void): void {
    this.#receipts.push(handleStored);
  }

  /** Readings that found no room are told of by a gap. */
  drop(readings: number): void {
    const nowMs = this.#options.hasOwnTime ? this.#lastMs : this.#uptimeMs();
    this.#options.losses.dropped += readings;
    this.#gap ??= { readings: 0, firstMs: nowMs, lastMs: nowMs };
    this.#gap.readings += readings;
    this.#gap.lastMs = nowMs;
  }

  /** Puts the rows that wait into batches and hands these in. */
  flush(): void {
    if (this.epochId === undefined || this.#options.store.isClosed) return;
    const lostBefore = this.#lostRows();
    this.#writeGap();
    const rows = this.#takeRows();
    if (rows.length > 0) {
      this.#putClock(rows[0]!.timeMs);
      this.#encode(rows);
    }
    this.#settle(this.#lostRows() === lostBefore);
  }

  /** All records before `next` are on disk. */
  handleStored(next: number): void {
    this.stored = next;
    while (this.#handedIn.length > 0 && this.#handedIn[0]!.next <= next) {
      this.#handedIn.shift()!.handleStored(true);
    }
  }

  /** The store takes nothing of this epoch any more. */
  abandon(): void {
    this.#rows = [];
    this.#countWaiting(-this.#valuesWaiting);
    const receipts = this.#handedIn.splice(0).map(({ handleStored }) => handleStored);
    for (const handleStored of [...receipts, ...this.#receipts.splice(0)]) handleStored(false);
  }

  #begin(): void {
    const { name, description, store, handleFailure } = this.#options;
    store.resume(helloOf(name, description), utcMicros()).then(
      ({ epochId }) => {
        this.epochId = epochId;
        store.handleBegun(epochId, this);
        this.flush();
      },
      (error: Error) => {
        this.abandon();
        handleFailure(error);
      },
    );
  }

  #countWaiting(values: number): void {
    this.#valuesWaiting += values;
    this.#options.allWaiting.values += values;
  }

  #uptimeMs(): number {
    return Math.floor(monotonicMs() - this.#beganMs);
  }

  /** A count that stands still while every row is kept. */
  #lostRows(): number {
    const { dropped, late } = this.#options.losses;
    return dropped + late;
  }

  /** In order of time, by the epoch's clock; without what comes too late for it. */
  #takeRows(): WaitingRow[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#countWaiting(-this.#valuesWaiting);
    if (!this.#options.hasOwnTime) {
      return rows.map(({ timeMs, values }) => ({ timeMs: Math.floor(timeMs), values }));
    }
    rows.sort((one, other) => one.timeMs - other.timeMs);
    this.#baseMs ??= rows[0]?.timeMs;
    const inTime = rows.filter(({ timeMs }) => timeMs - this.#baseMs! >= this.#lastMs);
    this.#options.losses.late += rows.length - inTime.length;
    return inTime.map(({ timeMs, values }) => ({ timeMs: timeMs - this.#baseMs!, values }));
  }

  #putClock(timeMs: number): void {
    const deviceMs = this.#baseMs === undefined ? this.#uptimeMs() : timeMs;
    if (deviceMs < this.#clockMs + CLOCK_PERIOD_MS) return;
    this.#clockMs = deviceMs;
    const utcUs = this.#baseMs === undefined ? utcMicros() + 500 : (this.#baseMs + timeMs) * 1_000;
    const uncertaintyUs = CLOCK_UNCERTAINTY_US;
    this.#options.store.putClock(this.epochId!, { deviceMs, utcUs, uncertaintyUs });
  }

  #encode(rows: readonly WaitingRow[]): void {
    const sparse = rows.map(({ timeMs, values }) => ({ timeMs, cells: this.#cellsOf(values) }));
    const encoder = this.#encoderNow();
    if (encoder === undefined) return;
    for (const { timeMs, cells } of sparse) {
      if (cells.size === 0) continue;
      const values = this.#channels.channels.map((_, index) => cells.get(index));
      let outcome = encoder.append(timeMs, values);
      if (outcome === "full") {
        this.#takeBatch(encoder);
        outcome = encoder.append(timeMs, values);
      }
      if (outcome === "appended") this.#lastMs = timeMs;
      else this.#appendOversize(timeMs, values);
    }
    this.#takeBatch(encoder);
  }

  #cellsOf(values: ReadonlyMap<string, Scalar>): Map<number, Scalar> {
    const cells = new Map<number, Scalar>();
    for (const [name, value] of values) {
      const index = this.#channels.indexFor(name, value);
      if (index === undefined) this.#options.losses.leftOut++;
      else cells.set(index, value);
    }
    return cells;
  }

  /** The encoder for the channels known so far; undefined where there are none. */
  #encoderNow(): BatchEncoder | undefined {
    const { channels } = this.#channels;
    if (channels.length === this.#encoderChannels) return this.#encoder;
    this.#encoderChannels = channels.length;
    this.#schemaNumber++;
    this.#options.store.putSchema(this.epochId!, this.#schemaNumber, encodeSchema(channels));
    this.#encoder = new BatchEncoder({ channels: [...channels], schema: this.#schemaNumber });
    return this.#encoder;
  }

  #takeBatch(encoder: BatchEncoder): void {
    if (encoder.rows === 0) return;
    const { readings } = encoder;
    const body = encoder.take();
    if (this.waiting >= RECORDS_WAITING_MAX) this.drop(readings);
    else this.#append({ kind: "batch", sequence: this.#next, body });
  }

  #appendOversize(timeMs: number, values: SampleValues): void {
    const readings = values.filter((value) => value !== undefined).length;
    if (this.waiting >= RECORDS_WAITING_MAX) {
      this.drop(readings);
      return;
    }
    this.#options.losses.leftOut += readings;
    this.#appendGap("oversize", readings, timeMs, timeMs);
  }

  #writeGap(): void {
    if (this.#gap === undefined || this.waiting >= RECORDS_WAITING_MAX) return;
    const { readings, firstMs, lastMs } = this.#gap;
    this.#gap = undefined;
    this.#appendGap("outbox-full", readings, firstMs, lastMs);
  }

  #appendGap(reason: GapReason, readings: number, firstMs: number, lastMs: number): void {
    const gap = { kind: "gap", sequence: this.#next, count: 1, readings, firstMs, lastMs, reason };
    this.#append(gap as HostRecord);
  }

  #append(record: HostRecord): void {
    this.#next++;
    const { store, kind } = this.#options;
    store.append(this.epochId!, record, { link: kind, receivedUs: utcMicros() });
  }

  #settle(isKept: boolean): void {
    for (const handleStored of this.#receipts.splice(0)) {
      if (!isKept) handleStored(false);
      else if (this.stored >= this.#next) handleStored(true);
      else this.#handedIn.push({ next: this.#next, handleStored });
    }
  }
}
