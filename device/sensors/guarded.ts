// A sensor that may fail: what its probe throws never reaches the firmware. Its values are missing then,
// one more channel says so, and it is started anew after a while. A part that was pulled out and put
// back is read again without a restart.

import type { Channel, ChannelValue, SampleValues } from "../../shared/channel.ts";
import type { Driver, Hardware, Probe } from "./driver.ts";
import type { SamplingCounts, Sensor } from "./sensor.ts";

/** The order is that of the labels. */
const WORKING = 0;
const NOT_STARTED = 1;
const NOT_READ = 2;
const LABELS = ["working", "not started", "not read"];

/** Starting a part that is not there may take some 10 ms of I2C timeouts. */
const RESTART_MS = 30_000;

const NOTHING_COUNTED: SamplingCounts = { lateSamples: 0, missedSamples: 0 };

export class GuardedSensor implements Sensor {
  readonly channels: readonly Channel[];

  readonly #name: string;
  readonly #driver: Driver;
  readonly #hardware: Hardware;
  readonly #trace: (line: string) => void;
  readonly #values: (ChannelValue | undefined)[];
  #probe: Probe | undefined;
  #status = NOT_STARTED;
  #startAtMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, driver: Driver, hardware: Hardware, trace: (line: string) => void) {
    this.#name = name;
    this.#driver = driver;
    this.#hardware = hardware;
    this.#trace = trace;
    const status: Channel = {
      name: `${name}.status`,
      kind: "enumeration",
      unit: "",
      labels: LABELS,
    };
    this.channels = [...driver.channels, status];
    this.#values = this.channels.map(() => undefined);
  }

  read(nowMs: number, counts: SamplingCounts = NOTHING_COUNTED): SampleValues {
    const read = this.#readProbe(nowMs, counts);
    const values = this.#values;
    for (let index = 0; index < values.length - 1; index++) values[index] = read?.[index];
    values[values.length - 1] = this.#status;
    return values;
  }

  #readProbe(nowMs: number, counts: SamplingCounts): SampleValues | undefined {
    if (this.#probe === undefined && nowMs >= this.#startAtMs) this.#start(nowMs);
    if (this.#probe === undefined) return undefined;
    try {
      const values = this.#probe.read(nowMs, counts);
      this.#status = WORKING;
      return values;
    } catch (error) {
      this.#fail(NOT_READ, error, nowMs);
      return undefined;
    }
  }

  #start(nowMs: number): void {
    try {
      this.#probe = this.#driver.start(this.#hardware);
    } catch (error) {
      this.#fail(NOT_STARTED, error, nowMs);
    }
  }

  #fail(status: number, error: unknown, nowMs: number): void {
    if (status !== this.#status || this.#startAtMs < 0) {
      this.#trace(`sensor ${this.#name}: ${LABELS[status]}: ${String(error)}`);
    }
    this.#status = status;
    this.#startAtMs = nowMs + RESTART_MS;
    const probe = this.#probe;
    this.#probe = undefined;
    try {
      probe?.close?.();
    } catch (closing) {
      this.#trace(`sensor ${this.#name}: ${String(closing)}`);
    }
  }
}
