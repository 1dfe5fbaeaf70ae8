// A host's half of the seal: admits devices that prove they hold their key, opens what they seal and
// seals what is for them. PROTOCOL 11.
//
// A knock costs no more than a proof and an entry in a bounded table: only a sealed message under the new
// keys, which a replayed knock cannot bring, makes the new association the device's own. The one before
// is heard for a while longer. Every answer is shorter than what it answers.

import type { ByteWriter } from "../bytes/cursor.ts";
import { Admission } from "../session/admission.ts";
import {
  Association,
  admitProof,
  deriveKnockKey,
  deriveSecrets,
  knockProof,
} from "./association.ts";
import { concat, isEqual, type SealCrypto } from "./crypto.ts";
import { OVERLAP_MS, tokenBytes } from "./device-seal.ts";
import { Rate } from "./rate.ts";
import {
  decodeKnock,
  decodeSealed,
  encodeAdmit,
  encodeDeny,
  type Knock,
  RANDOM_BYTES,
  SEAL_CODES,
} from "./seal-message.ts";

/** Proofs that are looked at in a second; further knocks are dropped. A tenth of one core's time. */
const PROOFS_PER_SECOND_MAX = 10_000;

/** And from one address. A fleet may stand behind one, so it is no less than half. */
const PROOFS_PER_ADDRESS_MAX = 5_000;

/** Devices that are admitted in a second, and at once: as many as may say hello. The others are told when to come back. */
const HANDSHAKES_PER_SECOND_MAX = 500;
const HANDSHAKE_BURST_MAX = 250;

/** Denials of one address that are answered and told of, in a second and at once; the others are silent. */
const DENIALS_PER_SECOND_MAX = 2;
const DENIAL_BURST_MAX = 20;

/** Answers to messages under keys that nobody knows, in all: a restarted host with a fleet gets many. */
const UNKNOWN_PER_SECOND_MAX = 2_000;

/** Admitted, and nothing sealed came yet: in all, of one device, and for how long. The oldest gives way. */
const HALF_OPEN_MAX = 4_096;
const HALF_OPEN_PER_DEVICE_MAX = 8;
const HALF_OPEN_MS_MAX = 10_000;

/** Addresses whose rates are kept; at the bound all are forgotten, which forgives each one burst. */
const ADDRESSES_MAX = 4_096;

/** The keys that devices have: the host's key store behind it. */
export interface KeyRing {
  /** Those with which a device may come, the newest first; none where it is unknown. */
  keysOf(device: string): readonly Uint8Array[];
}

/** A device that has proven itself, with what is shared with it. */
export interface SealedPeer {
  readonly device: string;
  current: KeyedAssociation | undefined;
  previous: KeyedAssociation | undefined;
  previousUntilMs: number;
  /** Tokens of its half-open associations, the oldest first. */
  halfOpen: number[];
}

interface KeyedAssociation {
  readonly association: Association;
  /** The device key that it came of. */
  readonly key: Uint8Array;
}

interface HalfOpen extends KeyedAssociation {
  readonly peer: SealedPeer;
  readonly deviceRandom: Uint8Array;
  readonly admit: Uint8Array;
  readonly untilMs: number;
}

/** The other end of a link. */
interface Origin {
  /** What limits are counted by. */
  readonly address: string;
}

/** What became of a message. */
export type SealOutcome =
  /** It holds one for the session, as new bytes. */
  | { readonly kind: "opened"; readonly peer: SealedPeer; readonly body: Uint8Array }
  /** This goes back to where it came from. */
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "dropped" };

export type HostSealEvent =
  /** Turned away. The peer is told neither which of the two it was. */
  | {
      readonly kind: "denied";
      readonly device: string;
      readonly address: string;
      readonly why: "wrong-key" | "unknown-device";
    }
  /** The device has come with this key. */
  | { readonly kind: "proven"; readonly device: string; readonly key: Uint8Array };

export interface HostSealOptions {
  readonly primitives: SealCrypto;
  readonly ring: KeyRing;
  /** `count` bytes that nobody can guess. */
  readonly random: (count: number) => Uint8Array;
}

export interface SealCounters {
  /** Associations that devices took up. */
  handshakes: number;
  /** Knocks with a wrong proof or of an unknown device. */
  denied: number;
  /** Knocks beyond what is looked at in a second. */
  knocksDropped: number;
  /** Sealed messages that were not sealed by whom they name, came before, or came too late. */
  forged: number;
  /** Under keys that this host does not know. */
  unknown: number;
}

const DROPPED: SealOutcome = { kind: "dropped" };

interface AddressRates {
  readonly proofs: Rate;
  readonly denials: Rate;
}

export class HostSeal {
  readonly counters: SealCounters = {
    handshakes: 0,
    denied: 0,
    knocksDropped: 0,
    forged: 0,
    unknown: 0,
  };

  readonly #options: HostSealOptions;
  readonly #peers = new Map<string, SealedPeer>();
  /** By token; the oldest first. */
  readonly #halfOpen = new Map<number, HalfOpen>();
  readonly #open = new Map<number, SealedPeer>();
  readonly #addresses = new Map<string, AddressRates>();
  readonly #proofs = new Rate(PROOFS_PER_SECOND_MAX, PROOFS_PER_SECOND_MAX, 0);
  readonly #unknowns = new Rate(UNKNOWN_PER_SECOND_MAX, UNKNOWN_PER_SECOND_MAX, 0);
  readonly #admission = new Admission(HANDSHAKES_PER_SECOND_MAX, HANDSHAKE_BURST_MAX);
  readonly #events: HostSealEvent[] = [];
  /** By the ring's key: a flood of knocks must cost one digest each, not three. */
  readonly #knockKeys = new WeakMap<Uint8Array, Uint8Array>();
  /** Proves nothing to anybody: an unknown device takes as long as a wrong key. */
  readonly #nobodysKey: Uint8Array;

  constructor(options: HostSealOptions) {
    this.#options = options;
    this.#nobodysKey = options.random(32);
  }

  /** Admitted, and not heard yet. */
  get halfOpenCount(): number {
    return this.#halfOpen.size;
  }

  /** One message from a link's framing, and where it came from: asked only where it matters. */
  handleMessage(bytes: Uint8Array, from: Origin, nowMs: number): SealOutcome {
    if (bytes[0] === SEAL_CODES.sealed) return this.#handleSealed(bytes, nowMs);
    const knock = bytes[0] === SEAL_CODES.knock ? decodeKnock(bytes) : undefined;
    return knock === undefined ? DROPPED : this.#handleKnock(knock, bytes, from.address, nowMs);
  }

  /**
   * Has `source` write a message for the device at the writer's position, and seals it. False where there
   * is none, or the device's keys were taken from it.
   */
  seal(peer: SealedPeer, writer: ByteWriter, source: (writer: ByteWriter) => boolean): boolean {
    return peer.current?.association.seal(writer, source) === true;
  }

  /** The ring has other keys: what was made of keys that are gone ends. */
  handleKeysChanged(): void {
    for (const peer of this.#peers.values()) {
      const keys = this.#options.ring.keysOf(peer.device);
      const isValid = ({ key }: KeyedAssociation) => keys.some((each) => isEqual(each, key));
      if (peer.current !== undefined && !isValid(peer.current))
        peer.current = this.#end(peer.current);
      if (peer.previous !== undefined && !isValid(peer.previous)) {
        peer.previous = this.#end(peer.previous);
      }
      if (keys.length === 0) this.#peers.delete(peer.device);
    }
    this.#halfOpen.clear();
    for (const peer of this.#peers.values()) peer.halfOpen = [];
  }

  /** The newest key of a device that talks under an older one of its keys. */
  newerKeyOf(device: string): Uint8Array | undefined {
    const inUse = this.#peers.get(device)?.current?.key;
    const [newest] = this.#options.ring.keysOf(device);
    if (inUse === undefined || newest === undefined) return undefined;
    return isEqual(inUse, newest) ? undefined : newest;
  }

  pollEvent(): HostSealEvent | undefined {
    return this.#events.shift();
  }

  #handleKnock(knock: Knock, bytes: Uint8Array, address: string, nowMs: number): SealOutcome {
    const rates = this.#ratesOf(address, nowMs);
    if (!rates.proofs.take(nowMs) || !this.#proofs.take(nowMs)) {
      this.counters.knocksDropped++;
      return DROPPED;
    }
    const keys = this.#options.ring.keysOf(knock.device);
    const key = this.#provenKey(knock, keys);
    if (key === undefined) return this.#deny(knock, keys.length > 0, address, rates, nowMs);
    const again = this.#halfOpenOf(knock, nowMs);
    if (again !== undefined) return { kind: "answer", bytes: again.admit };
    const retryAfterMs = this.#admission.handleArrival(nowMs);
    if (retryAfterMs > 0) {
      return {
        kind: "answer",
        bytes: encodeDeny({ reason: "busy", retryAfterMs, about: knock.random }),
      };
    }
    return { kind: "answer", bytes: this.#admit(knock, bytes, key, nowMs) };
  }

  #provenKey({ proof, proven }: Knock, keys: readonly Uint8Array[]): Uint8Array | undefined {
    if (keys.length === 0) this.#proofOf(this.#nobodysKey, proven);
    return keys.find((key) => isEqual(proof, this.#proofOf(key, proven)));
  }

  #proofOf(key: Uint8Array, proven: Uint8Array): Uint8Array {
    const { primitives } = this.#options;
    const knockKey = this.#knockKeys.get(key) ?? deriveKnockKey(primitives, key);
    this.#knockKeys.set(key, knockKey);
    return knockProof(primitives, knockKey, proven);
  }

  #deny(
    { device, random }: Knock,
    isKnown: boolean,
    address: string,
    { denials }: AddressRates,
    nowMs: number,
  ): SealOutcome {
    this.counters.denied++;
    if (!denials.take(nowMs)) return DROPPED;
    const why = isKnown ? "wrong-key" : "unknown-device";
    this.#events.push({ kind: "denied", device, address, why });
    const bytes = encodeDeny({ reason: "not-admitted", retryAfterMs: 0, about: random });
    return { kind: "answer", bytes };
  }

  /** A knock that came twice gets the same answer, for the first one may be lost. */
  #halfOpenOf({ device, random }: Knock, nowMs: number): HalfOpen | undefined {
    for (const token of this.#peers.get(device)?.halfOpen ?? []) {
      const halfOpen = this.#halfOpen.get(token);
      if (halfOpen === undefined || nowMs >= halfOpen.untilMs) continue;
      if (isEqual(halfOpen.deviceRandom, random)) return halfOpen;
    }
    return undefined;
  }

  #admit({ device, random }: Knock, knock: Uint8Array, key: Uint8Array, nowMs: number): Uint8Array {
    const { primitives, random: randomBytes } = this.#options;
    const token = this.#freeToken();
    const hostRandom = randomBytes(RANDOM_BYTES);
    const secrets = deriveSecrets(primitives, key, device, { device: random, host: hostRandom });
    const proven = encodeAdmit(random, hostRandom, token);
    const admit = concat(proven, admitProof(primitives, secrets, knock, proven));
    this.#makeRoom(nowMs);
    const peer = this.#peerOf(device);
    this.#halfOpen.set(token, {
      association: new Association(primitives, "host", token, secrets, nowMs),
      key,
      peer,
      deviceRandom: random.slice(),
      admit,
      untilMs: nowMs + HALF_OPEN_MS_MAX,
    });
    peer.halfOpen.push(token);
    if (peer.halfOpen.length > HALF_OPEN_PER_DEVICE_MAX)
      this.#halfOpen.delete(peer.halfOpen.shift()!);
    return admit;
  }

  /** Of those that are over none stays; at the bound the oldest goes. */
  #makeRoom(nowMs: number): void {
    for (const [token, { peer, untilMs }] of this.#halfOpen) {
      if (nowMs < untilMs && this.#halfOpen.size < HALF_OPEN_MAX) return;
      this.#halfOpen.delete(token);
      peer.halfOpen = peer.halfOpen.filter((each) => each !== token);
    }
  }

  #peerOf(device: string): SealedPeer {
    const known = this.#peers.get(device);
    if (known !== undefined) return known;
    const peer: SealedPeer = {
      device,
      current: undefined,
      previous: undefined,
      previousUntilMs: 0,
      halfOpen: [],
    };
    this.#peers.set(device, peer);
    return peer;
  }

  #freeToken(): number {
    for (;;) {
      const bytes = this.#options.random(4);
      const token = bytes.reduce((value, byte) => value * 0x100 + byte, 0);
      if (!this.#open.has(token) && !this.#halfOpen.has(token)) return token;
    }
  }

  #handleSealed(bytes: Uint8Array, nowMs: number): SealOutcome {
    const sealed = decodeSealed(bytes);
    if (sealed === undefined) return DROPPED;
    const halfOpen = this.#halfOpenAt(sealed.token, nowMs);
    const peer = halfOpen?.peer ?? this.#open.get(sealed.token);
    const association = halfOpen?.association ?? associationOf(peer, sealed.token, nowMs);
    if (peer === undefined || association === undefined) {
      return this.#sayUnknown(sealed.token, nowMs);
    }
    const body = association.open(sealed);
    if (body === undefined) {
      this.counters.forged++;
      return DROPPED;
    }
    if (halfOpen !== undefined) this.#takeUp(halfOpen, nowMs);
    return { kind: "opened", peer, body };
  }

  #halfOpenAt(token: number, nowMs: number): HalfOpen | undefined {
    const halfOpen = this.#halfOpen.get(token);
    return halfOpen !== undefined && nowMs < halfOpen.untilMs ? halfOpen : undefined;
  }

  /** The device uses the new keys, so it has them: the ones before are heard a little longer. */
  #takeUp({ association, key, peer }: HalfOpen, nowMs: number): void {
    this.counters.handshakes++;
    this.#halfOpen.delete(association.token);
    peer.halfOpen = peer.halfOpen.filter((token) => token !== association.token);
    if (peer.previous !== undefined) this.#end(peer.previous);
    peer.previous = peer.current;
    peer.previousUntilMs = nowMs + OVERLAP_MS;
    peer.current = { association, key };
    this.#open.set(association.token, peer);
    this.#events.push({ kind: "proven", device: peer.device, key });
  }

  #end({ association }: KeyedAssociation): undefined {
    this.#open.delete(association.token);
  }

  #sayUnknown(token: number, nowMs: number): SealOutcome {
    this.counters.unknown++;
    if (!this.#unknowns.take(nowMs)) return DROPPED;
    const about = tokenBytes(token);
    return {
      kind: "answer",
      bytes: encodeDeny({ reason: "unknown-association", retryAfterMs: 0, about }),
    };
  }

  #ratesOf(address: string, nowMs: number): AddressRates {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known;
    if (this.#addresses.size >= ADDRESSES_MAX) this.#addresses.clear();
    const rates = {
      proofs: new Rate(PROOFS_PER_ADDRESS_MAX, PROOFS_PER_ADDRESS_MAX, nowMs),
      denials: new Rate(DENIALS_PER_SECOND_MAX, DENIAL_BURST_MAX, nowMs),
    };
    this.#addresses.set(address, rates);
    return rates;
  }
}

function associationOf(
  peer: SealedPeer | undefined,
  token: number,
  nowMs: number,
): Association | undefined {
  const { current, previous, previousUntilMs = 0 } = peer ?? {};
  if (current?.association.token === token) return current.association;
  const isPrevious = previous?.association.token === token && nowMs < previousUntilMs;
  return isPrevious ? previous.association : undefined;
}
