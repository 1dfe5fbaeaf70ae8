// The truth: what the sensors of one life of a device gave, and when. Written by the sensors, read by
// the checkers; the code under test never sees it. Each sample's first two values name the life and
// count the samples, so that wherever a row turns up it can be held against what was taken.

import type { Sensor } from "../../device/sensors/sensor.ts";
import type { Channel, ChannelValue } from "../../shared/channel.ts";

export class Ledger {
  /** By sample: the true uptime at which it was taken, in whole ms, and how many values it had. */
  readonly timesMs: number[] = [];
  readonly values: number[] = [];
  /** Values of all samples. */
  readings = 0;

  get samples(): number {
    return this.timesMs.length;
  }

  begin(timeMs: number): number {
    this.timesMs.push(timeMs);
    this.values.push(0);
    return this.timesMs.length - 1;
  }

  add(count: number): void {
    this.values[this.values.length - 1]! += count;
    this.readings += count;
  }
}

/** Gives the life's number and the sample's. Due whenever any sensor is, and asked first. */
export class IdentitySensor implements Sensor {
  readonly channels: readonly Channel[] = [
    { name: "life", kind: "integer", unit: "" },
    { name: "sample", kind: "integer", unit: "" },
  ];
  readonly #life: number;
  readonly #ledger: Ledger;
  readonly #uptimeMs: () => number;

  constructor(life: number, ledger: Ledger, uptimeMs: () => number) {
    this.#life = life;
    this.#ledger = ledger;
    this.#uptimeMs = uptimeMs;
  }

  read(): readonly ChannelValue[] {
    const sample = this.#ledger.begin(this.#uptimeMs());
    this.#ledger.add(this.channels.length);
    return [this.#life, sample];
  }
}

/** Gives notes of some length, so that batches fill up, and now and then a sample fits none. */
export class NoteSensor implements Sensor {
  readonly channels: readonly Channel[];
  readonly #ledger: Ledger;
  readonly #bytesMax: number;

  constructor(notes: number, bytesMax: number, ledger: Ledger) {
    this.channels = Array.from({ length: notes }, (_, index) => ({
      name: `note ${index}`,
      kind: "bytes" as const,
      unit: "",
    }));
    this.#ledger = ledger;
    this.#bytesMax = bytesMax;
  }

  read(): readonly (ChannelValue | undefined)[] {
    const sample = this.#ledger.samples - 1;
    const notes = this.channels.map((_, index) => noteOf(sample, index, this.#bytesMax));
    this.#ledger.add(notes.filter((note) => note !== undefined).length);
    return notes;
  }
}

/** The note that a sample has in one of its channels: the same for whoever asks. Some are missing. */
export function noteOf(sample: number, index: number, bytesMax: number): Uint8Array | undefined {
  const mixed = Math.imul((sample + 1) * 31 + index, 0x9e3779b1) >>> 0;
  if (mixed % 7 === 0) return undefined;
  return new Uint8Array((mixed >>> 8) % (bytesMax + 1)).fill(mixed & 0xff);
}
