// What of all that happens is kept in the store, for an operator who looks it up later.

import { monotonicMs, utcMicros } from "../clock.ts";
import type { Store } from "../store/store.ts";
import type { CollectorEvent } from "./events.ts";
import { describeEvent } from "./sentences.ts";

/** Of each of these at most one in so long is kept: strangers and mad devices must not fill the store. */
const SELDOM_KEPT_MS = 1_000;
const SELDOM_KEPT: ReadonlySet<string> = new Set(["refused", "file"]);

/** Events that are for whoever watches only, or that the store keeps by itself with the record. */
const NOT_KEPT: ReadonlySet<string> = new Set(["console", "trouble", "gap", "kept-aside", "keys"]);

export class EventLog {
  readonly #store: Store;
  readonly #keptMs = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  keep(event: CollectorEvent): void {
    if (NOT_KEPT.has(event.event) || this.#isTooSoon(event.event)) return;
    const device = "device" in event ? { device: event.device } : {};
    const text = describeEvent(event);
    this.#store.putEvent({ atUs: utcMicros(), kind: event.event, text, ...device });
  }

  #isTooSoon(kind: string): boolean {
    if (!SELDOM_KEPT.has(kind)) return false;
    const nowMs = monotonicMs();
    if (nowMs < (this.#keptMs.get(kind) ?? -SELDOM_KEPT_MS) + SELDOM_KEPT_MS) return true;
    this.#keptMs.set(kind, nowMs);
    return false;
  }
}
