// One link as a device's session keeps it: how far the greeting is, what must be said on it next,
// when it was last heard, how fast it is. PROTOCOL 7.2 has the state diagram.

import { SCHEMAS_PER_HELLO_MAX } from "../limits.ts";
import type { LinkId, LinkTraits } from "./link.ts";
import { NO_TOKEN } from "./link.ts";
import { RoundTrip } from "./round-trip.ts";

/** Pongs and pings that wait for room on the link; what comes beyond them is dropped, for its sender asks again. */
const PONGS_WAITING_MAX = 4;

/** Records on their way on an unreliable link, before anything is known of it and at most. */
const CONGESTION_WINDOW_INITIAL = 16;
const CONGESTION_WINDOW_MIN = 2;
const CONGESTION_WINDOW_MAX = 64;

/** Between two hellos on a link that does not answer. */
const HELLO_PERIOD_MS = 1_000;

/** Part of `silenceMsMax` after which a silent link is asked, and between two such questions. */
const PING_AFTER_PART = 0.4;
const PING_AGAIN_PART = 0.2;

export class DeviceLink {
  readonly id: LinkId;
  readonly traits: LinkTraits;
  readonly nonce: number;
  /** Set by the welcome; until then the link is greeting and carries hellos only. */
  isWelcomed = false;
  /** Its host keeps records; one that does not says so in its welcome (PROTOCOL 7.10). */
  takesRecords = true;
  /** The session is done with the link; its owner has been told to close it. */
  isGivenUp = false;
  /** From the welcome; precedes every message where the link is a datagram link. */
  token = NO_TOKEN;
  /** When something valid last came; at first, when the link opened. */
  heardAtMs: number;
  /** When the next hello (greeting) or ping (welcomed) is due. */
  nextProbeAtMs: number;
  /** A hello or a ping waits for room. */
  isProbeDue = false;
  /** A bye waits for room; it is the last that is said. */
  isByeDue = false;
  pingId = 0;
  readonly pongs: number[] = [];
  /** Schemas that the host asked for and that wait for room. */
  readonly schemas: number[] = [];
  readonly roundTrip = new RoundTrip();
  /** Records that may be on their way here, where the link is unreliable. */
  congestionWindow = CONGESTION_WINDOW_INITIAL;

  constructor(id: LinkId, traits: LinkTraits, nonce: number, nowMs: number) {
    this.id = id;
    this.traits = traits;
    this.nonce = nonce;
    this.heardAtMs = nowMs;
    this.nextProbeAtMs = nowMs;
  }

  handlePing(id: number): void {
    if (this.pongs.length < PONGS_WAITING_MAX) this.pongs.push(id);
  }

  /** Beyond as many as a hello announces, the host asks for what does not exist. */
  handleWant(schema: number): void {
    if (this.schemas.length >= SCHEMAS_PER_HELLO_MAX || this.schemas.includes(schema)) return;
    this.schemas.push(schema);
  }

  /** More of what was sent arrives: try a little more (additive increase). */
  handleProgress(): void {
    this.congestionWindow = Math.min(this.congestionWindow + 1, CONGESTION_WINDOW_MAX);
  }

  /** The timeout ran out: send half as much (multiplicative decrease, RFC 5681 3.1). */
  handleTimeout(): void {
    this.roundTrip.handleTimeout();
    this.congestionWindow = Math.max(this.congestionWindow >> 1, CONGESTION_WINDOW_MIN);
  }

  /** When it is to be asked: a greeting link repeats its hello, a welcomed one has been silent for a while. */
  probeAtMs(silenceMsMax: number): number {
    if (!this.isWelcomed) return this.nextProbeAtMs;
    return Math.max(this.heardAtMs + PING_AFTER_PART * silenceMsMax, this.nextProbeAtMs);
  }

  /** Between two such questions. */
  probePeriodMs(silenceMsMax: number): number {
    return this.isWelcomed ? PING_AGAIN_PART * silenceMsMax : HELLO_PERIOD_MS;
  }
}
