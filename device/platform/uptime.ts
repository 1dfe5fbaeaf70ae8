// The device's clock: milliseconds since boot that never run backwards and never wrap. Made from
// the platform's signed 32-bit tick counter, which wraps after 49.7 days (docs/decisions/0005-io-classes.md).

/** Counts on from differences of ticks. Must be asked at least once in 24 days; the uplink asks every few seconds. */
export class UptimeClock {
  readonly #ticks: () => number;
  #lastTicks: number;
  #nowMs = 0;

  constructor(ticks: () => number) {
    this.#ticks = ticks;
    this.#lastTicks = ticks();
  }

  /** Whole milliseconds since this clock was made. */
  nowMs(): number {
    const ticks = this.#ticks();
    const passedMs = (ticks - this.#lastTicks) | 0; // right across the wrap
    if (passedMs > 0) {
      this.#nowMs += passedMs;
      this.#lastTicks = ticks;
    }
    return this.#nowMs;
  }
}
