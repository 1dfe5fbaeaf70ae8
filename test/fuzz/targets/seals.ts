// Both halves of the seal, two devices and a host, on links that belong to somebody hostile: everything that
// was ever said may be repeated, cut, spliced, changed, and given to anyone, while links come and go, keys
// change and the host begins anew. What one side hears the other one said, in its own name, and once. And
// when the hostile one lets go, both devices talk with the host.

import { nodeCrypto } from "../../../host/keys/node-crypto.ts";
import { ByteWriter } from "../../../shared/bytes/cursor.ts";
import { decodeUtf8, encodeUtf8 } from "../../../shared/bytes/utf8.ts";
import { DeviceSeal } from "../../../shared/seal/device-seal.ts";
import { HostSeal, type SealedPeer } from "../../../shared/seal/host-seal.ts";
import { SEAL_CODES } from "../../../shared/seal/seal-message.ts";
import { Choices } from "../choices.ts";
import { must, type Target } from "../target.ts";

const NAMES = ["cellar", "attic"];
const LINKS = 3;
const SEEN_MAX = 400;
const CODES = [...Object.values(SEAL_CODES), 0x01];

/** Knocks until an honest path has let a device in: a lost answer, a limit that was used up, a busy host. */
const ROUNDS_MAX = 30;

export function createTarget(): Target {
  return {
    inputBytesMax: 400,
    stepsMax: (bytes) => 400_000 + 20_000 * bytes,
    seeds,
    run: (input) => new Path(new Choices(input)).run(),
  };
}

/** A device is let in, both talk, something is repeated, the key changes, the host begins anew. */
function* seeds(): Generator<Uint8Array> {
  const enter = (device: number) => [0, device, 0, 2, device, 0, 4, device, 0, 0];
  const talk = (device: number) => [2, device, 0, 3, device, 4, device, 0, 0, 5, device, 0, 0];
  yield Uint8Array.of(...enter(0), ...talk(0), ...talk(0), 8, 0, ...talk(0), ...talk(0));
  yield Uint8Array.of(...enter(0), ...enter(1), ...talk(0), ...talk(1), 4, 0, 3, 2, 9, ...talk(0));
  yield Uint8Array.of(...enter(0), ...talk(0), 7, 200, 5, 0, 2, 1, 4, 1, 1, 3, 6, 0, 2, 30, 1, 2);
}

interface Device {
  readonly name: string;
  readonly seal: DeviceSeal;
  readonly links: Set<number>;
  keys: Uint8Array[];
  said: Set<string>;
  heard: Set<string>;
  peer: SealedPeer | undefined;
  told: Set<string>;
}

class Path {
  readonly #choices: Choices;
  readonly #devices: readonly Device[];
  readonly #seen: Uint8Array[] = [];
  readonly #heardByHost = new Set<string>();
  #host: HostSeal;
  #nowMs = 1_000;
  #randoms = 0;
  #texts = 0;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#devices = NAMES.map((name) => this.#createDevice(name));
    this.#host = this.#createHost();
  }

  run(): void {
    while (!this.#choices.isEmpty) this.#step();
    for (const device of this.#devices) this.#meetHonestly(device);
  }

  /** Never the same twice, also over a restart: all that the seal asks of chance. */
  readonly #random = (count: number) => {
    const bytes = new Uint8Array(count);
    new DataView(bytes.buffer).setUint32(0, ++this.#randoms);
    return bytes;
  };

  #createDevice(name: string): Device {
    const key = this.#random(32);
    const seal = new DeviceSeal({
      device: name,
      key,
      primitives: nodeCrypto,
      random: this.#random,
    });
    const sets = { said: new Set<string>(), heard: new Set<string>(), told: new Set<string>() };
    return { name, seal, links: new Set(), keys: [key], peer: undefined, ...sets };
  }

  #createHost(): HostSeal {
    const keysOf = (name: string) => this.#devices.find((each) => each.name === name)?.keys ?? [];
    return new HostSeal({ primitives: nodeCrypto, ring: { keysOf }, random: this.#random });
  }

  #step(): void {
    const choices = this.#choices;
    const action = choices.below(10);
    const device = choices.pick(this.#devices);
    if (action === 0) this.#open(device, choices.below(LINKS));
    else if (action === 1) this.#close(device, choices.below(LINKS));
    else if (action === 2) this.#deviceSays(device, choices.below(LINKS), this.#text());
    else if (action === 3) this.#hostSays(device, this.#text());
    else if (action === 4) this.#toHost(device, choices.below(LINKS), this.#hostile());
    else if (action === 5) this.#toDevice(device, choices.below(LINKS), this.#hostile());
    else if (action === 6) this.#pass(choices.byte());
    else if (action === 7) this.#pass(1_000 * choices.byte());
    else if (action === 8) this.#changeKey(device);
    else this.#restartHost();
  }

  #text(): string {
    return `text ${++this.#texts}`;
  }

  #open(device: Device, link: number): void {
    if (device.links.has(link)) return;
    device.links.add(link);
    device.seal.handleLinkUp(link, this.#nowMs);
  }

  #close(device: Device, link: number): void {
    device.links.delete(link);
    device.seal.handleLinkDown(link);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
  }

  #changeKey(device: Device): void {
    const key = this.#random(32);
    device.keys = [key, device.keys[0]!];
    this.#host.handleKeysChanged();
    device.seal.useKey(key, this.#nowMs);
  }

  #restartHost(): void {
    this.#host = this.#createHost();
    for (const device of this.#devices) device.peer = undefined;
  }

  /** Something that was said, as it was, or spoilt; or nothing that anybody ever said. */
  #hostile(): Uint8Array {
    const choices = this.#choices;
    const how = choices.below(6);
    const old = this.#seen[this.#seen.length - 1 - choices.byte()] ?? this.#seen.at(-1);
    if (old === undefined || how === 5) {
      return Uint8Array.of(choices.pick(CODES), 1, ...choices.bytes(choices.below(120)));
    }
    const bytes = old.slice();
    if (how === 3) return bytes.subarray(0, choices.byte());
    if (how === 4) {
      const other = choices.pick(this.#seen);
      const at = choices.byte();
      return Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(at));
    }
    if (how === 2) bytes[choices.byte() % bytes.length]! ^= 1 << choices.below(8);
    return bytes;
  }

  #keep(bytes: Uint8Array): Uint8Array {
    if (this.#seen.length < SEEN_MAX) this.#seen.push(bytes);
    return bytes;
  }

  #deviceSays(device: Device, link: number, text: string): Uint8Array | undefined {
    const writer = new ByteWriter(new Uint8Array(300));
    let isSaid = false;
    const isAny = device.seal.pollTransmit(link, writer, this.#nowMs, (into) => {
      into.writeBytes(encodeUtf8(text));
      isSaid = true;
      return true;
    });
    must(!isSaid || device.seal.isAdmitted(link), "who is not let in says nothing");
    if (isSaid) device.said.add(text);
    while (device.seal.pollEvent() !== undefined);
    must(!Number.isNaN(device.seal.nextDueMs()), "it says when it is to be asked again");
    return isAny ? this.#keep(writer.written().slice()) : undefined;
  }

  #hostSays(device: Device, text: string): Uint8Array | undefined {
    if (device.peer === undefined) return undefined;
    const writer = new ByteWriter(new Uint8Array(300));
    const isAny = this.#host.seal(device.peer, writer, (into) => {
      into.writeBytes(encodeUtf8(text));
      return true;
    });
    if (!isAny) return undefined;
    device.told.add(text);
    return this.#keep(writer.written().slice());
  }

  /** Returns what goes back. */
  #toHost({ name }: Device, link: number, bytes: Uint8Array): Uint8Array | undefined {
    const before = bytes.length;
    const outcome = this.#host.handleMessage(bytes, { address: `${name} ${link}` }, this.#nowMs);
    while (this.#host.pollEvent() !== undefined);
    must(this.#host.halfOpenCount <= 4_096, "what is half open is bounded");
    if (outcome.kind === "opened") this.#hear(outcome.peer, decodeUtf8(outcome.body) ?? "");
    if (outcome.kind !== "answer") return undefined;
    must(outcome.bytes.length < before, "no answer is as long as what it answers");
    return this.#keep(outcome.bytes.slice());
  }

  #hear(peer: SealedPeer, text: string): void {
    const device = this.#devices.find(({ name }) => name === peer.device)!;
    must(device.said.has(text), "the host hears what that device said");
    must(!this.#heardByHost.has(text), "and once");
    this.#heardByHost.add(text);
    device.peer = peer;
  }

  #toDevice(device: Device, link: number, bytes: Uint8Array): void {
    const plain = device.seal.handleMessage(link, bytes, this.#nowMs);
    while (device.seal.pollEvent() !== undefined);
    if (plain === undefined) return;
    const text = decodeUtf8(plain) ?? "";
    must(device.told.has(text), "a device hears what the host told it");
    must(!device.heard.has(text), "and once");
    device.heard.add(text);
  }

  /** Nobody meddles any more: what each says the other hears. */
  #meetHonestly(device: Device): void {
    for (const link of [...device.links]) this.#close(device, link);
    this.#open(device, 0);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.#pass(1_000);
      if (this.#exchange(device)) return;
    }
    must(false, "on an honest path both hear each other in the end");
  }

  #exchange(device: Device): boolean {
    const text = this.#text();
    for (let said = this.#deviceSays(device, 0, text); said; said = undefined) {
      const answer = this.#toHost(device, 0, said);
      if (answer !== undefined) this.#toDevice(device, 0, answer);
    }
    if (!this.#heardByHost.has(text)) return false;
    const back = this.#text();
    const told = this.#hostSays(device, back);
    if (told !== undefined) this.#toDevice(device, 0, told);
    return device.heard.has(back);
  }
}
