// Stores for tests of the command line, made by the store's own writer from real batches.

import { Store } from "../../../host/store/store.ts";
import { BatchEncoder } from "../../../shared/batch/encoder.ts";
import {
  type Channel,
  encodeSchema,
  type SampleValues,
  schemaHash,
} from "../../../shared/channel.ts";
import type { GapReason } from "../../../shared/errors.ts";

/** 2026-05-04 12:00 UTC. */
export const NOON_MS = Date.UTC(2026, 4, 4, 12);

export const CLIMATE: readonly Channel[] = [
  { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "pressure", kind: "integer", unit: "Pa" },
  { name: "door", kind: "boolean", unit: "" },
];

/** Makes a store at `path`, lets `fill` fill it, and closes it. */
export async function makeStore(path: string, fill: (store: Store) => Promise<void>) {
  const store = await Store.open({ path });
  await fill(store);
  await store.close();
}

export interface TestDeviceOptions {
  readonly name: string;
  readonly channels?: readonly Channel[];
  /** 16 hexadecimal digits. */
  readonly epoch?: string;
  /** When its records come; noon unless told. */
  readonly receivedMs?: number;
}

/** A device whose records go straight into a store. */
export class TestDevice {
  /** Uptime of the next row. */
  uptimeMs = 1_000;
  sequence = 0;
  readonly #store: Store;
  readonly #epochId: number;
  readonly #encoder: BatchEncoder;
  readonly #receivedUs: number;

  private constructor(
    store: Store,
    epochId: number,
    { channels = CLIMATE, receivedMs = NOON_MS }: TestDeviceOptions,
  ) {
    this.#store = store;
    this.#epochId = epochId;
    this.#receivedUs = receivedMs * 1_000;
    this.#encoder = new BatchEncoder({ channels, schema: 0 });
  }

  static async begin(store: Store, options: TestDeviceOptions): Promise<TestDevice> {
    const { name, channels = CLIMATE, epoch = "00000000000000a1" } = options;
    const { receivedMs = NOON_MS } = options;
    const body = encodeSchema(channels);
    const hello = {
      kind: "hello",
      version: 1,
      nonce: 1,
      device: name,
      epoch,
      firmware: "test 1.0",
      reset: "power-on",
      uptimeMs: 0,
      life: 1,
      first: 0,
      next: 0,
      schemas: [{ number: 0, hash: schemaHash(body) }],
      receiveBytesMax: 0,
    } as const;
    const { epochId } = await store.resume(hello, receivedMs * 1_000);
    store.putSchema(epochId, 0, body);
    return new TestDevice(store, epochId, options);
  }

  /** Uptime 0 was at `utcMs`, give or take `uncertaintyMs`. */
  setClock(utcMs: number = NOON_MS, uncertaintyMs = 2): void {
    this.#store.putClock(this.#epochId, {
      deviceMs: 0,
      utcUs: utcMs * 1_000,
      uncertaintyUs: uncertaintyMs * 1_000,
    });
  }

  /** Stores one batch of these rows, a second apart. */
  batch(rows: readonly SampleValues[]): void {
    for (const values of rows) {
      if (this.#encoder.append(this.uptimeMs, values) !== "appended") throw new Error("full");
      this.uptimeMs += 1_000;
    }
    const record = {
      kind: "batch",
      sequence: this.sequence++,
      body: this.#encoder.take(),
    } as const;
    this.#store.append(this.#epochId, record, { link: "tcp", receivedUs: this.#receivedUs });
  }

  /** Stores a gap of one record with so many readings, a second each. */
  gap(readings: number, reason: GapReason = "outbox-full"): void {
    const firstMs = this.uptimeMs;
    this.uptimeMs += readings * 1_000;
    const lastMs = this.uptimeMs - 1_000;
    const sequence = this.sequence++;
    const gap = { kind: "gap", sequence, count: 1, readings, firstMs, lastMs, reason } as const;
    this.#store.append(this.#epochId, gap, { link: "tcp", receivedUs: this.#receivedUs });
  }

  flush(): Promise<void> {
    return this.#store.flush();
  }
}

/** Rows of CLIMATE: 20.00, 20.01 ... degrees. */
export function climateRows(count: number, first = 0): SampleValues[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    return [20 + number / 100, 101_300 + number, number % 2 === 1];
  });
}
