// The live stream: four times a second, what is new, once for all who watch. Values come from the store,
// after the commit, by way of the reading thread; states and events from the collector. While nobody
// watches, nothing is read and nothing is made.

import { randomBytes } from "node:crypto";
import { monotonicMs, utcMicros } from "../../clock.ts";
import { formatTime } from "../../store/rows.ts";
import type {
  DeviceStateDocument,
  EventDocument,
  LiveValuesDocument,
  SubscribeMessage,
} from "../documents.ts";
import { FOLLOWED_ON_MS, LIVE_CLIENTS_MAX, TICK_MS } from "../limits.ts";
import type { Followed } from "../reading/question.ts";
import type { ReadingThread } from "../reading/reading-thread.ts";
import type { LiveClient } from "./live-client.ts";
import { TickRing } from "./ring.ts";
import { Subscription, type Tick } from "./subscription.ts";

/** States are looked at in every so many ticks: rates change all the time. */
const TICKS_PER_STATES = 4;

/** Events between two ticks; a storm of them is for the log. */
const EVENTS_MAX = 100;

interface FollowedDevice {
  detail: Followed["detail"];
  /** Ticks behind this one have the device's values. */
  readonly sinceSequence: number;
  wantedAtMs: number;
}

/** Stands for every device, with its last values. */
const ALL = "";

export interface LiveStreamOptions {
  readonly reading: ReadingThread;
  readonly states: () => readonly DeviceStateDocument[];
  readonly tickMs?: number | undefined;
}

export class LiveStream {
  /** Another one each time the collector starts: sequences of one mean nothing in another. */
  readonly name = randomBytes(8).toString("hex");
  /** Ticks that slow clients were not sent. */
  skippedTicks = 0;
  readonly #options: LiveStreamOptions;
  readonly #clients = new Set<LiveClient>();
  readonly #ring = new TickRing();
  readonly #followed = new Map<string, FollowedDevice>();
  readonly #sentStates = new Map<string, string>();
  #events: EventDocument[] = [];
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** False where as many watch as may. */
  add(client: LiveClient): boolean {
    if (this.#clients.size >= LIVE_CLIENTS_MAX) return false;
    this.#clients.add(client);
    client.send({ type: "welcome", stream: this.name, sequence: this.#sequence });
    return true;
  }

  remove(client: LiveClient): void {
    this.#clients.delete(client);
  }

  /** Begins with the ticks that the client missed, where all of them are there; else it is told. */
  async subscribe(client: LiveClient, message: SubscribeMessage): Promise<void> {
    const subscription = new Subscription(message);
    const missed = this.#missedBy(message);
    await this.#want(subscription);
    client.subscribe(subscription, missed?.[0] === undefined ? this.#sequence : 0);
    client.send({ type: "subscribed", isComplete: missed !== undefined });
    for (const tick of missed ?? []) client.handleTick(tick);
    this.#sentStates.clear(); // who comes new hears all states with the next look at them
    this.#timer ??= setInterval(() => void this.#tick(), this.#options.tickMs ?? TICK_MS);
  }

  handleEvent(event: Omit<EventDocument, "at">): void {
    if (this.#events.length >= EVENTS_MAX) return;
    this.#events.push({ ...event, at: formatTime(event.atUs) });
  }

  close(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close(1001, "the collector stops");
  }

  /** Undefined where ticks are gone, or had not the client's devices in them. */
  #missedBy({ resume, devices, detail }: SubscribeMessage): Tick[] | undefined {
    if (resume === undefined || resume.stream !== this.name) return undefined;
    const names = devices === "all" ? [ALL] : devices;
    const isFollowed = names.every((name) => {
      const followed = this.#followed.get(name);
      if (followed === undefined || followed.sinceSequence > resume.sequence) return false;
      return detail === "latest" || followed.detail === "points";
    });
    return isFollowed ? this.#ring.since(resume.sequence, this.#sequence) : undefined;
  }

  /** Sees to it that the subscription's devices are followed from now on. */
  async #want({ devices, detail }: Subscription): Promise<void> {
    let isChanged = false;
    for (const name of devices === "all" ? [ALL] : devices) {
      const known = this.#followed.get(name);
      const isEnough = known !== undefined && (known.detail === "points" || detail === "latest");
      if (isEnough) continue;
      this.#followed.set(name, { detail, sinceSequence: this.#sequence, wantedAtMs: 0 });
      isChanged = true;
    }
    if (isChanged) await this.#follow();
  }

  async #tick(): Promise<void> {
    if (this.#isTicking) return; // the reading thread has more to do than that
    this.#isTicking = true;
    try {
      await this.#dropUnwanted();
      if (this.#followed.size === 0) this.#rest();
      else this.#send(await this.#options.reading.ask("poll", null));
    } catch {
      // The thread ended, and with it what was followed: the next tick begins anew.
      for (const client of this.#clients) client.handleLoss();
      await this.#follow().catch(() => undefined);
    } finally {
      this.#isTicking = false;
    }
  }

  #send(values: readonly LiveValuesDocument[]): void {
    const isForStates = this.#sequence % TICKS_PER_STATES === 0 || this.#events.length > 0;
    const tick: Tick = {
      sequence: ++this.#sequence,
      timeUs: utcMicros(),
      values,
      states: isForStates || this.#sentStates.size === 0 ? this.#changedStates() : [],
      events: this.#events,
    };
    this.#events = [];
    this.#ring.push(tick);
    for (const client of this.#clients) if (client.handleTick(tick)) this.skippedTicks++;
  }

  #changedStates(): DeviceStateDocument[] {
    return this.#options.states().filter((state) => {
      const text = JSON.stringify(state);
      if (this.#sentStates.get(state.name) === text) return false;
      this.#sentStates.set(state.name, text);
      return true;
    });
  }

  async #dropUnwanted(): Promise<void> {
    const nowMs = monotonicMs();
    for (const { subscription } of this.#clients) {
      const names = subscription?.devices ?? [];
      for (const name of names === "all" ? [ALL] : names) {
        const followed = this.#followed.get(name);
        if (followed !== undefined) followed.wantedAtMs = nowMs;
      }
    }
    const before = this.#followed.size;
    for (const [name, followed] of this.#followed) {
      if (followed.wantedAtMs === 0) followed.wantedAtMs = nowMs;
      if (nowMs - followed.wantedAtMs > FOLLOWED_ON_MS) this.#followed.delete(name);
    }
    if (this.#followed.size < before) await this.#follow();
  }

  async #follow(): Promise<void> {
    const devices = [...this.#followed].filter(([name]) => name !== ALL);
    const followed = devices.map(([device, { detail }]) => ({ device, detail }));
    const isAll = this.#followed.has(ALL);
    await this.#options.reading.ask("follow", { followed, isAll });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sentStates.clear();
  }
}
