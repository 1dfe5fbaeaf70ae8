// Who may come in now, and when the others should come back: so that a fleet that lost its collector
// does not topple it when all return at once. Admission is a token bucket. Whoever finds it empty is
// promised a turn of its own, one period after the turn promised before, so the fleet comes back at
// the rate that was chosen, whatever its size.

/** Longest time for which a device is sent away; a fleet that needs longer is too large for its collector. */
const RETRY_AFTER_MS_MAX = 60_000;

export class Admission {
  readonly #periodMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs = 0;
  #promisedMs = 0;

  /** `burst` arrivals may come at once, `perSecond` in the long run. */
  constructor(perSecond: number, burst: number) {
    this.#periodMs = 1_000 / perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** 0 where the arrival may come in; otherwise after how many milliseconds it should try again. */
  handleArrival(nowMs: number): number {
    const earned = (nowMs - this.#filledAtMs) / this.#periodMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAtMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    const turnMs = Math.max(this.#promisedMs, nowMs) + this.#periodMs;
    this.#promisedMs = Math.min(turnMs, nowMs + RETRY_AFTER_MS_MAX);
    return Math.ceil(this.#promisedMs - nowMs);
  }
}
