// Between the collector's links and its sessions: opens what devices seal, answers who knocks, and knows
// whose key each link goes by. Where keys are required nothing in the clear gets further than here.

import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import { MESSAGE_CODES } from "../../shared/message/message.ts";
import {
  HostSeal,
  type HostSealEvent,
  type KeyRing,
  type SealCounters,
  type SealedPeer,
} from "../../shared/seal/host-seal.ts";
import { Rate } from "../../shared/seal/rate.ts";
import { isSealMessage, SEAL_BYTES_MAX } from "../../shared/seal/seal-message.ts";
import { type LinkId, type LinkTraits, TOKEN_BYTES } from "../../shared/session/link.ts";
import { randomBytes } from "../chance.ts";
import { nodeCrypto } from "../keys/node-crypto.ts";
import type { HostLinkIo } from "../links/host-link-io.ts";
import { FrameRates } from "./frame-rates.ts";

/** Devices without keys that are told so, in a second and at once; the others hear nothing. */
const CLEAR_PER_SECOND_MAX = 50;

/** A message for the session, and the device that sealed it; undefined where it came in the clear. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly peer: SealedPeer | undefined;
}

const NO_KEYS: KeyRing = { keysOf: () => [] };

export class SealedLinks {
  /** Messages in the clear where keys are required, and under another device's key than the link's. */
  clear = 0;
  misbound = 0;
  /** Nothing is taken in the clear. */
  readonly isRequired: boolean;

  readonly #seal: HostSeal;
  readonly #peers = new Map<LinkId, SealedPeer>();
  readonly #blocked = new Set<LinkId>();
  readonly #frameRates = new FrameRates();
  readonly #clearHellos = new Rate(CLEAR_PER_SECOND_MAX, CLEAR_PER_SECOND_MAX, 0);
  readonly #writer = new ByteWriter(new Uint8Array(MESSAGE_BYTES_MAX + SEAL_BYTES_MAX));

  /**
   * Without a ring of keys, devices come in the clear, and those that have a key are told that it is of no
   * use. With one they may still come in the clear unless keys are required.
   */
  constructor(ring: KeyRing | undefined, isRequired = ring !== undefined) {
    this.isRequired = isRequired;
    this.#seal = new HostSeal({
      primitives: nodeCrypto,
      ring: ring ?? NO_KEYS,
      random: randomBytes,
    });
  }

  get counters(): SealCounters {
    return this.#seal.counters;
  }

  /** Frames beyond what a link may bring in a second. */
  get excessFrames(): number {
    return this.#frameRates.excess;
  }

  /** What a message from a link holds, if anything; who knocks is answered at once. `id`: undefined for a stranger's. */
  receive(
    io: HostLinkIo,
    id: LinkId | undefined,
    bytes: Uint8Array,
    nowMs: number,
  ): Received | undefined {
    if (id !== undefined && !this.#frameRates.take(id, io, nowMs)) return undefined;
    if (!isSealMessage(bytes)) return this.#receiveClear(io, id, bytes, nowMs);
    const outcome = this.#seal.handleMessage(bytes, io, nowMs);
    if (outcome.kind === "opened") return { bytes: outcome.body, peer: outcome.peer };
    const mayAnswer = id === undefined || !this.#blocked.has(id);
    if (outcome.kind === "answer" && mayAnswer) io.send(outcome.bytes);
    return undefined;
  }

  /**
   * Binds the link to whom a sealed message came from. A link goes by the key of its last hello; false
   * for any other message under another device's.
   */
  bind(id: LinkId, { bytes, peer }: Received, { traits }: HostLinkIo): boolean {
    const bound = this.#peers.get(id);
    if (peer === undefined || peer === bound) return true;
    if (bound !== undefined && !isHello(bytes, traits)) {
      this.misbound++;
      return false;
    }
    this.#peers.set(id, peer);
    return true;
  }

  /** A message as it goes out on the link; undefined where its device's keys were taken from it. */
  seal(id: LinkId, message: Uint8Array): Uint8Array | undefined {
    const peer = this.#peers.get(id);
    if (peer === undefined) return message;
    const writer = this.#writer;
    writer.reset(writer.bytes);
    const source = (into: ByteWriter) => {
      into.writeBytes(message);
      return true;
    };
    return this.#seal.seal(peer, writer, source) ? writer.written() : undefined;
  }

  /** Of what a device takes at a time, what is left for a message; 0 for no limit. */
  roomBytes(receiveBytesMax: number): number {
    if (!this.isRequired || receiveBytesMax === 0) return receiveBytesMax;
    return Math.max(1, receiveBytesMax - SEAL_BYTES_MAX);
  }

  handleBlocked(id: LinkId, isBlocked: boolean): void {
    if (isBlocked) this.#blocked.add(id);
    else this.#blocked.delete(id);
  }

  handleLinkDown(id: LinkId): void {
    this.#peers.delete(id);
    this.#blocked.delete(id);
    this.#frameRates.leave(id);
  }

  /** The ring has other keys. */
  handleKeysChanged(): void {
    this.#seal.handleKeysChanged();
  }

  /** See HostSeal. */
  newerKeyOf(device: string): Uint8Array | undefined {
    return this.#seal.newerKeyOf(device);
  }

  pollEvent(): HostSealEvent | undefined {
    return this.#seal.pollEvent();
  }

  /** On a link that goes by a key it is not the device's: it may not cost the device its link. */
  #receiveClear(
    { traits }: HostLinkIo,
    id: LinkId | undefined,
    bytes: Uint8Array,
    nowMs: number,
  ): Received | undefined {
    if (!this.isRequired) return { bytes, peer: undefined };
    this.clear++;
    if (id !== undefined && this.#peers.has(id)) return undefined;
    return isHello(bytes, traits) && this.#clearHellos.take(nowMs)
      ? { bytes, peer: undefined }
      : undefined;
  }
}

function isHello(bytes: Uint8Array, { isDatagram }: LinkTraits): boolean {
  return bytes[isDatagram ? TOKEN_BYTES : 0] === MESSAGE_CODES.hello;
}
