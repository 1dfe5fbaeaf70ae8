// Every vector, read by the core and by the reference twin; what is valid is also written by both.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { crc32c } from "../../shared/bytes/crc32c.ts";
import { ByteReader, ByteWriter, varintLength } from "../../shared/bytes/cursor.ts";
import { type Channel, decodeSchema, encodeSchema, schemaHash } from "../../shared/channel.ts";
import { cobsLengthMax, decodeCobs, encodeCobs } from "../../shared/frame/cobs.ts";
import { decodeDatagram, endDatagram } from "../../shared/frame/datagram.ts";
import {
  encodeSerialFrame,
  SerialDecoder,
  serialFrameLengthMax,
} from "../../shared/frame/serial.ts";
import { StreamDecoder, writeStreamHeader } from "../../shared/frame/stream.ts";
import { decodeCbor, encodeCbor } from "../../shared/message/cbor.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import { type BatchNotation, encodeBatch, type Plan } from "../reference/batches.ts";
import type { Notation } from "../reference/cbor.ts";
import {
  encodeDatagram,
  encodeSerialFrame as encodeSerialFrameSlowly,
  encodeStreamFrame,
  type FrameNotation,
} from "../reference/frames.ts";
import type { MessageNotation } from "../reference/messages.ts";
import { fromHex, toHex } from "../reference/numbers.ts";
import type { ChannelNotation } from "../reference/schemas.ts";
import { allTables, formatTable } from "../reference/tables/all.ts";
import type { Entry } from "../reference/tables/entry.ts";
import { expectSoundEncoding } from "./encoding.ts";
import {
  batchNotation,
  bytesOf,
  encodedMessage,
  frameNotation,
  framesOf,
  messageFromNotation,
  messageNotation,
  readVectors,
  valueFromNotation,
  valueNotation,
} from "./notation.ts";

describe("the files are what the reference twin makes", () => {
  for (const [name, table] of Object.entries(allTables())) {
    test(name, () => {
      const text = readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8");
      expect(text === formatTable(table), "see test/vectors/README.md for the command").toBe(true);
    });
  }
});

/** One test a vector: what the core reads, and what it writes where it would write these bytes. */
function eachVector(
  file: string,
  read: (entry: Entry) => unknown,
  write?: (value: never, entry: Entry) => Uint8Array,
): void {
  describe(file, () => {
    test.each(readVectors(file).map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
      const expected = entry.error === undefined ? entry.value : { error: entry.error };
      expect(read(entry)).toEqual(expected);
      if (entry.error !== undefined || entry.decodeOnly || write === undefined) return;
      expect(toHex(write(entry.value as never, entry))).toBe(entry.hex);
    });
  });
}

eachVector(
  "varint",
  ({ hex }) => {
    const reader = new ByteReader(bytesOf(hex));
    const value = reader.readVarint();
    return reader.finished ? value : { error: "malformed" };
  },
  (value: number) => {
    const writer = new ByteWriter(new Uint8Array(varintLength(value)));
    writer.writeVarint(value);
    return writer.written();
  },
);

eachVector("crc32c", ({ hex }) => crc32c(bytesOf(hex)));

eachVector(
  "cobs",
  ({ hex }) => {
    const bytes = bytesOf(hex);
    const length = decodeCobs(bytes, bytes.length);
    return length < 0 ? { error: "cobs" } : toHex(bytes.subarray(0, length));
  },
  (plain: string) => {
    const source = bytesOf(plain);
    const into = new Uint8Array(cobsLengthMax(source.length));
    return into.subarray(0, encodeCobs(source, 0, source.length, into, 0));
  },
);

/** A lone complaint is what the vectors call an error. */
function framesOrError(found: FrameNotation[]): unknown {
  const [first] = found;
  if (found.length !== 1 || first === undefined) return found;
  if ("noise" in first) return { error: first.noise };
  return "broken" in first ? { error: first.broken } : found;
}

eachVector("frames-stream", ({ hex }) =>
  framesOrError(framesOf(new StreamDecoder(), bytesOf(hex))),
);
eachVector("frames-serial", ({ hex }) =>
  framesOrError(framesOf(new SerialDecoder(), bytesOf(hex))),
);
eachVector("frames-datagram", ({ hex }) =>
  framesOrError([frameNotation(decodeDatagram(bytesOf(hex)))]),
);

test("the core frames every vector's message as the twin does", () => {
  for (const { hex } of readVectors("messages").filter(({ error }) => error === undefined)) {
    const list = fromHex(hex);
    const message = new Uint8Array(list.length + 4);
    message.set(list);
    const serial = new Uint8Array(serialFrameLengthMax(list.length));
    const serialLength = encodeSerialFrame(message, list.length, serial);
    expect(toHex(serial.subarray(0, serialLength))).toBe(toHex(encodeSerialFrameSlowly(list)));
    const datagramLength = endDatagram(message, list.length);
    expect(toHex(message.subarray(0, datagramLength))).toBe(toHex(encodeDatagram(list)));
    const header = new Uint8Array(4);
    writeStreamHeader(header, 0, list.length);
    expect(toHex(header)).toBe(toHex(encodeStreamFrame(list).slice(0, 4)));
  }
});

eachVector(
  "cbor",
  ({ hex }) => {
    const value = decodeCbor(bytesOf(hex));
    return value === undefined ? { error: "malformed" } : valueNotation(value);
  },
  (value: Notation) => encodeCbor(valueFromNotation(value)),
);

eachVector(
  "messages",
  ({ hex }) => {
    const decoded = decodeMessage(bytesOf(hex));
    return decoded.ok ? messageNotation(decoded.value) : { error: decoded.code };
  },
  (value: MessageNotation) => encodedMessage(messageFromNotation(value)),
);

eachVector(
  "schemas",
  ({ hex, hash }) => {
    const bytes = bytesOf(hex);
    const channels = decodeSchema(bytes);
    if (channels === undefined) return { error: "schema" };
    expect(schemaHash(bytes)).toBe(hash);
    return channels;
  },
  (channels: Channel[]) => encodeSchema(channels),
);

eachVector(
  "batches",
  ({ hex, channels }) =>
    batchNotation(bytesOf(hex), channels as Channel[]) ?? { error: "malformed" },
  (batch: BatchNotation, entry) => {
    const channels = entry.channels as ChannelNotation[];
    expectSoundEncoding(channels, batch);
    return Uint8Array.from(encodeBatch(channels, batch, entry.plan as Plan));
  },
);
