// What one live client wants to hear of, and that part of a tick.

import type { LiveValuesDocument, SubscribeMessage, TickDocument } from "../documents.ts";

/** A tick as the stream keeps it: for everybody, and not yet for anyone. */
export type Tick = Omit<TickDocument, "type" | "skipped">;

export class Subscription {
  readonly detail: SubscribeMessage["detail"];
  /** Ticks that may be on their way unacknowledged. */
  readonly window: number;
  readonly #devices: ReadonlySet<string> | "all";
  readonly #channels: ReadonlySet<string> | undefined;

  constructor({ devices, channels, detail, window }: SubscribeMessage) {
    this.detail = detail;
    this.window = window ?? Number.POSITIVE_INFINITY;
    this.#devices = devices === "all" ? "all" : new Set(devices);
    this.#channels = channels === undefined ? undefined : new Set(channels);
  }

  /** Names, or "all". */
  get devices(): ReadonlySet<string> | "all" {
    return this.#devices;
  }

  /** The part of a tick that the client is to have; undefined where nothing is in it for them. */
  partOf(tick: Tick, skipped: number): TickDocument | undefined {
    const values = tick.values.filter(({ device }) => this.#has(device)).flatMap(this.#valuesOf);
    const states = tick.states.filter(({ name }) => this.#has(name));
    const events = tick.events.filter(({ device }) => device === null || this.#has(device));
    if (values.length + states.length + events.length + skipped === 0) return undefined;
    const { sequence, timeUs } = tick;
    return { type: "tick", sequence, timeUs, skipped, values, states, events };
  }

  #has(device: string): boolean {
    return this.#devices === "all" || this.#devices.has(device);
  }

  readonly #valuesOf = (found: LiveValuesDocument): LiveValuesDocument[] => {
    const wanted = Object.entries(found.channels).filter(
      ([name]) => this.#channels === undefined || this.#channels.has(name),
    );
    if (wanted.length === 0) return [];
    const channels = Object.fromEntries(
      this.detail === "points"
        ? wanted
        : wanted.map(([name, { timesUs, values }]) => [
            name,
            { timesUs: timesUs.slice(-1), values: values.slice(-1) },
          ]),
    );
    return [{ ...found, channels }];
  };
}
