// Vectors of the three framings.

import {
  decodeDatagram,
  decodeSerial,
  decodeStream,
  encodeDatagram,
  encodeSerialFrame,
  encodeStreamFrame,
  type FrameNotation,
  SEGMENT_BYTES_MAX,
} from "../frames.ts";
import { type Bytes, fromHex, toHex } from "../numbers.ts";
import { ascii, type Entry, repeat, type Table } from "./entry.ts";

const PING: Bytes = fromHex("1307");
const ACK: Bytes = fromHex("12808004800203");
const PONG: Bytes = fromHex("14008089f3ed05");
const ZEROS: Bytes = [0x10, ...repeat(0, 300)];
const LONG: Bytes = [0x10, ...Array.from({ length: 1_000 }, (_, index) => (index % 255) + 1)];

type Decode = (bytes: Bytes) => FrameNotation[];

/** Where all that comes is one complaint, the entry is an invalid one. */
function frames(name: string, bytes: Bytes | string, decode: Decode): Entry {
  const list = typeof bytes === "string" ? fromHex(bytes.replaceAll(" ", "")) : bytes;
  const found = decode(list);
  const [first] = found;
  const error = found.length === 1 && first !== undefined ? complaint(first) : undefined;
  return { name, hex: toHex(list), ...(error === undefined ? { value: found } : { error }) };
}

function complaint(event: FrameNotation): string | undefined {
  if ("noise" in event) return event.noise;
  return "broken" in event ? event.broken : undefined;
}

export function streamTable(): Table {
  const frame = encodeStreamFrame;
  const rows: [string, Bytes | string][] = [
    ["nothing", ""],
    ["one message", frame(PING)],
    ["three messages", [...frame(PING), ...frame(ACK), ...frame(PONG)]],
    ["a message of no bytes", frame([])],
    ["a message of 1,001 bytes", frame(LONG)],
    ["a message, then half a header", [...frame(PING), 0, 0]],
    ["a message, then half a message", [...frame(PING), ...frame(ACK).slice(0, -2)]],
    ["the largest length, of which little has come", "00 01 00 00 10 20 30"],
    ["one more than the largest length", "00 01 00 01 10"],
    ["the largest number", "ff ff ff ff"],
    ["text of another protocol", ascii("GET / HTTP/1.1\r\n\r\n")],
    ["a message, then nonsense", [...frame(PING), 0x7f, 0xff, 0xff, 0xff, ...frame(PING)]],
  ];
  return {
    about: "Frames of a byte stream (PROTOCOL 3.2). value: what the stream gives, in order.",
    vectors: rows.map(([name, bytes]) => frames(name, bytes, decodeStream)),
  };
}

export function datagramTable(): Table {
  const good = encodeDatagram(PING);
  const rows: [string, Bytes | string][] = [
    ["a short message", good],
    ["a message of one byte", encodeDatagram([0x13])],
    ["a message with a token before it", encodeDatagram([1, 2, 3, 4, ...PING])],
    ["the longest message, 1,196 bytes", encodeDatagram(repeat(0x10, 1_196))],
    ["nothing", ""],
    ["a checksum of nothing", encodeDatagram([])],
    ["three bytes", "01 02 03"],
    ["one byte too long", encodeDatagram(repeat(0x10, 1_197))],
    ["a byte is missing at the end", good.slice(0, -1)],
    ["a byte too many at the end", [...good, 0]],
    ["the checksum's bytes in the other order", [...PING, ...good.slice(-4).reverse()]],
    ["a flipped bit", good.with(0, 0x12)],
  ];
  return {
    about: "Datagrams (PROTOCOL 3.4). value: what the datagram gives.",
    vectors: rows.map(([name, bytes]) => frames(name, bytes, decodeDatagram)),
  };
}

export function serialTable(): Table {
  return {
    about: "Frames and text on a serial line (PROTOCOL 3.3). value: what the line gives, in order.",
    vectors: serialRows().map(([name, bytes]) => frames(name, bytes, decodeSerial)),
  };
}

function serialRows(): [string, Bytes | string][] {
  const frame = encodeSerialFrame;
  const boot = ascii("ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET)\r\n");
  return [
    ["nothing", ""],
    ["one message", frame(PING)],
    ["a message full of zeros", frame(ZEROS)],
    ["a message of 1,001 bytes", frame(LONG)],
    ["the longest message", frame(repeat(0x10, 2_048))],
    ["two messages, one zero between them", [...frame(PING), ...frame(ACK).slice(1)]],
    ["two messages, many zeros between them", [...frame(PING), 0, 0, 0, ...frame(ACK)]],
    ["boot text, then a message", [...boot, ...frame(PING)]],
    [
      "text between two messages",
      [...frame(PING), ...ascii("\u001b[1mhot\u001b[0m\n"), ...frame(ACK)],
    ],
    ["text in UTF-8", [0, ...new TextEncoder().encode("Überlauf ✓\n"), 0]],
    ["text that no zero has ended", boot],
    ["text longer than a segment", [...repeat(0x61, SEGMENT_BYTES_MAX + 3), 0]],
    ["half a message, then a whole one", [...frame(ACK).slice(0, 6), ...frame(PING)]],
    ["text runs into a message without a zero", [...boot, ...frame(PING).slice(1), ...frame(ACK)]],
    ["noise longer than a segment, then a message", [1, ...repeat(0x61, 3_000), ...frame(PING)]],
    ["a flipped bit", frame(PING).with(2, 0x12)],
    ["a length code beyond the end", "00 09 13 07 00"],
    ["a checksum alone", frame([])],
    ["less than a checksum", "00 03 01 02 00"],
    ["one byte too long for a segment", [0, ...repeat(1, SEGMENT_BYTES_MAX + 1), 0]],
  ];
}
