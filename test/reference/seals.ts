// The reference twin's seal, from PROTOCOL 11 and node:crypto alone: what a knock, an admit, a sealed
// message and a denial are made of, and what they say to somebody who has the key.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { type Bytes, bigEndian, Fault, fromBigEndian, toHex } from "./numbers.ts";

export interface Secrets {
  readonly key: string;
  readonly device: string;
  readonly deviceRandom: string;
  readonly hostRandom: string;
}

const bytesOf = (hex: string) => Buffer.from(hex, "hex");

function check(condition: boolean): asserts condition {
  if (!condition) throw new Fault("malformed");
}

function hmac(key: Uint8Array, data: Uint8Array | Bytes): Buffer {
  return createHmac("sha256", key).update(Uint8Array.from(data)).digest();
}

/** PROTOCOL 11.1 */
function derive(key: string, salt: string, info: string, count: number): Buffer {
  return Buffer.from(hkdfSync("sha256", bytesOf(key), bytesOf(salt), Buffer.from(info), count));
}

/** PROTOCOL 11.2 */
export function encodeKnock(secrets: Secrets): Bytes {
  const name = Buffer.from(secrets.device);
  const padding = new Array<number>(64 - name.length).fill(0);
  const proven = [0x18, 1, ...bytesOf(secrets.deviceRandom), name.length, ...name, ...padding];
  return [...proven, ...knockProof(secrets.key, proven)];
}

function knockProof(key: string, proven: Bytes): Bytes {
  return [...hmac(derive(key, "", "senda 1 knock", 32), proven)].slice(0, 16);
}

function associationKeys({ key, device, deviceRandom, hostRandom }: Secrets) {
  const all = derive(key, deviceRandom + hostRandom, `senda 1 association ${device}`, 96);
  return { device: all.subarray(0, 32), host: all.subarray(32, 64), proof: all.subarray(64) };
}

/** PROTOCOL 11.3 */
export function encodeAdmit(secrets: Secrets, token: number): Bytes {
  const randoms = bytesOf(secrets.deviceRandom + secrets.hostRandom);
  const proven = [0x19, 1, ...randoms, ...bigEndian(token, 4)];
  return [...proven, ...admitProof(secrets, proven)];
}

function admitProof(secrets: Secrets, proven: Bytes): Bytes {
  const transcript = [...encodeKnock(secrets), ...proven];
  return [...hmac(associationKeys(secrets).proof, transcript)].slice(0, 16);
}

export type From = "device" | "host";

function nonceOf(from: From, counter: number): Uint8Array {
  return Uint8Array.from([from === "device" ? 1 : 2, 0, 0, 0, ...bigEndian(counter, 8)]);
}

function varint(value: number): Bytes {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];
}

/** PROTOCOL 11.4 */
export function encodeSealed(
  secrets: Secrets,
  from: From,
  token: number,
  counter: number,
  message: string,
): Bytes {
  const head = [0x1a, ...bigEndian(token, 4), ...varint(counter)];
  const cipher = createCipheriv(
    "aes-256-gcm",
    associationKeys(secrets)[from],
    nonceOf(from, counter),
  );
  cipher.setAAD(Uint8Array.from(head));
  const text = [...cipher.update(bytesOf(message)), ...cipher.final()];
  return [...head, ...text, ...cipher.getAuthTag()];
}

export type Reason = "not-admitted" | "unknown-association" | "busy";

const REASONS: readonly Reason[] = ["not-admitted", "unknown-association", "busy"];

/** PROTOCOL 11.6 */
export function encodeDeny(reason: Reason, retryAfterMs: number, about: string): Bytes {
  return [0x1c, 1, REASONS.indexOf(reason), ...varint(retryAfterMs), ...bytesOf(about)];
}

/** What the message says to somebody who knows the secrets; `from` says who sealed it. */
export function readSeal(bytes: Bytes, secrets: Secrets, from: From): unknown {
  if (bytes[0] === 0x1a) return readSealed(bytes, secrets, from);
  check(bytes[1] === 1);
  if (bytes[0] === 0x18) return readKnock(bytes, secrets);
  if (bytes[0] === 0x19) return readAdmit(bytes, secrets);
  check(bytes[0] === 0x1c);
  const reason = REASONS[bytes[2]!];
  check(reason !== undefined);
  const [retryAfterMs, rest] = readVarint(bytes.slice(3));
  return { deny: reason, retryAfterMs, about: toHex(rest) };
}

function readKnock(bytes: Bytes, { key }: Secrets): unknown {
  check(bytes.length === 99);
  const [proven, length] = [bytes.slice(0, 83), bytes[18]!];
  check(length >= 1 && length <= 64);
  check(proven.slice(19 + length).every((byte) => byte === 0));
  const device = Buffer.from(proven.slice(19, 19 + length)).toString();
  const isProven = toHex(bytes.slice(83)) === toHex(knockProof(key, proven));
  return { knock: device, random: toHex(bytes.slice(2, 18)), isProven };
}

function readAdmit(bytes: Bytes, secrets: Secrets): unknown {
  check(bytes.length === 54);
  const proven = bytes.slice(0, 38);
  const isProven = toHex(bytes.slice(38)) === toHex(admitProof(secrets, proven));
  const [deviceRandom, hostRandom] = [toHex(bytes.slice(2, 18)), toHex(bytes.slice(18, 34))];
  return { admit: Number(fromBigEndian(bytes.slice(34, 38))), deviceRandom, hostRandom, isProven };
}

function readSealed(bytes: Bytes, secrets: Secrets, from: From): unknown {
  check(bytes.length >= 23);
  const token = Number(fromBigEndian(bytes.slice(1, 5)));
  const [counter, body] = readVarint(bytes.slice(5));
  check(body.length > 16);
  const head = bytes.slice(0, bytes.length - body.length);
  const nonce = nonceOf(from, Math.min(counter, 0xffff_ffff));
  const decipher = createDecipheriv("aes-256-gcm", associationKeys(secrets)[from], nonce);
  decipher.setAAD(Uint8Array.from(head)).setAuthTag(Uint8Array.from(body.slice(-16)));
  const text = decipher.update(Uint8Array.from(body.slice(0, -16)));
  try {
    decipher.final();
    return { sealed: text.toString("hex"), token, counter };
  } catch {
    return { sealed: null, token, counter };
  }
}

function readVarint(bytes: Bytes): [number, Bytes] {
  const end = bytes.findIndex((byte) => byte < 0x80) + 1;
  check(end > 0 && end <= 8 && !(end > 1 && bytes[end - 1] === 0));
  let value = 0;
  for (const byte of bytes.slice(0, end).reverse()) value = value * 0x80 + (byte & 0x7f);
  check(value <= Number.MAX_SAFE_INTEGER);
  return [value, bytes.slice(end)];
}

/** What the three implementations of the primitives must give. */
export interface Primitive {
  readonly kind: "gcm" | "hmac" | "hkdf";
  readonly key: string;
  /** Of gcm. */
  readonly nonce?: string;
  readonly associated?: string;
  readonly plain?: string;
  /** Of hmac. */
  readonly data?: string;
  /** Of hkdf. */
  readonly salt?: string;
  readonly info?: string;
  readonly count?: number;
}

export function computePrimitive(of: Primitive): string {
  if (of.kind === "hmac") return hmac(bytesOf(of.key), bytesOf(of.data!)).toString("hex");
  if (of.kind === "hkdf") {
    const info = bytesOf(of.info!);
    return Buffer.from(
      hkdfSync("sha256", bytesOf(of.key), bytesOf(of.salt!), info, of.count!),
    ).toString("hex");
  }
  const cipher = createCipheriv("aes-256-gcm", bytesOf(of.key), bytesOf(of.nonce!));
  cipher.setAAD(bytesOf(of.associated!));
  const text = Buffer.concat([cipher.update(bytesOf(of.plain!)), cipher.final()]);
  return Buffer.concat([text, cipher.getAuthTag()]).toString("hex");
}
