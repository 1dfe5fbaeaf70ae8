// A device's half of the seal: knocks, checks who admits it, seals what the session says and opens what
// it hears. It stands between links and session and knows nothing of records. PROTOCOL 11.
//
// Sans-I/O, as the session is: links are told of, messages go through, time and chance are arguments. The
// association belongs to no link: the first link that opens knocks, the others use what it got. What
// is not sealed is not heard, but for an admit and a denial, and a denial costs no more than a handshake.

import type { ByteWriter } from "../bytes/cursor.ts";
import type { LinkId } from "../session/link.ts";
import {
  Association,
  admitProof,
  deriveKnockKey,
  deriveSecrets,
  knockProof,
} from "./association.ts";
import { concat, isEqual, type SealCrypto } from "./crypto.ts";
import {
  type Admit,
  type Deny,
  decodeAdmit,
  decodeDeny,
  decodeSealed,
  encodeKnock,
  RANDOM_BYTES,
  SEAL_CODES,
} from "./seal-message.ts";

/** Between two knocks on a link that does not answer. */
const KNOCK_PERIOD_MS = 1_000;

/** What was sent to us under the association before is taken for so long after it was replaced. */
export const OVERLAP_MS = 10_000;

export interface DeviceSealOptions {
  readonly device: string;
  /** 32 bytes; see also `useKey`. */
  readonly key: Uint8Array;
  readonly primitives: SealCrypto;
  /** `count` bytes that nobody can guess. */
  readonly random: (count: number) => Uint8Array;
}

export type DeviceSealEvent =
  /** The link may carry a session now. It comes once more where the host has begun anew. */
  | { readonly kind: "admitted"; readonly link: LinkId }
  /** The host does not let us in. */
  | { readonly kind: "not-admitted"; readonly link: LinkId }
  /** Whoever answered does not hold our key. */
  | { readonly kind: "impostor"; readonly link: LinkId }
  | { readonly kind: "busy"; readonly link: LinkId; readonly retryAfterMs: number };

interface SealLink {
  readonly id: LinkId;
  isAdmitted: boolean;
  nextKnockAtMs: number;
}

interface Handshake {
  readonly random: Uint8Array;
  /** The same on every link: whichever answer comes first is as good as the others. */
  readonly knock: Uint8Array;
}

export class DeviceSeal {
  /** Messages that were no use: in the clear, forged, or come before. */
  ignored = 0;
  /** Associations that were made. */
  handshakes = 0;

  readonly #options: DeviceSealOptions;
  readonly #links = new Map<LinkId, SealLink>();
  readonly #events: DeviceSealEvent[] = [];
  #key: Uint8Array;
  #current: Association | undefined;
  #previous: Association | undefined;
  #previousUntilMs = 0;
  /** Under way; undefined where none is. */
  #handshake: Handshake | undefined;

  constructor(options: DeviceSealOptions) {
    this.#options = options;
    this.#key = options.key;
  }

  /** Knocks anew under another key, and talks under the one before until it is let in. */
  useKey(key: Uint8Array, nowMs: number): void {
    if (isEqual(key, this.#key)) return;
    this.#key = key;
    this.#handshake = undefined;
    this.#beginHandshake();
    for (const link of this.#links.values()) link.nextKnockAtMs = nowMs;
  }

  /** A path opened. "admitted" follows, at once where there is an association. */
  handleLinkUp(id: LinkId, nowMs: number): void {
    const link: SealLink = { id, isAdmitted: false, nextKnockAtMs: nowMs };
    this.#links.set(id, link);
    if (this.#current === undefined) this.#beginHandshake();
    else this.#admit(link);
  }

  handleLinkDown(id: LinkId): void {
    this.#links.delete(id);
  }

  /** Whether the link may carry a session. */
  isAdmitted(id: LinkId): boolean {
    return this.#links.get(id)?.isAdmitted === true;
  }

  /** One message from a link's framing. Returns what it holds for the session, if anything, as new bytes. */
  handleMessage(id: LinkId, bytes: Uint8Array, nowMs: number): Uint8Array | undefined {
    const link = this.#links.get(id);
    if (link === undefined) return undefined;
    if (bytes[0] === SEAL_CODES.sealed) return this.#open(bytes, nowMs);
    const isUseful =
      (bytes[0] === SEAL_CODES.admit && this.#handleAdmit(link, decodeAdmit(bytes), nowMs)) ||
      (bytes[0] === SEAL_CODES.deny && this.#handleDeny(link, decodeDeny(bytes), nowMs));
    if (!isUseful) this.ignored++;
    return undefined;
  }

  /**
   * Writes the next message for a link at the writer's position: a knock where one is due, or what
   * `source` writes, sealed. False where there is nothing to say.
   */
  pollTransmit(
    id: LinkId,
    writer: ByteWriter,
    nowMs: number,
    source: (writer: ByteWriter) => boolean,
  ): boolean {
    const link = this.#links.get(id);
    if (link === undefined) return false;
    if (nowMs >= this.#previousUntilMs) this.#previous = undefined;
    const association = this.#current;
    if (association?.isOld(nowMs)) this.#beginHandshake();
    if (this.#handshake !== undefined && nowMs >= link.nextKnockAtMs) {
      link.nextKnockAtMs = nowMs + KNOCK_PERIOD_MS;
      writer.writeBytes(this.#handshake.knock);
      return true;
    }
    return link.isAdmitted && association?.seal(writer, source) === true;
  }

  /** When a link should next be offered `pollTransmit`; infinity for never. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    if (this.#handshake === undefined) return dueMs;
    for (const link of this.#links.values()) dueMs = Math.min(dueMs, link.nextKnockAtMs);
    return dueMs;
  }

  pollEvent(): DeviceSealEvent | undefined {
    return this.#events.shift();
  }

  #beginHandshake(): void {
    if (this.#handshake !== undefined) return;
    const { device, primitives, random: randomBytes } = this.#options;
    const key = this.#key;
    const random = randomBytes(RANDOM_BYTES);
    const proven = encodeKnock(device, random);
    const knock = concat(proven, knockProof(primitives, deriveKnockKey(primitives, key), proven));
    this.#handshake = { random, knock };
  }

  #admit(link: SealLink): void {
    link.isAdmitted = true;
    this.#events.push({ kind: "admitted", link: link.id });
  }

  /** False where it is none of ours. */
  #handleAdmit(link: SealLink, admit: Admit | undefined, nowMs: number): boolean {
    const handshake = this.#handshake;
    if (admit === undefined || handshake === undefined) return false;
    const { deviceRandom, hostRandom, token, proof, proven } = admit;
    if (!isEqual(deviceRandom, handshake.random)) return false;
    const { device, primitives } = this.#options;
    const randoms = { device: deviceRandom, host: hostRandom };
    const secrets = deriveSecrets(primitives, this.#key, device, randoms);
    if (!isEqual(proof, admitProof(primitives, secrets, handshake.knock, proven))) {
      this.#events.push({ kind: "impostor", link: link.id });
      return true;
    }
    this.#previous = this.#current;
    this.#previousUntilMs = nowMs + OVERLAP_MS;
    this.#current = new Association(primitives, "device", token, secrets, nowMs);
    this.#handshake = undefined;
    this.handshakes++;
    for (const each of this.#links.values()) this.#admit(each);
    return true;
  }

  #handleDeny(link: SealLink, deny: Deny | undefined, nowMs: number): boolean {
    if (deny === undefined) return false;
    const { reason, about, retryAfterMs } = deny;
    if (reason === "unknown-association") return this.#handleUnknown(link, about, nowMs);
    if (this.#handshake === undefined || !isEqual(about, this.#handshake.random)) return false;
    if (reason === "busy") this.#events.push({ kind: reason, link: link.id, retryAfterMs });
    else this.#events.push({ kind: reason, link: link.id });
    return true;
  }

  /** A hint, for anybody can send it: the association stays until there is another. */
  #handleUnknown(link: SealLink, about: Uint8Array, nowMs: number): boolean {
    const token = this.#current?.token;
    if (token === undefined || !isEqual(about, tokenBytes(token))) return false;
    if (this.#handshake !== undefined) return true;
    this.#beginHandshake();
    link.nextKnockAtMs = Math.max(link.nextKnockAtMs, nowMs);
    return true;
  }

  #open(bytes: Uint8Array, nowMs: number): Uint8Array | undefined {
    const sealed = decodeSealed(bytes);
    const association = sealed && this.#associationOf(sealed.token, nowMs);
    const plain = sealed && association?.open(sealed);
    if (plain === undefined) this.ignored++;
    return plain;
  }

  #associationOf(token: number, nowMs: number): Association | undefined {
    if (this.#current?.token === token) return this.#current;
    if (this.#previous?.token !== token || nowMs >= this.#previousUntilMs) return undefined;
    return this.#previous;
  }
}

/** As a message carries it. */
export function tokenBytes(token: number): Uint8Array {
  return Uint8Array.of(token >>> 24, token >>> 16, token >>> 8, token);
}
