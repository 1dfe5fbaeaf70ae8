// Vectors of the messages.

import { encodeCbor, type Notation } from "../cbor.ts";
import { decodeMessage, encodeMessage, type MessageNotation } from "../messages.ts";
import { type Bytes, encodeVarint, fromHex, toHex } from "../numbers.ts";
import { blobMessages } from "./blobs.ts";
import { type Entry, invalid, repeat, type Table, valid } from "./entry.ts";

const HELLO: MessageNotation = {
  kind: "hello",
  version: 1,
  nonce: 0x01020304,
  device: "cellar",
  epoch: "00112233445566ff",
  firmware: "1.0.0",
  reset: "power-on",
  uptimeMs: 1_234,
  life: 0x0a0b0c0d,
  first: 0,
  next: 5,
  schemas: [{ number: 0, hash: 0x8c7a5f11 }],
  receiveBytesMax: 128,
};

const WELCOME: MessageNotation = {
  kind: "welcome",
  version: 1,
  nonce: 0x01020304,
  token: 0xdeadbeef,
  next: 3,
  window: 256,
  wanted: [0],
  collector: "senda 0.1.0",
};

const GAP: MessageNotation = {
  kind: "gap",
  sequence: 7,
  count: 2,
  readings: 1_200,
  firstMs: 60_000,
  lastMs: 659_000,
  reason: "outbox-full",
};

const COMMAND: MessageNotation = {
  kind: "command",
  author: 0x01020304,
  number: 1,
  life: 0x0a0b0c0d,
  withinMs: 10_000,
  body: toHex(
    encodeCbor({
      map: [
        ["name", "set"],
        ["arguments", { map: [["host", "10.0.0.2"]] }],
      ],
    }),
  ),
};

const RESULT: MessageNotation = {
  kind: "result",
  author: 0x01020304,
  number: 1,
  status: "success",
  body: toHex(encodeCbor(21.5)),
};

const REFUSE = { kind: "refuse", version: 1, code: "schema", detail: "schema 0 is none" };

export function messagesTable(): Table {
  return {
    about: "Messages (PROTOCOL 4). value: the fields; byte fields in hexadecimal.",
    vectors: [
      ...rareMessages(),
      ...commandMessages(),
      ...frequentMessages(),
      ...unreadableMessages(),
      ...unreadableCommands(),
      ...blobMessages(),
    ],
  };
}

function made(name: string, message: MessageNotation): Entry {
  const entry = valid(name, encodeMessage(message), decodeMessage);
  if (JSON.stringify(entry.value) !== JSON.stringify(message)) {
    throw new Error(`the twin does not read back "${name}"`);
  }
  return entry;
}

function rareMessages(): Entry[] {
  return [
    made("hello", HELLO),
    made("hello: largest counts, no schema, no text", {
      ...HELLO,
      nonce: 0xffffffff,
      device: "é".repeat(32),
      firmware: "",
      reset: "",
      uptimeMs: Number.MAX_SAFE_INTEGER,
      life: 0xffffffff,
      first: 0xffffffff,
      next: 0xffffffff,
      schemas: [],
      receiveBytesMax: 0,
    }),
    made("hello: an epoch of an earlier life", { ...HELLO, uptimeMs: null }),
    made("hello: eight schemas", {
      ...HELLO,
      schemas: Array.from({ length: 8 }, (_, number) => ({ number, hash: number * 0x1fffffff })),
    }),
    decodeOnly("hello: keys in another order, one unknown", helloWith({}, { reverse: true })),
    decodeOnly("hello: a count as a float", [0x01, 1, ...floatNonce()]),
    made("welcome", WELCOME),
    made("welcome: nothing is wanted", { ...WELCOME, token: 0, next: 0, wanted: [] }),
    ...["version", "malformed", "unexpected", "epoch-reused", "schema", "keys"].map((code) =>
      made(`refuse: ${code}`, { ...REFUSE, code }),
    ),
    decodeOnly("refuse: a code of the future", [0x03, 1, 99, ...encodeCbor("no")]),
    decodeOnly("refuse: another version, of which only the first two bytes are known", "0309ffee"),
    decodeOnly("refuse: another version without a third byte's rest", "030900"),
    made("schema", { kind: "schema", number: 3, body: "81a2646e616d656174646b696e6401" }),
    made("want", { kind: "want", number: 300 }),
  ];
}

function commandMessages(): Entry[] {
  const statuses = ["failed", "unknown-command", "bad-arguments", "busy", "restarted"];
  return [
    made("command", COMMAND),
    made("command: largest counts, longest body", {
      ...COMMAND,
      author: 0xffffffff,
      number: 0xffffffff,
      life: 0xffffffff,
      withinMs: 600_000,
      body: "01".repeat(1_000),
    }),
    made("result", RESULT),
    ...statuses.map((status) =>
      made(`result: ${status}`, { ...RESULT, status, body: toHex(encodeCbor("why")) }),
    ),
    made("result: without a body, which its receiver takes for nothing", { ...RESULT, body: "" }),
    made("progress", { kind: "progress", author: 0x01020304, number: 1, done: 300, total: 1_000 }),
  ];
}

function unreadableCommands(): Entry[] {
  const result = encodeMessage(RESULT);
  const status = (code: number) => [...result.slice(0, 9), code, ...result.slice(10)];
  return [
    bad("command cut off in its life", encodeMessage(COMMAND).slice(0, 12)),
    bad("command: within more than ten minutes", encodeMessage({ ...COMMAND, withinMs: 600_001 })),
    bad("command: a body of 1,001 bytes", encodeMessage({ ...COMMAND, body: "01".repeat(1_001) })),
    bad("result without a status", result.slice(0, 9)),
    bad("result: a status that only a host says", status(5)),
    bad("result: the other status that only a host says", status(6)),
    bad("result: an unknown status", status(8)),
    bad("result: a body of 1,001 bytes", encodeMessage({ ...RESULT, body: "01".repeat(1_001) })),
    bad("progress without a total", "08010203040000000107"),
    bad("progress with a byte too many", "0801020304000000010709ff"),
  ];
}

function frequentMessages(): Entry[] {
  return [
    made("batch", { kind: "batch", sequence: 300, body: "0200010000020001c0" }),
    made("batch: last sequence number", { kind: "batch", sequence: 0xfffffffe, body: "" }),
    made("batch: longest body", { kind: "batch", sequence: 0, body: "01".repeat(1_100) }),
    made("gap", GAP),
    made("gap: all that there can be", {
      ...GAP,
      sequence: 0,
      count: 0xffffffff,
      reason: "oversize",
    }),
    made("gap: no reading, no time", {
      ...GAP,
      readings: 0,
      firstMs: 0,
      lastMs: 0,
      reason: "damaged",
    }),
    made("ack", { kind: "ack", next: 300, window: 256, bitmap: "" }),
    made("ack: with a bitmap", { kind: "ack", next: 0, window: 256, bitmap: "0203" }),
    made("ack: full bitmap", { kind: "ack", next: 0xffffffff, window: 1, bitmap: "ff".repeat(32) }),
    made("ping", { kind: "ping", id: 7 }),
    made("pong", { kind: "pong", id: 7, timeMs: 1_234_567 }),
    ...["done", "going-down", "unknown-session", "busy"].map((reason) =>
      made(`bye: ${reason}`, { kind: "bye", reason, retryAfterMs: reason === "busy" ? 30_000 : 0 }),
    ),
  ];
}

function decodeOnly(name: string, bytes: Bytes | string): Entry {
  return valid(name, bytes, decodeMessage, { decodeOnly: true });
}

function bad(name: string, bytes: Bytes | string): Entry {
  return invalid(name, bytes, decodeMessage);
}

/** A hello whose CBOR map has some values replaced, by key; undefined removes one. */
function helloWith(changes: Record<string, Notation | undefined>, options = { reverse: false }) {
  return versioned(0x01, fieldsOf(HELLO), changes, options);
}

function welcomeWith(changes: Record<string, Notation | undefined>): Bytes {
  return versioned(0x02, fieldsOf(WELCOME), changes, { reverse: false });
}

function versioned(
  code: number,
  fields: [string, Notation][],
  changes: Record<string, Notation | undefined>,
  options: { reverse: boolean },
): Bytes {
  const changed = fields.flatMap(([key, value]): [string, Notation][] => {
    const now = key in changes ? changes[key] : value;
    return now === undefined ? [] : [[key, now]];
  });
  if (options.reverse) changed.reverse().push(["colour", { map: [["red", 1]] }]);
  return [code, 1, ...encodeCbor({ map: changed })];
}

function fieldsOf(message: MessageNotation): [string, Notation][] {
  const m = message;
  if (m.kind === "welcome") {
    return ["nonce", "token", "next", "window", "wanted", "collector"].map((key) => [key, m[key]]);
  }
  return [
    ["nonce", m.nonce],
    ["device", m.device],
    ["epoch", { bytes: m.epoch }],
    ["firmware", m.firmware],
    ["reset", m.reset],
    ["uptime", m.uptimeMs],
    ["life", m.life],
    ["first", m.first],
    ["next", m.next],
    ["schemas", [[0, 0x8c7a5f11]]],
    ["receive", m.receiveBytesMax],
  ];
}

/** The hello's map with its nonce 5 as float32, which an encoder would write as an integer. */
function floatNonce(): Bytes {
  const map = helloWith({ nonce: 5 }).slice(2);
  const before = 1 + 1 + "nonce".length;
  return [...map.slice(0, before), 0xfa, 0x40, 0xa0, 0, 0, ...map.slice(before + 1)];
}

function unreadableMessages(): Entry[] {
  const hello = encodeMessage(HELLO);
  return [
    bad("nothing", ""),
    ...["00", "09", "0d", "16", "41", "ff"].map((code) => bad(`code ${code}`, code)),
    bad("hello without a version", "01"),
    bad("hello of version 2", [0x01, 2, ...hello.slice(2)]),
    bad("hello of version 0, nothing behind it", "0100"),
    bad("hello cut off", hello.slice(0, -1)),
    bad("hello with a byte too many", [...hello, 0]),
    bad("hello that is a list", [0x01, 1, ...encodeCbor([HELLO.nonce])]),
    ...Object.entries(HELLO_FAULTS).map(([name, changes]) =>
      bad(`hello: ${name}`, helloWith(changes)),
    ),
    bad("hello: a key twice", [0x01, 1, 0xac, ...hello.slice(3), ...encodeCbor("next"), 5]),
    bad("welcome of version 3", [0x02, 3, 0xa0]),
    ...Object.entries(WELCOME_FAULTS).map(([name, changes]) =>
      bad(`welcome: ${name}`, welcomeWith(changes)),
    ),
    bad("refuse without a code", "0301"),
    bad("refuse: the detail is a number", "03010005"),
    bad("refuse: the detail is too long", [0x03, 1, 0, ...encodeCbor("x".repeat(257))]),
    bad("schema with a padded number", "048000"),
    bad("want with a byte too many", "050100"),
    bad("batch: sequence 2^32 - 1", [0x10, ...encodeVarint(0xffffffff)]),
    bad("batch: a body of 1,101 bytes", [0x10, 0, ...repeat(1, 1_101)]),
    bad("batch without a sequence", "10"),
    ...Object.entries(GAP_FAULTS).map(([name, changes]) =>
      bad(`gap: ${name}`, encodeMessage({ ...GAP, ...changes })),
    ),
    bad("gap: an unknown reason", [...encodeMessage(GAP).slice(0, -1), 4]),
    bad("gap cut off", encodeMessage(GAP).slice(0, -1)),
    bad("ack: window 257", [0x12, 0, ...encodeVarint(257)]),
    bad("ack: next 2^32", [0x12, ...encodeVarint(2 ** 32), 1]),
    bad("ack: a bitmap of 33 bytes", [0x12, 0, 1, ...repeat(0, 33)]),
    bad("ping with a byte too many", "130700"),
    bad("pong without a time", "1407"),
    bad("bye: an unknown reason", "150400"),
    bad("bye without a time", "1500"),
  ];
}

const HELLO_FAULTS: Record<string, Record<string, Notation | undefined>> = {
  "no nonce": { nonce: undefined },
  "nonce of 33 bits": { nonce: 2 ** 32 },
  "nonce below 0": { nonce: -1 },
  "nonce is a text": { nonce: "1" },
  "no device": { device: undefined },
  "device without a name": { device: "" },
  "device with a name of 65 bytes": { device: "x".repeat(65) },
  "device with a line feed": { device: "a\nb" },
  "device with a C1 control": { device: "a\u0085b" },
  "epoch of 7 bytes": { epoch: { bytes: "00112233445566" } },
  "epoch is a text": { epoch: "0011223344556677" },
  "firmware of 257 bytes": { firmware: "x".repeat(257) },
  "reset of 258 bytes in 129 characters": { reset: "é".repeat(129) },
  "uptime with a fraction": { uptime: 1.5 },
  "uptime is not a number": { uptime: { float: "NaN" } },
  "first behind next": { first: 6 },
  "next of 33 bits": { next: 2 ** 32 },
  "nine schemas": { schemas: Array.from({ length: 9 }, (_, number) => [number, 0]) },
  "a schema without a hash": { schemas: [[0]] },
  "schemas are a map": { schemas: { map: [] } },
  "receive is null": { receive: null },
};

const WELCOME_FAULTS: Record<string, Record<string, Notation | undefined>> = {
  "no token": { token: undefined },
  "window 257": { window: 257 },
  "wanted is a number": { wanted: 0 },
  "wanted holds a text": { wanted: ["0"] },
  "collector of 257 bytes": { collector: "x".repeat(257) },
};

const GAP_FAULTS: Record<string, Partial<MessageNotation>> = {
  "of no records": { count: 0 },
  "beyond the last sequence number": { sequence: 0xfffffffe, count: 2 },
  "ends before it begins": { lastMs: 59_999 },
  "a reason that only a host writes": { reason: "elsewhere" },
  "the other reason that only a host writes": { reason: "refused" },
};

/** The CBOR alone: each of the rules of PROTOCOL 4.1. */
export function cborSamples(): { name: string; bytes: Bytes }[] {
  const nested = (depth: number) => [...repeat(0x81, depth - 1), 0];
  const rows: [string, Bytes | string][] = [
    ["nesting of 8", nested(8)],
    ["nesting of 9", nested(9)],
    ["1,024 items", [0x99, 0x03, 0xff, ...repeat(0, 1_023)]],
    ["1,025 items", [0x99, 0x04, 0x00, ...repeat(0, 1_024)]],
    ["a count of 2^53 - 1", "9b 00 1f ff ff ff ff ff ff"],
    ["a text longer than what is there", "7a 7f ff ff ff 61"],
    ["bytes longer than what is there", "5b 00 1f ff ff ff ff ff ff 61"],
    ["a tag", "c0 00"],
    ["an indefinite array", "9f 00 ff"],
    ["an indefinite text", "7f 61 61 ff"],
    ["2^53 - 1", "1b 00 1f ff ff ff ff ff ff"],
    ["2^53", "1b 00 20 00 00 00 00 00 00"],
    ["2^64 - 1", "1b ff ff ff ff ff ff ff ff"],
    ["-(2^53 - 1)", "3b 00 1f ff ff ff ff ff fe"],
    ["-2^53", "3b 00 1f ff ff ff ff ff ff"],
    ["23 in two bytes", "18 17"],
    ["255 in three bytes", "19 00 ff"],
    ["a half float", "f9 7e 00"],
    ["undefined", "f7"],
    ["simple value 32", "f8 20"],
    ["reserved 28", "1c"],
    ["a break", "ff"],
    ["malformed UTF-8", "61 ff"],
    ["an overlong zero", "62 c0 80"],
    ["a surrogate", "63 ed a0 80"],
    ["a leading byte order mark", "64 ef bb bf 61"],
    ["a byte order mark inside", "64 61 ef bb bf"],
    ["a key twice", "a2 61 61 00 61 61 01"],
    ["a number as key", "a1 00 00"],
    ["a key without a value", "a1 61 61"],
    ["__proto__ as key", encodeCbor({ map: [["__proto__", { map: [["polluted", true]] }]] })],
    ["a byte too many", "00 00"],
    ["nothing", ""],
  ];
  return rows.map(([name, bytes]) => ({
    name,
    bytes: typeof bytes === "string" ? fromHex(bytes.replaceAll(" ", "")) : bytes,
  }));
}
