// What the core gives, in the notation of the vectors (test/vectors/README.md), and back, so that
// core, reference twin and vectors can be compared as plain JSON.

import { readFileSync } from "node:fs";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import type { Channel, ChannelValue } from "../../shared/channel.ts";
import type { FrameDecoder, FrameEvent } from "../../shared/frame/frame.ts";
import type { CborValue } from "../../shared/message/cbor.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { Message } from "../../shared/message/message.ts";
import { type BatchNotation, isMissing, MISSING, type Missing } from "../reference/batches.ts";
import { type Notation, numberNotation } from "../reference/cbor.ts";
import type { FrameNotation } from "../reference/frames.ts";
import type { MessageNotation } from "../reference/messages.ts";
import { fromHex, toHex } from "../reference/numbers.ts";
import type { Entry, Table } from "../reference/tables/entry.ts";

const BYTE_FIELDS = ["body", "bitmap"];

export function readVectors(name: string): Entry[] {
  const text = readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as Table).vectors;
}

/** In an array of its own, with foreign bytes around it: a decoder that looks beyond is found out. */
export function bytesOf(hex: string): Uint8Array {
  const list = fromHex(hex);
  const room = new Uint8Array(list.length + 16).fill(0xa5);
  room.set(list, 8);
  return room.subarray(8, 8 + list.length);
}

export function valueNotation(value: CborValue): Notation {
  if (typeof value === "number") return numberNotation(value);
  if (value instanceof Uint8Array) return { bytes: toHex(value) };
  if (value instanceof Map) {
    return { map: [...value].map(([key, item]) => [key, valueNotation(item)]) };
  }
  if (Array.isArray(value)) return value.map(valueNotation);
  return value as string | boolean | null;
}

export function valueFromNotation(notation: Notation): CborValue {
  if (notation === null || typeof notation !== "object") return notation;
  if (Array.isArray(notation)) return notation.map(valueFromNotation);
  if ("bytes" in notation) return Uint8Array.from(fromHex(notation.bytes));
  if ("float" in notation) return Number(notation.float);
  return new Map(notation.map.map(([key, item]) => [key, valueFromNotation(item)]));
}

export function messageNotation(message: Message): MessageNotation {
  const fields = Object.entries(message).map(([key, value]) => [
    key,
    value instanceof Uint8Array ? toHex(value) : value,
  ]);
  return Object.fromEntries(fields) as MessageNotation;
}

export function messageFromNotation(notation: MessageNotation): Message {
  const fields = Object.entries(notation).map(([key, value]) => [
    key,
    BYTE_FIELDS.includes(key) ? bytesOf(value) : value,
  ]);
  return Object.fromEntries(fields) as Message;
}

/** The bytes that the core makes of a message. */
export function encodedMessage(message: Message): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(70_000));
  encodeMessage(message, writer);
  if (writer.failed) throw new Error("the message did not fit");
  return writer.written();
}

export function frameNotation(event: FrameEvent): FrameNotation {
  switch (event.kind) {
    case "message":
      return { message: toHex(event.bytes) };
    case "text":
      return { text: toHex(event.bytes) };
    case "noise":
      return { noise: event.reason, dropped: event.dropped };
    default:
      return { broken: event.reason };
  }
}

/** All that a decoder gives when its input comes in these pieces. */
export function framesOf(decoder: FrameDecoder, ...pieces: Uint8Array[]): FrameNotation[] {
  const found: FrameNotation[] = [];
  for (const piece of pieces) {
    const lent = piece.slice();
    decoder.handleBytes(lent);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      found.push(frameNotation(event));
    }
    lent.fill(0xee); // the decoder must have kept nothing of it
  }
  return found;
}

/** A decoded batch as rows; undefined where the core refuses it. */
export function batchNotation(
  bytes: Uint8Array,
  channels: readonly Channel[],
  columns = new BatchColumns(),
): BatchNotation | undefined {
  if (!decodeBatch(bytes, channels, columns)) return undefined;
  const rows = Array.from({ length: columns.rows }, (_, row) => ({
    timeMs: columns.timesMs[row]!,
    values: channels.map((channel, index): Notation | Missing => {
      const value = columns.valueAt(channel, index, row);
      return value === undefined ? MISSING : valueNotation(value);
    }),
  }));
  return { schema: columns.schema, rows };
}

/** A row's values as the encoder takes them. */
export function rowFromNotation(values: (Notation | Missing)[]): (ChannelValue | undefined)[] {
  return values.map((value) => (isMissing(value) ? undefined : valueFromNotation(value)));
}
