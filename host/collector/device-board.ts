// What is known of each device right now, for tables and status: its links, how fast its readings
// come, how far it is stored, its last values.

import type { HostSession } from "../../shared/session/host-session.ts";
import type { LinkTraits } from "../../shared/session/link.ts";
import type { Commit } from "../store/operation.ts";
import type { JsonValue } from "../store/value.ts";

/** Rates are averages over about so long. */
const RATE_WINDOW_MS = 5_000;

export interface DeviceView {
  readonly device: string;
  /** Kinds of the links that are open, e.g. ["tcp"]. */
  readonly links: readonly string[];
  readonly readingsPerSecond: number;
  /** Readings stored since the collector started. */
  readonly readings: number;
  /** Records of the device's current epoch that are stored. */
  readonly stored: number;
  /** Records that the device is known to have and that are not stored yet. */
  readonly waiting: number;
  /** By channel name. */
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** Who brings a device's readings: a session of our protocol, or a plain device (host/plain). */
export interface BoardSession {
  readonly device: string;
  readonly links: ReadonlySet<{ readonly traits: Pick<LinkTraits, "kind"> }>;
  /** As in DeviceView. */
  readonly stored: number;
  readonly waiting: number;
}

interface Entry<Session> {
  session: Session;
  readings: number;
  /** Smoothed, and still too low while the device is new: see `viewOf`. */
  rate: number;
  readonly sinceMs: number;
  /** Readings at the last update of the rate. */
  ratedReadings: number;
  values: Record<string, JsonValue>;
}

export class DeviceBoard<Session extends BoardSession = HostSession> {
  readonly #entries = new Map<string, Entry<Session>>();
  #ratedAtMs = 0;

  /** The session in which the device was last seen. */
  sessionOf(device: string): Session | undefined {
    return this.#entries.get(device)?.session;
  }

  /** A session of the device has begun or goes on. */
  handleSession(session: Session, nowMs: number): void {
    const entry = this.#entries.get(session.device);
    if (entry !== undefined) entry.session = session;
    else {
      const values = Object.create(null) as Entry<Session>["values"]; // a channel may be called __proto__
      const fresh = { session, readings: 0, rate: 0, sinceMs: nowMs, ratedReadings: 0, values };
      this.#entries.set(session.device, fresh);
    }
  }

  handleCommit(commit: Commit, sessionOf: (epochId: number) => Session | undefined): void {
    for (const { epochId, readings } of commit.stored) {
      const entry = this.#entryOf(sessionOf(epochId));
      if (entry !== undefined) entry.readings += readings;
    }
    for (const { device, values } of commit.latest) {
      const entry = this.#entries.get(device);
      if (entry !== undefined) Object.assign(entry.values, values);
    }
  }

  /** All devices by name. `nowMs` brings the rates up to date. */
  views(nowMs: number): DeviceView[] {
    this.#updateRates(nowMs);
    const views = [...this.#entries.values()].map((entry) => viewOf(entry, nowMs));
    return views.sort((a, b) => a.device.localeCompare(b.device, "en", { numeric: true }));
  }

  #entryOf(session: Session | undefined): Entry<Session> | undefined {
    return session === undefined ? undefined : this.#entries.get(session.device);
  }

  /** Exponential smoothing: each device's rate moves towards what came since the last look. */
  #updateRates(nowMs: number): void {
    const passedMs = nowMs - this.#ratedAtMs;
    if (passedMs <= 0) return;
    const weight = 1 - Math.exp(-passedMs / RATE_WINDOW_MS);
    this.#ratedAtMs = nowMs;
    for (const entry of this.#entries.values()) {
      const rate = ((entry.readings - entry.ratedReadings) * 1_000) / passedMs;
      entry.rate += weight * (rate - entry.rate);
      entry.ratedReadings = entry.readings;
    }
  }
}

function viewOf(entry: Entry<BoardSession>, nowMs: number): DeviceView {
  const { session, rate, sinceMs, readings, values } = entry;
  const share = 1 - Math.exp(-Math.max(nowMs - sinceMs, 1) / RATE_WINDOW_MS); // of the window that has passed
  return {
    device: session.device,
    links: [...new Set([...session.links].map((link) => link.traits.kind))],
    readingsPerSecond: rate / share,
    readings,
    stored: session.stored,
    waiting: session.waiting,
    values,
  };
}
