// How many frames a link may bring, before anything is done with them. A reliable link is slowed and
// loses nothing; the others lose what is beyond it, which devices send again.

import { Rate } from "../../shared/seal/rate.ts";
import type { LinkId } from "../../shared/session/link.ts";
import type { HostLinkIo } from "../links/host-link-io.ts";

/** More than twice what a link has ever been measured to bring (docs/PERFORMANCE.md: a pty, 41,000). */
export const FRAMES_PER_SECOND_MAX = 100_000;

/** At once, e.g. after this process was busy. */
export const FRAMES_BURST_MAX = 20_000;

export class FrameRates {
  /** Frames beyond it. */
  excess = 0;
  readonly #rates = new Map<LinkId, Rate>();

  /** Whether a frame is to be looked at. */
  take(id: LinkId, io: HostLinkIo, nowMs: number): boolean {
    let rate = this.#rates.get(id);
    if (rate === undefined) {
      rate = new Rate(FRAMES_PER_SECOND_MAX, FRAMES_BURST_MAX, nowMs);
      this.#rates.set(id, rate);
    }
    if (rate.take(nowMs)) return true;
    this.excess++;
    io.rest?.();
    return io.traits.isReliable;
  }

  leave(id: LinkId): void {
    this.#rates.delete(id);
  }
}
