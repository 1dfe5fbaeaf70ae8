// Text, bytes and structured values as bytes, and the recent ones of a column, which are named rather
// than spelled again. PROTOCOL 6.7.

import type { BitReader, BitWriter } from "../bytes/bits.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/utf8.ts";
import type { Channel, ChannelValue } from "../channel.ts";
import { VALUE_BYTES_MAX } from "../limits.ts";
import { type CborValue, decodeCbor, encodeCbor } from "../message/cbor.ts";

const RECENT_MAX = 16;
const RECENT_BITS = 4;
const LENGTH_BITS = 10;

/** The bytes that stand for the value; undefined where the channel cannot carry it. */
export function payloadOf(channel: Channel, value: ChannelValue): Uint8Array | undefined {
  const payload = bytesOf(channel, value);
  return payload === undefined || payload.length > VALUE_BYTES_MAX ? undefined : payload;
}

function bytesOf(channel: Channel, value: ChannelValue): Uint8Array | undefined {
  if (channel.kind === "text") return typeof value === "string" ? encodeUtf8(value) : undefined;
  if (channel.kind === "bytes") return value instanceof Uint8Array ? value.slice() : undefined;
  return structuredBytes(value);
}

/** Only what a decoder will take counts as encodable: it has limits on depth and number of items. */
function structuredBytes(value: CborValue): Uint8Array | undefined {
  try {
    const bytes = encodeCbor(value);
    return decodeCbor(bytes) === undefined ? undefined : bytes;
  } catch {
    return undefined;
  }
}

/** The value that the bytes stand for; undefined where they are malformed. */
function decoded(channel: Channel, bytes: Uint8Array): ChannelValue | undefined {
  if (channel.kind === "bytes") return bytes;
  return channel.kind === "text" ? decodeUtf8(bytes) : decodeCbor(bytes);
}

export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** Moves the one at `index`, or one that was not there, to the front. */
function moveToFront<T>(recent: T[], index: number, item: T): void {
  for (let at = Math.min(index, RECENT_MAX - 1); at > 0; at--) recent[at] = recent[at - 1]!;
  recent[0] = item;
}

/** Writes `payload`, by its place among the recent ones where it has one, and makes it the most recent. */
export function writePayload(payload: Uint8Array, recent: Uint8Array[], writer: BitWriter): void {
  const index = recent.findIndex((one) => areEqual(one, payload));
  if (index >= 0) writer.write(index, 1 + RECENT_BITS);
  else {
    writer.write(1, 1);
    writer.write(payload.length, LENGTH_BITS);
    for (let at = 0; at < payload.length; at++) writer.write(payload[at]!, 8);
  }
  moveToFront(recent, index < 0 ? recent.length : index, payload);
}

/**
 * The value read, which becomes the most recent; undefined where it is malformed. One that is not wanted is
 * read past: it may be any.
 */
export function readPayload(
  channel: Channel,
  recent: ChannelValue[],
  { reader, isWanted }: { reader: BitReader; isWanted: boolean },
): ChannelValue | undefined {
  if (reader.read(1) === 0) {
    const index = reader.read(RECENT_BITS);
    const known = recent[index];
    if (known !== undefined) moveToFront(recent, index, known);
    return known;
  }
  const length = reader.read(LENGTH_BITS);
  if (length > VALUE_BYTES_MAX || reader.position + 8 * length > 8 * reader.bytes.length) {
    return undefined;
  }
  const value = isWanted ? decoded(channel, readBytes(reader, length)) : skipBytes(reader, length);
  if (value !== undefined) moveToFront(recent, recent.length, value);
  return value;
}

function readBytes(reader: BitReader, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = reader.read(8);
  return bytes;
}

function skipBytes(reader: BitReader, length: number): null {
  reader.position += 8 * length;
  return null;
}
