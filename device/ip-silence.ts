// Notices that nothing comes by IP though it should: a board may have lost its address, or sit behind an
// access point that forwards nothing, and its WiFi says all the while that it is connected. Then the
// network is to be joined anew; less and less often, as the collector may be what is missing.

const SILENCE_MS_MIN = 120_000;
const SILENCE_MS_MAX = 1_800_000;

export class IpSilence {
  #sinceMs: number;
  #patienceMs = SILENCE_MS_MIN;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** To be called now and then; true where it has been silent for too long, which begins to count anew. */
  poll(isSilent: boolean, nowMs: number): boolean {
    if (!isSilent) {
      this.#sinceMs = nowMs;
      this.#patienceMs = SILENCE_MS_MIN;
      return false;
    }
    if (nowMs - this.#sinceMs < this.#patienceMs) return false;
    this.#sinceMs = nowMs;
    this.#patienceMs = Math.min(2 * this.#patienceMs, SILENCE_MS_MAX);
    return true;
  }
}
