// The seal's vectors, read and written by the core; the primitives', by each implementation that Node can run.

import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../host/keys/node-crypto.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import {
  Association,
  admitProof,
  deriveKnockKey,
  deriveSecrets,
  knockProof,
} from "../../shared/seal/association.ts";
import { concat, isEqual } from "../../shared/seal/crypto.ts";
import {
  decodeAdmit,
  decodeDeny,
  decodeKnock,
  decodeSealed,
  encodeAdmit,
  encodeDeny,
  encodeKnock,
  writeSealedHead,
} from "../../shared/seal/seal-message.ts";
import type { Entry } from "../reference/tables/entry.ts";
import { readVectors } from "../shared/notation.ts";
import { type CryptoVector, cryptoFaults } from "./check-crypto.ts";
import { nobleCrypto } from "./noble-crypto.ts";

const crypto = nodeCrypto;
const MALFORMED = { error: "malformed" };
const bytesOf = (hex: unknown) => Uint8Array.from(Buffer.from(String(hex), "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("primitives", () => {
  const vectors = readVectors("crypto") as unknown as CryptoVector[];

  test.each([
    ["OpenSSL", nodeCrypto],
    ["noble", nobleCrypto],
  ])("%s", (_, implementation) => {
    expect(vectors.length).toBeGreaterThan(10);
    expect(cryptoFaults(implementation, vectors)).toEqual([]);
  });
});

function secretsOf({ key, device, deviceRandom, hostRandom }: Entry) {
  const randoms = { device: bytesOf(deviceRandom), host: bytesOf(hostRandom) };
  return deriveSecrets(crypto, bytesOf(key), String(device), randoms);
}

function knockOf({ key, device, deviceRandom }: Entry): Uint8Array {
  const proven = encodeKnock(String(device), bytesOf(deviceRandom));
  return concat(proven, knockProof(crypto, deriveKnockKey(crypto, bytesOf(key)), proven));
}

/** As test/reference/seals.ts says it. */
function read(entry: Entry): unknown {
  const bytes = bytesOf(entry.hex);
  const knock = bytes[0] === 0x18 ? decodeKnock(bytes) : undefined;
  if (knock !== undefined) {
    const { device, random, proof, proven } = knock;
    const isProven = isEqual(
      proof,
      knockProof(crypto, deriveKnockKey(crypto, bytesOf(entry.key)), proven),
    );
    return { knock: device, random: hexOf(random), isProven };
  }
  const admit = bytes[0] === 0x19 ? decodeAdmit(bytes) : undefined;
  if (admit !== undefined) {
    const expected = admitProof(crypto, secretsOf(entry), knockOf(entry), admit.proven);
    const { token, deviceRandom, hostRandom, proof } = admit;
    const isProven = isEqual(proof, expected);
    const randoms = { deviceRandom: hexOf(deviceRandom), hostRandom: hexOf(hostRandom) };
    return { admit: token, ...randoms, isProven };
  }
  if (bytes[0] === 0x1a) return readSealed(entry, bytes);
  const deny = bytes[0] === 0x1c ? decodeDeny(bytes) : undefined;
  if (deny === undefined) return MALFORMED;
  return { deny: deny.reason, retryAfterMs: deny.retryAfterMs, about: hexOf(deny.about) };
}

function readSealed(entry: Entry, bytes: Uint8Array): unknown {
  const sealed = decodeSealed(bytes);
  if (sealed === undefined) return MALFORMED;
  const { token, counter } = sealed;
  const side = entry.from === "device" ? "host" : "device";
  const plain = new Association(crypto, side, token, secretsOf(entry), 0).open(sealed);
  return { sealed: plain === undefined ? null : hexOf(plain), token, counter };
}

/** The same message made anew; undefined where the vector is none that anybody would make. */
function write(entry: Entry): Uint8Array | undefined {
  const value = entry.value as Record<string, unknown>;
  if (value.isProven === true && "knock" in value) return knockOf(entry);
  if (value.isProven === true) {
    const [device, host] = [bytesOf(entry.deviceRandom), bytesOf(entry.hostRandom)];
    const proven = encodeAdmit(device, host, Number(value.admit));
    return concat(proven, admitProof(crypto, secretsOf(entry), knockOf(entry), proven));
  }
  if ("deny" in value) {
    const { deny: reason, retryAfterMs, about } = value;
    return encodeDeny({
      reason: reason as "busy",
      retryAfterMs: Number(retryAfterMs),
      about: bytesOf(about),
    });
  }
  if (typeof value.sealed !== "string" || Number(value.counter) > 1_000) return undefined;
  return writeSealed(entry, value.sealed, Number(value.token), Number(value.counter));
}

function writeSealed(entry: Entry, message: string, token: number, counter: number): Uint8Array {
  const side = entry.from as "device" | "host";
  const association = new Association(crypto, side, token, secretsOf(entry), 0);
  const writer = new ByteWriter(new Uint8Array(100));
  for (let sent = 0; sent <= counter; sent++) {
    writer.reset(writer.bytes);
    association.seal(writer, (into) => {
      into.writeBytes(bytesOf(message));
      return true;
    });
  }
  return writer.written();
}

describe("seals", () => {
  test.each(readVectors("seals").map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
    const expected = entry.error === undefined ? entry.value : { error: entry.error };
    expect(read(entry)).toEqual(expected);
    const made = entry.error === undefined ? write(entry) : undefined;
    if (made !== undefined) expect(hexOf(made)).toBe(entry.hex);
  });

  test("the head is what the vectors begin with", () => {
    const writer = new ByteWriter(new Uint8Array(10));
    writeSealedHead(writer, 0xdeadbeef, 300);
    const { hex } = readVectors("seals").find(({ name }) => name.includes("counter 300"))!;
    expect(hex.startsWith(hexOf(writer.written()))).toBe(true);
  });
});
