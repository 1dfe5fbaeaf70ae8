// What keys cost inside XS, one task a command, by ciphers in plain JavaScript: an upper bound on the same
// processor, for the firmware uses the SDK's native ones.

import { ByteWriter } from "../shared/bytes/cursor.ts";
import { decodeUtf8, encodeUtf8 } from "../shared/bytes/utf8.ts";
import { Association, deriveSecrets } from "../shared/seal/association.ts";
import { DeviceSeal } from "../shared/seal/device-seal.ts";
import { HostSeal } from "../shared/seal/host-seal.ts";
import { decodeSealed } from "../shared/seal/seal-message.ts";
import { nobleCrypto } from "../test/seal/noble-crypto.ts";

const DEVICE = "bench";
const KNOCK_BYTES_MAX = 128;
const SEAL_BYTES_MAX = 64;

/** One key, and random bytes that are no secret here. */
const key = new Uint8Array(32).fill(7);
const random = (count: number) => new Uint8Array(count).fill(9);

const secrets = deriveSecrets(nobleCrypto, key, DEVICE, { device: random(16), host: random(16) });
const device = new Association(nobleCrypto, "device", 1, secrets, 0);
const host = new Association(nobleCrypto, "host", 1, secrets, 0);

/** What the device sealed last, for the host to open. */
let sealed: Uint8Array = new Uint8Array(0);

function seal(bytes: number): number {
  const writer = new ByteWriter(new Uint8Array(bytes + SEAL_BYTES_MAX));
  device.seal(writer, (into) => {
    into.writeBytes(new Uint8Array(bytes));
    return true;
  });
  sealed = writer.written();
  return sealed.length;
}

function open(): number {
  return host.open(decodeSealed(sealed)!)!.length;
}

/** Both sides: a board has one of them to do. */
function handshake(): number {
  const keysOf = () => [key];
  const collector = new HostSeal({ primitives: nobleCrypto, ring: { keysOf }, random });
  const knocker = new DeviceSeal({ device: DEVICE, key, primitives: nobleCrypto, random });
  const writer = new ByteWriter(new Uint8Array(KNOCK_BYTES_MAX));
  knocker.handleLinkUp(1, 0);
  knocker.pollTransmit(1, writer, 0, () => false);
  const outcome = collector.handleMessage(writer.written(), { address: "bench" }, 0);
  if (outcome.kind === "answer") knocker.handleMessage(1, outcome.bytes, 0);
  return knocker.handshakes;
}

const TASKS: Record<string, () => number> = {
  nothing: () => 0,
  "seal.100": () => seal(100),
  "open.100": open,
  "seal.430": () => seal(430),
  "open.430": open,
  handshake,
};

Object.assign(globalThis, {
  handleCommand(request: ArrayBuffer): ArrayBufferLike {
    const name = decodeUtf8(new Uint8Array(request))!;
    return encodeUtf8(String(TASKS[name]!())).buffer;
  },
});
