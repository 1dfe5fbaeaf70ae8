// Devices, epochs and schemas: the tables that say whose batches are whose, and the cache of epoch
// states over them. The cache is never ahead of the transaction: a rollback empties it, and what is
// needed is read again.

import { type Channel, decodeSchema, schemaHash } from "../../shared/channel.ts";
import type { Hello, SchemaReference } from "../../shared/message/message.ts";
import type { UtcSample } from "../time/utc-sample.ts";
import { BatchChecksum } from "./checksum.ts";
import { ClockTable } from "./clock.ts";
import type { EpochSchema, EpochState, LatestReading } from "./epoch-state.ts";
import { EPOCH_ID_MAX } from "./schema.ts";
import { SharedChannels } from "./shared-channels.ts";
import type { Database, Statement } from "./sqlite.ts";
import { StoreError } from "./store-error.ts";

/** Epochs kept in memory, about 3 KB each: twice the devices that one process is meant for. */
const EPOCHS_CACHED_MAX = 20_000;

/** Schemas of one epoch; more are not kept, and batches that need them are refused. */
const SCHEMAS_PER_EPOCH_MAX = 256;

interface EpochRow {
  readonly id: number;
  readonly device: number;
  readonly name: string;
  readonly epoch: string;
  readonly next: number;
  readonly batches: number;
  readonly readings: number;
  readonly gap_readings: number;
  readonly last_ms: number | null;
  readonly latest_next: number;
}

interface SchemaRow {
  readonly id: number;
  readonly hash: number;
  readonly body: Uint8Array;
}

export class EpochTable {
  readonly #cache = new Map<number, EpochState>();
  readonly #sql: ReturnType<typeof prepare>;
  readonly #clock: ClockTable;
  readonly #channels = new SharedChannels();

  readonly #onLoad: (state: EpochState) => void;

  /** `onLoad` sees every state that comes from the tables rather than from the cache. */
  constructor(database: Database, onLoad: (state: EpochState) => void) {
    this.#onLoad = onLoad;
    this.#sql = prepare((sql) => database.prepare(sql));
    this.#clock = new ClockTable(database);
  }

  /** Forgets every state: the transaction that they belong to was rolled back. */
  clear(): void {
    this.#cache.clear();
  }

  /** Lets go of states beyond the cache's bound, the least recently used first, but not what `isKept`. */
  trim(isKept: (state: EpochState) => boolean): void {
    for (const state of this.#cache.values()) {
      if (this.#cache.size <= EPOCHS_CACHED_MAX) return;
      if (!isKept(state)) this.#cache.delete(state.id);
    }
  }

  /** The state of an epoch; undefined where there is no such epoch. */
  get(id: number): EpochState | undefined {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const row = this.#sql.epoch.get(id) as EpochRow | undefined;
    return row === undefined ? undefined : this.#load(row);
  }

  /** The state of a device's epoch; undefined where the store does not know it. */
  find(deviceId: number, epoch: string): EpochState | undefined {
    const row = this.#sql.epochId.get(deviceId, epoch) as { id: number } | undefined;
    return row === undefined ? undefined : this.get(row.id);
  }

  /** Ids of the epochs whose last values are not all in the latest table. */
  idsBehindLatest(): number[] {
    const rows = this.#sql.behindLatest.all() as { id: number }[];
    return rows.map(({ id }) => id);
  }

  /** Finds or adds the device of a hello and notes what the hello says of it. */
  meetDevice(hello: Hello, receivedUs: number): { id: number; isNew: boolean } {
    const { device, firmware } = hello;
    const row = this.#sql.device.get(device) as { id: number } | undefined;
    if (row === undefined) {
      const added = this.#sql.addDevice.run(device, firmware, receivedUs, receivedUs);
      return { id: Number(added.lastInsertRowid), isNew: true };
    }
    this.#sql.updateDevice.run(firmware, receivedUs, row.id);
    return { id: row.id, isNew: false };
  }

  noteSeen(state: EpochState): void {
    this.#sql.seeDevice.run(state.receivedUs, state.deviceId);
  }

  /** Begins an epoch at the oldest record that the device still has. Throws where the store can number no more. */
  begin(deviceId: number, hello: Hello, receivedUs: number): EpochState {
    const { epoch, first, reset } = hello;
    const { id } = this.#sql.nextEpochId.get() as { id: number };
    if (id > EPOCH_ID_MAX) {
      throw new StoreError(
        "full",
        `the store holds ${EPOCH_ID_MAX} epochs, as many as it can; begin a new store`,
      );
    }
    this.#sql.addEpoch.run(id, deviceId, epoch, first, first, first, receivedUs, reset);
    return this.get(id)!;
  }

  /** Saves how far the epoch got, and what it holds. */
  saveProgress(state: EpochState): void {
    const { id, next, batches, readings, gapReadings, lastMs } = state;
    const lastMsOrNull = lastMs < 0 ? null : lastMs;
    this.#sql.saveProgress.run(next, batches, readings, gapReadings, lastMsOrNull, id);
    this.#cache.delete(state.id);
    this.#cache.set(state.id, state);
  }

  saveLatestNext(state: EpochState): void {
    state.latestNext = state.next;
    this.#sql.saveLatestNext.run(state.latestNext, state.id);
  }

  /** Keeps a sample of the epoch's clock if it is worth it. */
  putClock(state: EpochState, sample: UtcSample): void {
    state.clock = this.#clock.put(state.id, sample, state.clock);
  }

  /**
   * Links the schemas of a hello that the device's earlier epochs brought, and returns the numbers
   * of all schemas that the epoch has in the store, save those that the hello names by another hash.
   */
  linkKnown(state: EpochState, references: readonly SchemaReference[]): number[] {
    for (const { number, hash } of references) {
      if (state.schemas.get(number)?.hash === hash) continue;
      const row = this.#sql.schema.get(state.deviceId, hash) as SchemaRow | undefined;
      if (row !== undefined) this.#link(state, number, row);
    }
    const hashes = new Map(references.map(({ number, hash }) => [number, hash]));
    return [...state.schemas]
      .filter(([number, { hash }]) => (hashes.get(number) ?? hash) === hash)
      .map(([number]) => number);
  }

  /** Keeps a schema of the epoch. Returns what is wrong with it, if anything. */
  putSchema(state: EpochState, number: number, body: Uint8Array): string | undefined {
    const channels = decodeSchema(body);
    if (channels === undefined) return `schema ${number} cannot be decoded`;
    const hash = schemaHash(body);
    const row = this.#sql.schema.get(state.deviceId, hash) as SchemaRow | undefined;
    if (row !== undefined && Buffer.compare(row.body, body) !== 0) {
      return `schema ${number} has the hash of another one; change a channel's name`;
    }
    const id = row?.id ?? this.#addSchema(state.deviceId, hash, body);
    this.#defineChannels(state.deviceId, channels);
    this.#link(state, number, { id, hash, body });
    return state.schemas.has(number) ? undefined : `more than ${SCHEMAS_PER_EPOCH_MAX} schemas`;
  }

  #load(row: EpochRow): EpochState {
    const state: EpochState = {
      id: row.id,
      deviceId: row.device,
      device: row.name,
      checksum: new BatchChecksum(row.epoch),
      next: row.next,
      batches: row.batches,
      readings: row.readings,
      gapReadings: row.gap_readings,
      lastMs: row.last_ms ?? -1,
      clock: this.#clock.newest(row.id),
      schemas: new Map(),
      latest: undefined,
      latestNext: row.latest_next,
      receivedUs: 0,
    };
    const schemas = this.#sql.epochSchemas.all(row.id) as (SchemaRow & { number: number })[];
    for (const schema of schemas) this.#adopt(state, schema.number, schema);
    this.#cache.set(row.id, state);
    this.#onLoad(state);
    return state;
  }

  #addSchema(deviceId: number, hash: number, body: Uint8Array): number {
    return Number(this.#sql.addSchema.run(deviceId, hash, body).lastInsertRowid);
  }

  #defineChannels(deviceId: number, channels: readonly Channel[]): void {
    for (const { name, unit, kind, resolution } of channels) {
      this.#sql.putChannel.run(deviceId, name, unit, kind, resolution ?? null);
    }
  }

  #link(state: EpochState, number: number, row: SchemaRow): void {
    if (!state.schemas.has(number) && state.schemas.size >= SCHEMAS_PER_EPOCH_MAX) return;
    this.#sql.linkSchema.run(state.id, number, row.id);
    this.#adopt(state, number, row);
  }

  #adopt(state: EpochState, number: number, row: SchemaRow): void {
    const channels = this.#channels.of(row.body, row.hash);
    state.schemas.set(number, { id: row.id, hash: row.hash, channels, readings: undefined });
  }

  /** The last values of the schema's channels, by column. */
  readingsOf(state: EpochState, schema: EpochSchema): readonly LatestReading[] {
    schema.readings ??= schema.channels.map(({ name }) => this.#readingOf(state, name));
    return schema.readings;
  }

  #readingOf(state: EpochState, name: string): LatestReading {
    const { id: channelId } = this.#sql.channel.get(state.deviceId, name) as { id: number };
    state.latest ??= new Map();
    const reading = state.latest.get(channelId) ?? {
      channelId,
      name,
      ms: -1,
      value: null,
      isFresh: false,
      isUnsaved: false,
    };
    state.latest.set(channelId, reading);
    return reading;
  }
}

const EPOCH_COLUMNS =
  "epoch.id, device, device.name, epoch, next, batches, readings, gap_readings, last_ms, latest_next FROM epoch JOIN device ON device.id = epoch.device";

function prepare(sql: (text: string) => Statement) {
  return {
    device: sql("SELECT id FROM device WHERE name = ?"),
    addDevice: sql(
      "INSERT INTO device (name, firmware, first_seen_us, last_seen_us) VALUES (?, ?, ?, ?)",
    ),
    updateDevice: sql(
      "UPDATE device SET firmware = ?, last_seen_us = max(last_seen_us, ?) WHERE id = ?",
    ),
    seeDevice: sql("UPDATE device SET last_seen_us = max(last_seen_us, ?) WHERE id = ?"),
    epoch: sql(`SELECT ${EPOCH_COLUMNS} WHERE epoch.id = ?`),
    epochId: sql("SELECT id FROM epoch WHERE device = ? AND epoch = ?"),
    nextEpochId: sql("SELECT coalesce(max(id), 0) + 1 AS id FROM epoch"),
    behindLatest: sql("SELECT id FROM epoch WHERE next > latest_next"),
    addEpoch: sql(
      "INSERT INTO epoch (id, device, epoch, first, next, latest_next, began_us, reset) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    saveProgress: sql(
      "UPDATE epoch SET next = ?, batches = ?, readings = ?, gap_readings = ?, last_ms = ? WHERE id = ?",
    ),
    saveLatestNext: sql("UPDATE epoch SET latest_next = ? WHERE id = ?"),
    schema: sql("SELECT id, hash, body FROM schema WHERE device = ? AND hash = ?"),
    addSchema: sql("INSERT INTO schema (device, hash, body) VALUES (?, ?, ?)"),
    linkSchema: sql("INSERT OR REPLACE INTO epoch_schema (epoch, number, schema) VALUES (?, ?, ?)"),
    epochSchemas: sql(
      "SELECT number, schema.id, hash, body FROM epoch_schema JOIN schema ON schema.id = schema WHERE epoch = ?",
    ),
    channel: sql("SELECT id FROM channel WHERE device = ? AND name = ?"),
    putChannel: sql(
      "INSERT INTO channel (device, name, unit, kind, resolution) VALUES (?, ?, ?, ?, ?) ON CONFLICT (device, name) DO UPDATE SET unit = excluded.unit, kind = excluded.kind, resolution = excluded.resolution",
    ),
  };
}
