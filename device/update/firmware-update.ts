// An update of the firmware as it comes in: first the manifest, whose signature is checked before a byte is
// written, then the image piece by piece, then its hash. Only then may it start. It does not know how the
// pieces travel; whoever brings them asks where to go on. What is broken off within one life goes on where
// it was; a restart begins it anew.

import type { Sha256, UpdateMachine, UpdateSlot } from "./machine.ts";
import { manifestFault, parsePublicKey, signedText, type UpdateManifest } from "./manifest.ts";

export type UpdateState =
  | { readonly kind: "idle" }
  /** The image is wanted from byte `next` on. */
  | { readonly kind: "receiving"; readonly version: string; readonly next: number }
  /** It starts at the next restart. */
  | { readonly kind: "ready"; readonly version: string }
  | { readonly kind: "refused"; readonly why: string };

export interface FirmwareUpdateOptions {
  readonly machine: UpdateMachine;
  /** In hexadecimal digits, as in the setting `updateKey`; "" refuses every update. */
  readonly publicKey: string;
}

interface Incoming {
  readonly manifest: UpdateManifest;
  readonly slot: UpdateSlot;
  readonly hash: Sha256;
  next: number;
}

const READY_ALREADY = "an update waits for the restart already";

export class FirmwareUpdate {
  readonly #machine: UpdateMachine;
  readonly #publicKey: string;
  #incoming: Incoming | undefined;
  #state: UpdateState = { kind: "idle" };

  constructor({ machine, publicKey }: FirmwareUpdateOptions) {
    this.#machine = machine;
    this.#publicKey = publicKey;
  }

  get state(): UpdateState {
    return this.#state;
  }

  /** Goes on where this very update was, or begins it; another that was coming in is dropped. */
  begin(manifest: UpdateManifest): UpdateState {
    // A slot that is to start next must not be written to: a cut of the power would start what is half there.
    if (this.#state.kind === "ready") return { kind: "refused", why: READY_ALREADY };
    const fault = this.#faultOf(manifest);
    if (fault !== undefined) return { kind: "refused", why: fault };
    if (this.#incoming !== undefined && isSame(this.#incoming.manifest, manifest))
      return this.#state;
    this.abort();
    return this.#guarded(() => this.#open(manifest));
  }

  /** Takes the piece, or what of it was not there yet. A piece from further on changes nothing. */
  handlePiece(offset: number, bytes: Uint8Array): UpdateState {
    const incoming = this.#incoming;
    if (incoming === undefined) return this.#state;
    if (offset + bytes.length > incoming.manifest.bytes) {
      return this.#refuse("the image is longer than it was said to be");
    }
    const known = incoming.next - offset;
    if (known < 0 || known >= bytes.length) return this.#state;
    return this.#guarded(() => this.#take(incoming, bytes.subarray(known)));
  }

  /** Drops what was coming in. An update that is ready stays so. */
  abort(): void {
    const slot = this.#incoming?.slot;
    this.#incoming = undefined;
    if (this.#state.kind !== "ready") this.#state = { kind: "idle" };
    try {
      slot?.abort();
    } catch {
      // what a slot that fails holds is never started
    }
  }

  #faultOf(manifest: UpdateManifest): string | undefined {
    const key = parsePublicKey(this.#publicKey);
    if (key === undefined) return "this firmware has no key to check updates with: set updateKey";
    if (this.#machine.boot.isOnTrial) return "this firmware is on trial itself";
    const fault = manifestFault(manifest);
    if (fault !== undefined) return fault;
    const isSigned = this.#machine.crypto.verify(key, signedText(manifest), manifest.signature);
    return isSigned ? undefined : "the signature is not by this firmware's key";
  }

  #open(manifest: UpdateManifest): UpdateState {
    const slot = this.#machine.openSlot();
    if (slot === undefined) return this.#refuse("there is no second slot for an image");
    if (manifest.bytes > slot.bytesMax) {
      return this.#refuse(`the image has ${manifest.bytes} bytes, the slot ${slot.bytesMax}`);
    }
    const hash = this.#machine.crypto.createSha256();
    this.#incoming = { manifest, slot, hash, next: 0 };
    slot.begin(manifest.bytes);
    return this.#tellNext(this.#incoming);
  }

  #take(incoming: Incoming, bytes: Uint8Array): UpdateState {
    incoming.slot.write(incoming.next, bytes);
    incoming.hash.update(bytes);
    incoming.next += bytes.length;
    const { manifest, slot, hash } = incoming;
    if (incoming.next < manifest.bytes) return this.#tellNext(incoming);
    if (!isEqual(hash.digest(), manifest.sha256)) {
      return this.#refuse("the image is not the one that was signed: its hash differs");
    }
    slot.complete();
    this.#incoming = undefined;
    this.#state = { kind: "ready", version: manifest.version };
    return this.#state;
  }

  #tellNext({ manifest: { version }, next }: Incoming): UpdateState {
    this.#state = { kind: "receiving", version, next };
    return this.#state;
  }

  #refuse(why: string): UpdateState {
    this.abort();
    this.#state = { kind: "refused", why };
    return this.#state;
  }

  #guarded(step: () => UpdateState): UpdateState {
    try {
      return step();
    } catch (error) {
      return this.#refuse(`the slot failed: ${String(error)}`);
    }
  }
}

function isSame(one: UpdateManifest, other: UpdateManifest): boolean {
  const { version, bytes, sha256 } = one;
  return version === other.version && bytes === other.bytes && isEqual(sha256, other.sha256);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
