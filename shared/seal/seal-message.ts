// The four messages of the seal as bytes: knock, admit, sealed, deny. PROTOCOL 11. Their codes are none
// of the session's, and no datagram's token begins with one, so a first byte tells them apart.

import { ByteReader, ByteWriter, readU32At } from "../bytes/cursor.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/utf8.ts";
import { isName } from "../channel.ts";
import { NAME_BYTES_MAX } from "../limits.ts";
import { TAG_BYTES } from "./crypto.ts";

export const SEAL_CODES = { knock: 0x18, admit: 0x19, sealed: 0x1a, deny: 0x1c } as const;

const SEAL_VERSION = 1;

/** Of a device and of a host, in each handshake: from a true source of chance. */
export const RANDOM_BYTES = 16;

/** HMAC-SHA-256 cut in half (RFC 2104 5). */
export const PROOF_BYTES = 16;

/** Always the same, whatever the name, and longer than any answer to it. */
export const KNOCK_BYTES = 2 + RANDOM_BYTES + 1 + NAME_BYTES_MAX + PROOF_BYTES;

const ADMIT_BYTES = 2 + 2 * RANDOM_BYTES + 4 + PROOF_BYTES;

/** Longest head of a sealed message: code, token, counter. */
const HEAD_BYTES_MAX = 10;

/** Most that the seal adds to a message. */
export const SEAL_BYTES_MAX = HEAD_BYTES_MAX + TAG_BYTES;

/** Shortest message that can be a sealed one; no answer to it is longer. */
const SEALED_BYTES_MIN = 6 + TAG_BYTES + 1;

/** Why a host turns a sealed device away. The order is the wire's. */
export const DENIALS = [
  "not-admitted", // the proof is wrong or the device unknown: which of the two only the host knows
  "unknown-association", // knock again: the host has started anew, or forgotten
  "busy", // knock again after the stated time
] as const;

type Denial = (typeof DENIALS)[number];

export interface Knock {
  readonly device: string;
  readonly random: Uint8Array;
  readonly proof: Uint8Array;
  /** What the proof is about. */
  readonly proven: Uint8Array;
}

export interface Admit {
  /** Of the knock that it answers. */
  readonly deviceRandom: Uint8Array;
  readonly hostRandom: Uint8Array;
  readonly token: number;
  readonly proof: Uint8Array;
  readonly proven: Uint8Array;
}

export interface Sealed {
  readonly token: number;
  readonly counter: number;
  readonly head: Uint8Array;
  /** Ciphertext and tag. */
  readonly body: Uint8Array;
}

export interface Deny {
  readonly reason: Denial;
  readonly retryAfterMs: number;
  /** The knock's random bytes, or the token of the sealed message that it answers. */
  readonly about: Uint8Array;
}

/** Whether the message belongs to the seal rather than to a session in the clear. */
export function isSealMessage(bytes: Uint8Array): boolean {
  const code = bytes[0];
  return (
    code === SEAL_CODES.knock ||
    code === SEAL_CODES.admit ||
    code === SEAL_CODES.sealed ||
    code === SEAL_CODES.deny
  );
}

/** The part of a knock that is proven. PROTOCOL 11.2. */
export function encodeKnock(device: string, random: Uint8Array): Uint8Array {
  const name = encodeUtf8(device);
  const bytes = new Uint8Array(KNOCK_BYTES - PROOF_BYTES);
  const writer = new ByteWriter(bytes);
  writer.writeU8(SEAL_CODES.knock);
  writer.writeU8(SEAL_VERSION);
  writer.writeBytes(random);
  writer.writeU8(name.length);
  writer.writeBytes(name);
  return bytes;
}

export function decodeKnock(bytes: Uint8Array): Knock | undefined {
  if (bytes.length !== KNOCK_BYTES || bytes[1] !== SEAL_VERSION) return undefined;
  const reader = new ByteReader(bytes, 2);
  const random = reader.readBytes(RANDOM_BYTES);
  const length = reader.readU8();
  if (length > NAME_BYTES_MAX) return undefined;
  const device = decodeUtf8(reader.readBytes(length));
  const padding = reader.readBytes(NAME_BYTES_MAX - length);
  if (device === undefined || !isName(device) || padding.some((byte) => byte !== 0))
    return undefined;
  return { device, random, ...split(bytes) };
}

/** The part of an admit that is proven. PROTOCOL 11.3. */
export function encodeAdmit(
  deviceRandom: Uint8Array,
  hostRandom: Uint8Array,
  token: number,
): Uint8Array {
  const bytes = new Uint8Array(ADMIT_BYTES - PROOF_BYTES);
  const writer = new ByteWriter(bytes);
  writer.writeU8(SEAL_CODES.admit);
  writer.writeU8(SEAL_VERSION);
  writer.writeBytes(deviceRandom);
  writer.writeBytes(hostRandom);
  writer.writeU32(token);
  return bytes;
}

export function decodeAdmit(bytes: Uint8Array): Admit | undefined {
  if (bytes.length !== ADMIT_BYTES || bytes[1] !== SEAL_VERSION) return undefined;
  const reader = new ByteReader(bytes, 2);
  const deviceRandom = reader.readBytes(RANDOM_BYTES);
  const hostRandom = reader.readBytes(RANDOM_BYTES);
  return { deviceRandom, hostRandom, token: reader.readU32(), ...split(bytes) };
}

/** Writes what stands before the ciphertext. */
export function writeSealedHead(writer: ByteWriter, token: number, counter: number): void {
  writer.writeU8(SEAL_CODES.sealed);
  writer.writeU32(token);
  writer.writeVarint(counter);
}

export function decodeSealed(bytes: Uint8Array): Sealed | undefined {
  if (bytes.length < SEALED_BYTES_MIN) return undefined;
  const token = readU32At(bytes, 1);
  const reader = new ByteReader(bytes, 5);
  const counter = reader.readVarint();
  if (reader.failed || reader.remaining <= TAG_BYTES) return undefined;
  const { position } = reader;
  return { token, counter, head: bytes.subarray(0, position), body: bytes.subarray(position) };
}

export function encodeDeny({ reason, retryAfterMs, about }: Deny): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(11 + RANDOM_BYTES));
  writer.writeU8(SEAL_CODES.deny);
  writer.writeU8(SEAL_VERSION);
  writer.writeU8(DENIALS.indexOf(reason));
  writer.writeVarint(retryAfterMs);
  writer.writeBytes(about);
  return writer.written();
}

export function decodeDeny(bytes: Uint8Array): Deny | undefined {
  if (bytes[1] !== SEAL_VERSION) return undefined;
  const reader = new ByteReader(bytes, 2);
  const reason = DENIALS[reader.readU8()];
  const retryAfterMs = reader.readVarint();
  const about = reader.readBytes(reader.remaining);
  return reader.failed || reason === undefined ? undefined : { reason, retryAfterMs, about };
}

/** A proof stands at the end and is about all before it. */
function split(bytes: Uint8Array): { readonly proof: Uint8Array; readonly proven: Uint8Array } {
  const end = bytes.length - PROOF_BYTES;
  return { proof: bytes.subarray(end), proven: bytes.subarray(0, end) };
}
