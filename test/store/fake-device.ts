// A device that makes what goes into a store.

import type { Store } from "../../host/store/store.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { type Channel, encodeSchema, type SampleValues, schemaHash } from "../../shared/channel.ts";
import type { BatchMessage, Gap, Hello } from "../../shared/message/message.ts";

const CHANNELS: readonly Channel[] = [
  { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "door", kind: "enumeration", unit: "", labels: ["open", "shut"] },
  { name: "note", kind: "text", unit: "" },
];

export const SCHEMA = encodeSchema(CHANNELS);

/** Most tests need no more of a record's origin. */
export const META = { link: "tcp", receivedUs: 1_700_000_000_000_000 } as const;

export interface FakeDeviceOptions {
  readonly name?: string;
  readonly epoch?: string;
  readonly first?: number;
}

/** Makes batches of one reading of each channel a row, one row a second. */
export class FakeDevice {
  readonly name: string;
  readonly epoch: string;
  sequence: number;
  timeMs = 1_000;
  readonly #encoder = new BatchEncoder({ channels: CHANNELS, schema: 0 });

  constructor({ name = "shed", epoch = "00000000000000a1", first = 0 }: FakeDeviceOptions = {}) {
    this.name = name;
    this.epoch = epoch;
    this.sequence = first;
  }

  hello(changes: Partial<Hello> = {}): Hello {
    return {
      kind: "hello",
      version: 1,
      nonce: 1,
      device: this.name,
      epoch: this.epoch,
      firmware: "1.0",
      reset: "power-on",
      uptimeMs: this.timeMs,
      life: 1,
      first: this.sequence,
      next: this.sequence,
      schemas: [{ number: 0, hash: schemaHash(SCHEMA) }],
      receiveBytesMax: 0,
      ...changes,
    };
  }

  /** Resumes the device's epoch and hands its schema in. Returns the epoch's id. */
  async begin(store: Store): Promise<number> {
    const { epochId } = await store.resume(this.hello(), META.receivedUs);
    store.putSchema(epochId, 0, SCHEMA);
    return epochId;
  }

  batch(rows = 3): BatchMessage {
    for (let row = 0; row < rows; row++) {
      this.#encoder.append(this.timeMs, this.#sample());
      this.timeMs += 1_000;
    }
    return { kind: "batch", sequence: this.sequence++, body: this.#encoder.take().slice() };
  }

  gap(count: number, readings: number): Gap {
    const firstMs = this.timeMs;
    const sequence = this.sequence;
    this.sequence += count;
    this.timeMs += count * 1_000;
    const lastMs = this.timeMs - 1_000;
    return { kind: "gap", sequence, count, readings, firstMs, lastMs, reason: "outbox-full" };
  }

  #sample(): SampleValues {
    const index = this.timeMs / 1_000;
    return [index / 100, index % 2, index % 3 === 0 ? undefined : `row ${index}`];
  }
}
