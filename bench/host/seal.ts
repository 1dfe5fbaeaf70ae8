// What keys cost a host: sealing and opening a frame, a handshake, and a knock that is turned away. In
// this process, without links; ingest.sealed says what it comes to with them.

import { randomBytes } from "node:crypto";
import { DeviceKeys } from "../../host/keys/device-keys.ts";
import { nodeCrypto } from "../../host/keys/node-crypto.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { Association, deriveSecrets } from "../../shared/seal/association.ts";
import { DeviceSeal } from "../../shared/seal/device-seal.ts";
import { HostSeal } from "../../shared/seal/host-seal.ts";
import { decodeSealed } from "../../shared/seal/seal-message.ts";
import { type Bench, type Figure, median } from "../figure.ts";

const ROUNDS = 5;
const DEVICE = "bench";

/** An acknowledgement, a batch of 200 values, the largest batch. */
const MESSAGE_BYTES = [8, 80, 1_106];

const random = (count: number) => new Uint8Array(randomBytes(count));

export const measureSeal: Bench = async ({ isQuick }) => {
  const count = isQuick ? 20 : 20_000;
  return [
    ...MESSAGE_BYTES.map((bytes) => ({
      name: `seal.frame.${bytes}`,
      value: timeUs(() => carryFrames(bytes, count)) / count,
      unit: "us/frame",
    })),
    ...handshakeFigures(isQuick ? 5 : 200),
  ];
};

/** Sealed by one side and opened by the other. */
function carryFrames(bytes: number, count: number): void {
  const randoms = { device: random(16), host: random(16) };
  const secrets = deriveSecrets(nodeCrypto, random(32), DEVICE, randoms);
  const device = new Association(nodeCrypto, "device", 1, secrets, 0);
  const host = new Association(nodeCrypto, "host", 1, secrets, 0);
  const writer = new ByteWriter(new Uint8Array(bytes + 64));
  const message = random(bytes);
  for (let index = 0; index < count; index++) {
    writer.reset(writer.bytes);
    device.seal(writer, (into) => {
      into.writeBytes(message);
      return true;
    });
    if (host.open(decodeSealed(writer.written())!) === undefined)
      throw new Error("it does not open");
  }
}

function handshakeFigures(count: number): Figure[] {
  const pairs = Array.from({ length: count }, (_, index) => makePair(`${DEVICE}-${index}`));
  const strangers = pairs.map(({ device }) => knockOf(device));
  const closed = new HostSeal({ primitives: nodeCrypto, ring: new DeviceKeys(), random });
  const admitted = timeUs(() => {
    for (const { host, device } of pairs) shakeHands(host, device);
  }, 1);
  const denied = timeUs(() => {
    for (const knock of strangers) closed.handleMessage(knock, { address: "bench" }, 0);
  });
  return [
    { name: "seal.handshake", value: admitted / count, unit: "us, both sides" },
    { name: "seal.denied", value: denied / count, unit: "us/knock" },
  ];
}

function makePair(name: string): { readonly host: HostSeal; readonly device: DeviceSeal } {
  const keys = new DeviceKeys();
  const key = random(32);
  keys.add(name, key);
  const host = new HostSeal({ primitives: nodeCrypto, ring: keys, random });
  return { host, device: new DeviceSeal({ device: name, key, primitives: nodeCrypto, random }) };
}

function knockOf(device: DeviceSeal): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(128));
  device.handleLinkUp(1, 0);
  device.pollTransmit(1, writer, 0, () => false);
  return writer.written();
}

function shakeHands(host: HostSeal, device: DeviceSeal): void {
  const writer = new ByteWriter(new Uint8Array(128));
  device.handleLinkUp(2, 0);
  device.pollTransmit(2, writer, 0, () => false);
  const outcome = host.handleMessage(writer.written(), { address: "bench" }, 0);
  if (outcome.kind === "answer") device.handleMessage(2, outcome.bytes, 0);
  if (device.handshakes !== 1) throw new Error("the handshake failed");
}

/** Processor time, which others on the machine change little. */
function timeUs(run: () => void, rounds = ROUNDS): number {
  const values = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return median(values);
}
