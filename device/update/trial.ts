// The trial of a firmware that was just updated: it has so long to be welcomed by a collector. Then it is
// kept; else, and where it restarts before, the machine goes back to the one before it.

import type { BootControl } from "./machine.ts";

/** Joining a network, finding the collector and a collector's own restart fit in several times. */
const TRIAL_MS_MAX = 600_000;

export class UpdateTrial {
  readonly #boot: BootControl | undefined;
  readonly #endMs: number;
  /** A restart would bring the former firmware back. */
  isRunning: boolean;

  /** Where the machine has no boot control nothing is on trial. */
  constructor(boot: BootControl | undefined, nowMs: number) {
    this.#boot = boot;
    this.#endMs = nowMs + TRIAL_MS_MAX;
    this.isRunning = boot?.isOnTrial === true;
  }

  handleWelcomed(): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.#boot!.confirm();
  }

  handleTimeout(nowMs: number): void {
    if (!this.isRunning || nowMs < this.#endMs) return;
    this.isRunning = false; // where the machine cannot go back, this firmware is all there is
    this.#boot!.rollBack();
  }
}
