// New values of the devices that somebody watches, read from the store as others read it: nothing is
// decoded for a device that nobody watches, and of one that catches up faster than people see, only the
// newest batches are.

import {
  ALL_TIMES,
  BatchReader,
  type ReadingsChunk,
  type StoredBatch,
  type StoredEpoch,
} from "../../store/batch-reader.ts";
import { ClockReader } from "../../store/clock.ts";
import { rowsBefore } from "../../store/parts.ts";
import { sequenceOf } from "../../store/schema.ts";
import type { Database, Statement } from "../../store/sqlite.ts";
import { jsonValueAt } from "../../store/value.ts";
import type { ClockMap } from "../../time/clock-map.ts";
import type { LiveChannelDocument, LiveValuesDocument } from "../documents.ts";
import { TICK_BATCHES_MAX, TICK_VALUES_MAX } from "../limits.ts";
import type { FollowAsked, Followed } from "./question.ts";

type Detail = Followed["detail"];

export class LiveFollower {
  readonly #batches: BatchReader;
  readonly #clocks: ClockReader;
  readonly #version: Statement;
  #followed: ReadonlyMap<string, Detail> = new Map();
  #isAll = false;
  /** By epoch: the first record that was not read. */
  #cursors = new Map<number, number>();
  #seenVersion = -1;

  constructor(database: Database) {
    this.#batches = new BatchReader(database);
    this.#clocks = new ClockReader(database);
    this.#version = database.prepare("PRAGMA data_version");
  }

  /** From here on these devices. Of those that are new, what is stored from now on. */
  follow({ followed, isAll }: FollowAsked): void {
    const before = this.#cursors;
    const [devicesBefore, wasAll] = [this.#followed, this.#isAll];
    this.#followed = new Map(followed.map(({ device, detail }) => [device, detail]));
    this.#isAll = isAll;
    this.#cursors = new Map();
    for (const { id, device, first, next } of this.#epochs()) {
      const wasFollowed = wasAll || devicesBefore.has(device); // then the epoch is new, and so is all of it
      this.#cursors.set(id, before.get(id) ?? (wasFollowed ? first : next));
    }
  }

  /** What was stored since the last call. */
  poll(): LiveValuesDocument[] {
    const { data_version: version } = this.#version.get() as { data_version: number };
    if (version === this.#seenVersion) return [];
    this.#seenVersion = version;
    const found: LiveValuesDocument[] = [];
    for (const epoch of this.#epochs()) {
      const start = this.#cursors.get(epoch.id) ?? epoch.first;
      this.#cursors.set(epoch.id, epoch.next);
      const values = start < epoch.next ? this.#newOf(epoch, start) : undefined;
      if (values !== undefined) found.push(values);
    }
    return found;
  }

  *#epochs(): Generator<StoredEpoch> {
    if (this.#isAll) yield* this.#batches.epochs();
    else for (const device of this.#followed.keys()) yield* this.#batches.epochs(device);
  }

  #newOf(epoch: StoredEpoch, start: number): LiveValuesDocument | undefined {
    const detail = this.#followed.get(epoch.device) ?? "latest";
    const clock = this.#clocks.mapOf(epoch.id);
    const values = new NewValues(epoch.device, detail === "latest" ? 1 : TICK_VALUES_MAX);
    for (const row of this.#rows(epoch, start, detail)) {
      const chunk = this.#chunkOf(epoch, clock, row);
      if (chunk !== undefined) values.add(chunk);
    }
    return values.document();
  }

  /** The newest batches from `start` on, in order. */
  #rows(epoch: StoredEpoch, start: number, detail: Detail): StoredBatch[] {
    const rows: StoredBatch[] = [];
    const countMax = detail === "latest" ? 1 : TICK_BATCHES_MAX;
    let end = epoch.next;
    while (rows.length < countMax && end > start) {
      const row = this.#batches.lastBefore(epoch, end);
      if (row === undefined || sequenceOf(row.id) + row.count <= start) break;
      const sequence = sequenceOf(row.id);
      if (sequence < start) row.firstRow = rowsBefore(row.parts, start - sequence);
      rows.unshift(row);
      end = sequence;
    }
    return rows;
  }

  #chunkOf(epoch: StoredEpoch, clock: ClockMap | undefined, row: StoredBatch) {
    const channels = this.#batches.decode(epoch, row);
    return channels && this.#batches.chunk({ epoch, clock, row }, channels, ALL_TIMES);
  }
}

/** The last so many values of each channel. */
class NewValues {
  readonly #device: string;
  readonly #countMax: number;
  readonly #channels = new Map<string, { timesUs: (number | null)[]; values: unknown[] }>();
  #uncertaintyUs: number | undefined;

  constructor(device: string, countMax: number) {
    this.#device = device;
    this.#countMax = countMax;
  }

  add(chunk: ReadingsChunk): void {
    const { timesUs, batch, uncertaintyUs = 0 } = chunk;
    if (timesUs !== undefined) {
      this.#uncertaintyUs = Math.max(this.#uncertaintyUs ?? 0, uncertaintyUs);
    }
    for (const { channel, index, column } of chunk.columns) {
      const found = this.#of(channel.name);
      const rows: number[] = [];
      for (let row = chunk.endRow - 1; row >= chunk.firstRow; row--) {
        if (rows.length === this.#countMax) break;
        if (column.present[row] === 1) rows.unshift(row);
      }
      for (const row of rows) {
        found.timesUs.push(timesUs === undefined ? null : timesUs[row]!);
        found.values.push(jsonValueAt(batch, channel, index, row) ?? null);
      }
      found.timesUs.splice(0, found.timesUs.length - this.#countMax);
      found.values.splice(0, found.values.length - this.#countMax);
    }
  }

  document(): LiveValuesDocument | undefined {
    const channels = [...this.#channels].filter(([, { values }]) => values.length > 0);
    if (channels.length === 0) return undefined;
    return {
      device: this.#device,
      uncertaintyUs: this.#uncertaintyUs ?? null,
      channels: Object.fromEntries(channels) as Record<string, LiveChannelDocument>,
    };
  }

  #of(name: string) {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const fresh = { timesUs: [], values: [] };
    this.#channels.set(name, fresh);
    return fresh;
  }
}
