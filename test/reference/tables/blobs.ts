// Vectors of the messages that carry files (PROTOCOL 4.14 to 4.17).

import { encodeCbor, type Notation } from "../cbor.ts";
import { decodeMessage, encodeMessage, type MessageNotation } from "../messages.ts";
import { type Bytes, encodeVarint } from "../numbers.ts";
import { type Entry, invalid, repeat, valid } from "./entry.ts";

const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ID = 0x0a0b0c0d;
const ID_BYTES = [0x0a, 0x0b, 0x0c, 0x0d];

const OFFER: MessageNotation = {
  kind: "blob",
  id: ID,
  purpose: "file",
  name: "plan.txt",
  sizeBytes: 300,
  sha256: SHA256,
};

const STATUSES =
  "done cancelled not-found refused too-large no-space corrupt failed busy unknown".split(" ");

export function blobMessages(): Entry[] {
  return [...soundMessages(), ...unreadableMessages()];
}

function soundMessages(): Entry[] {
  return [
    made("blob: an offer", OFFER),
    made("blob: the largest", {
      ...OFFER,
      id: 0xffffffff,
      purpose: "firmware",
      name: "é".repeat(32),
      sizeBytes: 2 ** 26,
    }),
    made("blob: nothing in it", { ...OFFER, id: 0, sizeBytes: 0 }),
    made("blob: a request", { ...OFFER, sizeBytes: null, sha256: null }),
    valid("blob: keys in another order, one unknown", reversed(), decodeMessage, {
      decodeOnly: true,
    }),
    ...STATUSES.map((status) =>
      made(`blob-end: ${status}`, { kind: "blob-end", id: ID, status, text: "plan.txt" }),
    ),
    made("chunk", { kind: "chunk", id: ID, offset: 300, body: "616263" }),
    made("chunk: the longest", { kind: "chunk", id: ID, offset: 0, body: "00".repeat(1_024) }),
    made("chunk: the last byte that can be", {
      kind: "chunk",
      id: ID,
      offset: 2 ** 26 - 1,
      body: "ff",
    }),
    made("chunk-ack", { kind: "chunk-ack", id: ID, next: 300, windowBytes: 8_192 }),
    made("chunk-ack: all of the largest, nothing more", {
      kind: "chunk-ack",
      id: ID,
      next: 2 ** 26,
      windowBytes: 0,
    }),
  ];
}

function unreadableMessages(): Entry[] {
  return [
    bad("blob: not a map", [0x0b, ...encodeCbor([ID])]),
    bad("blob: nothing behind the code", [0x0b]),
    ...Object.entries(BLOB_FAULTS).map(([name, changes]) =>
      bad(`blob: ${name}`, [0x0b, ...encodeCbor({ map: entriesWith(changes) })]),
    ),
    bad("blob-end: an unknown status", [0x0c, ...ID_BYTES, 10, 0x60]),
    bad("blob-end without a text", [0x0c, ...ID_BYTES, 0]),
    bad("blob-end: the text is too long", [
      ...[0x0c, ...ID_BYTES, 0],
      ...encodeCbor("x".repeat(257)),
    ]),
    bad("blob-end: the text is a number", [0x0c, ...ID_BYTES, 0, 5]),
    bad("chunk without a byte", [0x16, ...ID_BYTES, 0]),
    bad("chunk of 1,025 bytes", [0x16, ...ID_BYTES, 0, ...repeat(1, 1_025)]),
    bad("chunk that ends beyond 2^26", [0x16, ...ID_BYTES, ...encodeVarint(2 ** 26), 1]),
    bad("chunk cut off in its id", [0x16, 1, 2, 3]),
    bad("chunk-ack: next beyond 2^26", [0x17, ...ID_BYTES, ...encodeVarint(2 ** 26 + 1), 0]),
    bad("chunk-ack: a window of 65,537", [0x17, ...ID_BYTES, 0, ...encodeVarint(65_537)]),
    bad("chunk-ack without a window", [0x17, ...ID_BYTES, 0]),
    bad("chunk-ack with a byte too many", [0x17, ...ID_BYTES, 0, 0, 0]),
  ];
}

const BLOB_FAULTS: Record<string, Record<string, Notation | undefined>> = {
  "no id": { id: undefined },
  "id of 33 bits": { id: 2 ** 32 },
  "id below 0": { id: -1 },
  "an unknown purpose": { purpose: "music" },
  "purpose is a number": { purpose: 0 },
  "no name": { name: undefined },
  "name of no characters": { name: "" },
  "name of 65 bytes": { name: "x".repeat(65) },
  "name with a line feed": { name: "a\nb" },
  "more than 2^26 bytes": { size: 2 ** 26 + 1 },
  "a size with a fraction": { size: 0.5 },
  "a size without a hash": { sha256: null },
  "a hash without a size": { size: null },
  "no size": { size: undefined },
  "no hash": { sha256: undefined },
  "a hash of 31 bytes": { sha256: { bytes: SHA256.slice(2) } },
  "a hash that is a text": { sha256: SHA256 },
};

function entriesWith(changes: Record<string, Notation | undefined>): [string, Notation][] {
  const entries: [string, Notation][] = [
    ["id", ID],
    ["purpose", "file"],
    ["name", "plan.txt"],
    ["size", 300],
    ["sha256", { bytes: SHA256 }],
  ];
  return entries.flatMap(([key, value]): [string, Notation][] => {
    const now = key in changes ? changes[key] : value;
    return now === undefined ? [] : [[key, now]];
  });
}

function reversed(): Bytes {
  const map = entriesWith({}).reverse();
  map.push(["colour", "red"]);
  return [0x0b, ...encodeCbor({ map })];
}

function made(name: string, message: MessageNotation): Entry {
  const entry = valid(name, encodeMessage(message), decodeMessage);
  if (JSON.stringify(entry.value) !== JSON.stringify(message)) {
    throw new Error(`the twin does not read back "${name}"`);
  }
  return entry;
}

function bad(name: string, bytes: Bytes): Entry {
  return invalid(name, bytes, decodeMessage);
}
