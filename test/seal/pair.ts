// A device's seal and a host's on either end of links that a test carries messages over by hand: it may
// hold them back, repeat, change or swap them.

import { randomBytes } from "node:crypto";
import { DeviceKeys } from "../../host/keys/device-keys.ts";
import { nodeCrypto } from "../../host/keys/node-crypto.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { DeviceSeal, type DeviceSealEvent } from "../../shared/seal/device-seal.ts";
import { HostSeal, type HostSealEvent, type SealedPeer } from "../../shared/seal/host-seal.ts";
import type { LinkId } from "../../shared/session/link.ts";

export const DEVICE = "cellar";
const ADDRESS = "192.0.2.7";

const random = (count: number) => new Uint8Array(randomBytes(count));

export class SealPair {
  nowMs = 0;
  readonly keys = new DeviceKeys();
  readonly device: DeviceSeal;
  host: HostSeal;
  /** What the host opened, and for whom. */
  readonly heardByHost: { readonly device: string; readonly text: string }[] = [];
  readonly heardByDevice: string[] = [];
  peer: SealedPeer | undefined;

  constructor({ key = random(32) as Uint8Array, device = DEVICE, isKnown = true } = {}) {
    if (isKnown) this.keys.add(device, key);
    this.device = new DeviceSeal({ device, key, primitives: nodeCrypto, random });
    this.host = this.#createHost();
  }

  /** All that it knew is gone, but for the keys. */
  restartHost(): void {
    this.host = this.#createHost();
    this.peer = undefined;
  }

  #createHost(): HostSeal {
    return new HostSeal({ primitives: nodeCrypto, ring: this.keys, random });
  }

  /** A link opens; its messages are carried until both sides are done. */
  open(id: LinkId): void {
    this.device.handleLinkUp(id, this.nowMs);
    this.settle(id);
  }

  /** Carries the device's own messages and the host's answers. */
  settle(id: LinkId): void {
    for (let knock = this.fromDevice(id); knock !== undefined; knock = this.fromDevice(id)) {
      this.toHost(id, knock);
    }
  }

  /** What the device sends next: its own, or `text` sealed; undefined for nothing. */
  fromDevice(id: LinkId, text?: string): Uint8Array | undefined {
    const writer = new ByteWriter(new Uint8Array(2_000));
    const isAny = this.device.pollTransmit(id, writer, this.nowMs, (into) => {
      if (text !== undefined) into.writeBytes(Buffer.from(text));
      return text !== undefined;
    });
    return isAny ? writer.written().slice() : undefined;
  }

  fromHost(text: string): Uint8Array | undefined {
    const writer = new ByteWriter(new Uint8Array(2_000));
    const peer = this.peer!;
    const isAny = this.host.seal(peer, writer, (into) => {
      into.writeBytes(Buffer.from(text));
      return true;
    });
    return isAny ? writer.written().slice() : undefined;
  }

  /** Hands the host a message; its answer, if any, goes back over the link and is returned. */
  toHost(id: LinkId, bytes: Uint8Array, address = ADDRESS): Uint8Array | undefined {
    const outcome = this.host.handleMessage(bytes, { address }, this.nowMs);
    if (outcome.kind === "opened") {
      this.peer = outcome.peer;
      const text = Buffer.from(outcome.body).toString();
      this.heardByHost.push({ device: outcome.peer.device, text });
    }
    if (outcome.kind !== "answer") return undefined;
    this.toDevice(id, outcome.bytes);
    return outcome.bytes;
  }

  toDevice(id: LinkId, bytes: Uint8Array): void {
    const plain = this.device.handleMessage(id, bytes, this.nowMs);
    if (plain !== undefined) this.heardByDevice.push(Buffer.from(plain).toString());
  }

  deviceEvents(): DeviceSealEvent[] {
    return drain(() => this.device.pollEvent());
  }

  hostEvents(): HostSealEvent[] {
    return drain(() => this.host.pollEvent());
  }
}

function drain<T>(poll: () => T | undefined): T[] {
  const all: T[] = [];
  for (let next = poll(); next !== undefined; next = poll()) all.push(next);
  return all;
}
