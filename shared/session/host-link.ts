// One link as the host keeps it: whose session it carries, what must be said on it next, when it
// was last heard, and the pings that measure the device's clock over it.

import type { ByteWriter } from "../bytes/cursor.ts";
import { WINDOW_RECORDS_MAX } from "../limits.ts";
import { encodeMessage } from "../message/encode.ts";
import { MESSAGE_CODES, type Message, type Pong } from "../message/message.ts";
import type { HostSession } from "./host-session.ts";
import { type LinkId, type LinkTraits, NO_TOKEN, TOKEN_BYTES } from "./link.ts";
import type { Lookup } from "./lookup.ts";

/** Answers that wait for room on one link; a peer that asks for more without reading loses the link. */
const ANSWERS_WAITING_MAX = 16;

/** A peer that has not said hello for so long after connecting is none of ours. */
const HELLO_MS_MAX = 10_000;

/** Three times the bound after which a device itself gives a silent link up (shared/session/device.ts). */
const SILENCE_MS_MAX = 15_000;

/** Pings measure the device's clock: a few soon, for a good first estimate, then now and then. */
const PINGS_SOON = 4;
const PING_SOON_PERIOD_MS = 1_000;
const PING_PERIOD_MS = 30_000;

/** A measured relation of two clocks: at `hostMs` the device's uptime was `deviceMs`, give or take `uncertaintyMs`. */
export interface ClockSample {
  readonly deviceMs: number;
  readonly hostMs: number;
  readonly uncertaintyMs: number;
}

export class HostLink {
  readonly id: LinkId;
  readonly traits: LinkTraits;
  /** The session that the link carries; undefined before the first welcome. */
  session: HostSession | undefined;
  /** What the store is being asked on behalf of the link's last hello; kept by the lookup. */
  lookup: Lookup | undefined;
  /** The nonce of the last hello that was welcomed. */
  welcomedNonce: number | undefined;
  heardAtMs: number;
  /** The socket takes no more for now. */
  isBlocked = false;
  /** The device asks whether we are there: the last acknowledgement may be lost, or have gone elsewhere. */
  isAckAsked = false;
  /** A close was asked for; nothing more is taken in. */
  isClosing = false;

  #answers: Message[] = [];
  /** The session's token on a datagram link, and the token of the last datagram that came. */
  #token = NO_TOKEN;
  #heardToken = NO_TOKEN;
  #ping: { readonly id: number; readonly sentAtMs: number } | undefined;
  #nextPingAtMs = 0;
  #pingCount = 0;
  /** Never used twice on a link: a late pong must not answer a later ping. */
  #nextPingId = 0;

  constructor(id: LinkId, traits: LinkTraits, nowMs: number) {
    this.id = id;
    this.traits = traits;
    this.heardAtMs = nowMs;
  }

  /** Enters a session. A hello that came twice keeps its token, for the first welcome may be the one that arrives. */
  enter(session: HostSession, nonce: number, token: number, nowMs: number): void {
    if (this.session !== session || this.welcomedNonce !== nonce) this.#token = token;
    this.session = session;
    this.welcomedNonce = nonce;
    this.#nextPingAtMs = nowMs;
    this.#pingCount = 0;
  }

  /** The token that the welcome carries: 0 where the link needs none. */
  get token(): number {
    return this.traits.isDatagram ? this.#token : NO_TOKEN;
  }

  /**
   * The message behind the token of a datagram; `isCurrent` is false where the token belongs to
   * another session than the link's. Other links have no token: their order protects them.
   */
  stripToken(bytes: Uint8Array): { readonly body: Uint8Array; readonly isCurrent: boolean } {
    if (!this.traits.isDatagram) return { body: bytes, isCurrent: true };
    const body = bytes.subarray(TOKEN_BYTES);
    this.#heardToken = readToken(bytes);
    const isCurrent = this.#heardToken === this.#token || body[0] === MESSAGE_CODES.hello;
    return { body, isCurrent };
  }

  /** Queues a message. False where too many wait already. */
  answer(message: Message): boolean {
    if (this.#answers.length >= ANSWERS_WAITING_MAX) return false;
    this.#answers.push(message);
    return true;
  }

  /** Nothing is queued, so that an unasked-for answer does not pile up. */
  get isQuiet(): boolean {
    return this.#answers.length === 0;
  }

  /** Why the link is to be closed: nobody has been heard on it for too long. */
  silenceFault(nowMs: number): string | undefined {
    const silenceMs = nowMs - this.heardAtMs;
    if (this.session !== undefined) {
      return silenceMs >= SILENCE_MS_MAX ? "silent for too long" : undefined;
    }
    const mustGreet = this.traits.kind !== "serial"; // a line stands though nobody is on it
    return mustGreet && silenceMs >= HELLO_MS_MAX ? "no hello came" : undefined;
  }

  isPingDue(nowMs: number): boolean {
    const { session } = this;
    if (session === undefined || session.isPast || this.isClosing) return false;
    return nowMs >= this.#nextPingAtMs;
  }

  handlePong(pong: Pong, nowMs: number): ClockSample | undefined {
    const ping = this.#ping;
    if (ping === undefined || ping.id !== pong.id) return undefined;
    this.#ping = undefined;
    if (this.session?.isPast) return undefined; // asked in the life before
    const roundTripMs = nowMs - ping.sentAtMs;
    return {
      deviceMs: pong.timeMs,
      hostMs: ping.sentAtMs + roundTripMs / 2,
      uncertaintyMs: roundTripMs / 2,
    };
  }

  /** Writes the next message, with its token where the link has one. False where there is nothing to say. */
  writeNext(writer: ByteWriter, nowMs: number): boolean {
    const message = this.#takeAnswer() ?? this.#pollAck() ?? this.#pollPing(nowMs);
    if (message === undefined) return false;
    if (this.traits.isDatagram) writer.writeU32(this.#tokenBefore(message));
    encodeMessage(message, writer);
    return true;
  }

  /** What precedes a message of the link's session. */
  writeToken(writer: ByteWriter): void {
    if (this.traits.isDatagram) writer.writeU32(this.#token);
  }

  #takeAnswer(): Message | undefined {
    const answer = this.#answers.shift();
    if (this.#answers.length === 0 && answer !== undefined) this.#answers = []; // an emptied array keeps its room
    return answer;
  }

  #pollAck(): Message | undefined {
    const { session } = this;
    if (session === undefined || !(session.isAckDue || this.isAckAsked)) return undefined;
    session.isAckDue = false;
    this.isAckAsked = false;
    const bitmap = this.traits.isReliable ? new Uint8Array(0) : session.bitmap();
    return { kind: "ack", next: session.stored, window: WINDOW_RECORDS_MAX, bitmap };
  }

  #pollPing(nowMs: number): Message | undefined {
    if (!this.isPingDue(nowMs)) return undefined;
    const id = this.#nextPingId++;
    this.#pingCount++;
    this.#ping = { id, sentAtMs: nowMs };
    const periodMs = this.#pingCount < PINGS_SOON ? PING_SOON_PERIOD_MS : PING_PERIOD_MS;
    this.#nextPingAtMs = nowMs + periodMs;
    return { kind: "ping", id };
  }

  /** What the device can expect: none before its welcome, then its session's, and its own where we know no session. */
  #tokenBefore(message: Message): number {
    if (message.kind === "welcome") return NO_TOKEN;
    const isUnknown = message.kind === "bye" && message.reason === "unknown-session";
    return isUnknown || this.session === undefined ? this.#heardToken : this.#token;
  }
}

function readToken(bytes: Uint8Array): number {
  let token = 0;
  for (let index = 0; index < TOKEN_BYTES; index++) token = token * 0x100 + (bytes[index] ?? 0);
  return token;
}
