// How long to wait for an acknowledgement: smoothed round trip and retransmission timeout after
// RFC 6298. One estimate a link. The round trip includes the host's commit, so a slow disk makes a
// patient device.

/** RFC 6298 2.1: before the first measurement. */
const RTO_MS_INITIAL = 1_000;
/** Below RFC 6298's 1 s, for links are local and lost datagrams should not cost a second; above a slow commit. */
const RTO_MS_MIN = 200;
/** RFC 6298 2.5 asks for 60 s or more; by then the link is long given up, so a smaller bound serves. */
const RTO_MS_MAX = 10_000;

export class RoundTrip {
  /** Retransmission timeout. */
  rtoMs = RTO_MS_INITIAL;
  /** Smoothed round trip; undefined before the first measurement. */
  smoothedMs: number | undefined;
  #variationMs = 0;

  /** Takes a measurement, of a message that was sent once (Karn's algorithm, RFC 6298 3). */
  handleSample(sampleMs: number): void {
    if (this.smoothedMs === undefined) {
      this.smoothedMs = sampleMs;
      this.#variationMs = sampleMs / 2;
    } else {
      this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.smoothedMs - sampleMs);
      this.smoothedMs = 0.875 * this.smoothedMs + 0.125 * sampleMs;
    }
    this.rtoMs = bounded(this.smoothedMs + 4 * this.#variationMs);
  }

  /** The timeout ran out: back off (RFC 6298 5.5). */
  handleTimeout(): void {
    this.rtoMs = bounded(2 * this.rtoMs);
  }
}

function bounded(rtoMs: number): number {
  return Math.min(Math.max(rtoMs, RTO_MS_MIN), RTO_MS_MAX);
}
