// What the HTTP side shows: the running collector, its store and the thread that reads it.

import { monotonicMs, utcMicros } from "../clock.ts";
import type { Collector } from "../collector/collector.ts";
import type { DeviceView } from "../collector/device-board.ts";
import type { CollectorEvent } from "../collector/events.ts";
import { describeEvent } from "../collector/sentences.ts";
import type { Errand, Outcome } from "../commands/courier.ts";
import type { Transfers } from "../files/transfers.ts";
import type { Controls } from "./controls.ts";
import type { DeviceStateDocument } from "./documents.ts";
import { LiveStream } from "./live/live-stream.ts";
import { ReadingThread } from "./reading/reading-thread.ts";

export interface SubjectOptions {
  readonly collector: Collector;
  /** All devices, plain ones too. */
  readonly views: (nowMs: number) => DeviceView[];
  /** Operations handed to the store and not yet on disk. */
  readonly waiting: () => number;
  /** The store's file. */
  readonly db: string;
  /** Undefined where the collector keeps no files. */
  readonly transfers: Transfers | undefined;
  /** Name and version. */
  readonly name: string;
  readonly tickMs?: number | undefined;
}

export class Subject implements Controls {
  readonly options: SubjectOptions;
  readonly reading: ReadingThread;
  readonly live: LiveStream;
  readonly startedUs = utcMicros();
  readonly startedMs = monotonicMs();
  /** Why nothing is stored just now. */
  trouble: string | null = null;

  constructor(options: SubjectOptions) {
    this.options = options;
    this.reading = new ReadingThread(options.db);
    const { reading } = this;
    const { tickMs } = options;
    this.live = new LiveStream({ reading, states: () => this.states(), tickMs });
  }

  handleEvent(event: CollectorEvent): void {
    if (event.event === "trouble") this.trouble = event.isOver ? null : event.text;
    if (this.live.clients === 0) return;
    this.live.handleEvent({
      atUs: utcMicros(),
      device: "device" in event ? event.device : null,
      kind: event.event,
      text: describeEvent(event),
    });
  }

  views(): DeviceView[] {
    return this.options.views(monotonicMs());
  }

  /** Of the devices that were here since the collector started. */
  states(): DeviceStateDocument[] {
    return this.views().map(stateOf);
  }

  /** Those of the store, and those that have come since and stored nothing yet. */
  async knownDevices(): Promise<readonly { readonly name: string; readonly isHere: boolean }[]> {
    const here = new Map(this.states().map(({ name, state }) => [name, state === "here"]));
    const stored = await this.reading.ask("devices", null);
    const names = new Set([...stored.map(({ name }) => name), ...here.keys()]);
    return [...names].map((name) => ({ name, isHere: here.get(name) ?? false }));
  }

  get transfers(): Transfers | undefined {
    return this.options.transfers;
  }

  /** Has a device do something. */
  run(device: string, errand: Errand): Promise<Outcome> {
    return this.options.collector.run(device, errand);
  }

  async close(): Promise<void> {
    this.live.close();
    await this.reading.close();
  }
}

function stateOf(view: DeviceView): DeviceStateDocument {
  const { device, links, stored, waiting, readingsPerSecond } = view;
  return {
    name: device,
    state: links.length > 0 ? "here" : "away",
    links,
    next: stored,
    waiting,
    readingsPerSecond: Number(readingsPerSecond.toPrecision(3)),
  };
}
