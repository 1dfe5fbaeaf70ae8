// The collector's counters for Prometheus, read when they are asked for.

import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Subject } from "./subject.ts";

const COUNTERS = {
  readings: ["senda_readings_total", "Readings stored and synced to disk"],
  batches: ["senda_batches_total", "Batches stored and synced to disk"],
  gaps: ["senda_gaps_total", "Gaps stored"],
  gapReadings: ["senda_gap_readings_total", "Readings that devices had to drop"],
  duplicates: ["senda_duplicates_total", "Records that came again and were not stored again"],
  noise: ["senda_noise_total", "Pieces of input that were no frame"],
  noiseBytes: ["senda_noise_bytes_total", "Bytes of input that were no frame"],
  ignored: ["senda_ignored_messages_total", "Messages with a good checksum that were no use"],
  refusals: ["senda_refusals_total", "Peers turned away"],
} as const;

export class Metrics {
  readonly #registry = new Registry();

  constructor(subject: Subject) {
    collectDefaultMetrics({ register: this.#registry });
    const { options, live } = subject;
    for (const [name, [metric, help]] of Object.entries(COUNTERS)) {
      const read = () => options.collector.counters[name as keyof typeof COUNTERS];
      this.#counter(metric, help, read);
    }
    this.#counter(
      "senda_live_skipped_ticks_total",
      "Ticks that slow live clients were not sent",
      () => live.skippedTicks,
    );
    this.#gauge("senda_live_clients", "Live streams that are open", () => live.clients);
    this.#gauge("senda_store_waiting_operations", "Operations not yet on disk", () =>
      options.waiting(),
    );
    this.#gauge("senda_store_trouble", "1 while nothing can be stored", () =>
      subject.trouble === null ? 0 : 1,
    );
    this.#perDevice(subject);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #perDevice(subject: Subject): void {
    const registers = [this.#registry];
    const labelNames = ["device"] as const;
    new Gauge({
      name: "senda_device_up",
      help: "1 while a link of the device is open",
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { name, state } of subject.states()) {
          this.set({ device: name }, state === "here" ? 1 : 0);
        }
      },
    });
    new Gauge({
      name: "senda_device_waiting_records",
      help: "Records that the device has and that are not stored",
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { name, waiting } of subject.states()) this.set({ device: name }, waiting);
      },
    });
  }
}
