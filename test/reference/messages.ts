// The reference twin's messages (PROTOCOL 4): between bytes and plain objects in the notation of the
// vectors, byte fields in hexadecimal.

import { decodeCbor, encodeCbor, entriesOf, type Notation } from "./cbor.ts";
import {
  type Bytes,
  bigEndian,
  encodeVarint,
  Fault,
  fromBigEndian,
  fromHex,
  Source,
  toHex,
} from "./numbers.ts";

const VERSION = 1;
const U32_MAX = 0xffff_ffff;
const WINDOW_MAX = 256;
const BATCH_BYTES_MAX = 1_100;
const SCHEMAS_MAX = 8;
const TEXT_BYTES_MAX = 256;
const NAME_BYTES_MAX = 64;
const BLOB_BYTES_MAX = 2 ** 26;
const CHUNK_BYTES_MAX = 1_024;
const CHUNK_WINDOW_MAX = 65_536;

const REFUSALS = ["version", "malformed", "unexpected", "epoch-reused", "schema", "keys"];
const BYES = ["done", "going-down", "unknown-session", "busy"];
const STATUSES = [
  "success",
  "failed",
  "unknown-command",
  "bad-arguments",
  "busy",
  "no-answer",
  "away",
  "restarted",
];
const COMMAND_BODY_MAX = 1_000;
const WITHIN_MS_MAX = 600_000;
const PURPOSES = ["file", "firmware"];
const ENDS = ["done", "cancelled", "not-found", "refused", "too-large", "no-space", "corrupt"];
ENDS.push("failed", "busy", "unknown");
const GAPS = ["outbox-full", "oversize", "damaged", "elsewhere", "refused"];

/** A message as the vectors write it: the fields that shared/message/message.ts names. */
// biome-ignore lint/suspicious/noExplicitAny: plain JSON, of eighteen shapes
export type MessageNotation = { kind: string; [field: string]: any };

export function encodeMessage(message: MessageNotation): Bytes {
  const m = message;
  switch (m.kind) {
    case "hello":
      return [0x01, m.version, ...encodeCbor(helloMap(m))];
    case "welcome":
      return [0x02, m.version, ...encodeCbor(welcomeMap(m))];
    case "refuse":
      return [0x03, m.version, REFUSALS.indexOf(m.code), ...encodeCbor(m.detail)];
    case "schema":
      return [0x04, ...encodeVarint(m.number), ...fromHex(m.body)];
    case "want":
      return [0x05, ...encodeVarint(m.number)];
    case "command":
      return [0x06, ...idBytes(m), ...u32(m.life), ...encodeVarint(m.withinMs), ...fromHex(m.body)];
    case "result":
      return [0x07, ...idBytes(m), STATUSES.indexOf(m.status), ...fromHex(m.body)];
    case "progress":
      return [0x08, ...idBytes(m), ...encodeVarint(m.done), ...encodeVarint(m.total)];
    case "batch":
      return [0x10, ...encodeVarint(m.sequence), ...fromHex(m.body)];
    case "gap": {
      const counts = [m.sequence, m.count, m.readings, m.firstMs, m.lastMs];
      return [0x11, ...counts.flatMap(encodeVarint), GAPS.indexOf(m.reason)];
    }
    case "ack":
      return [0x12, ...encodeVarint(m.next), ...encodeVarint(m.window), ...fromHex(m.bitmap)];
    case "ping":
      return [0x13, ...encodeVarint(m.id)];
    case "pong":
      return [0x14, ...encodeVarint(m.id), ...encodeVarint(m.timeMs)];
    case "bye":
      return [0x15, BYES.indexOf(m.reason), ...encodeVarint(m.retryAfterMs)];
    case "blob":
      return [0x0b, ...encodeCbor(blobMap(m))];
    case "blob-end":
      return [0x0c, ...bigEndian(m.id, 4), ENDS.indexOf(m.status), ...encodeCbor(m.text)];
    case "chunk":
      return [0x16, ...bigEndian(m.id, 4), ...encodeVarint(m.offset), ...fromHex(m.body)];
    case "chunk-ack":
      return [0x17, ...bigEndian(m.id, 4), ...encodeVarint(m.next), ...encodeVarint(m.windowBytes)];
    default:
      throw new Error(`no message is named ${m.kind}`);
  }
}

function idBytes({ author, number }: MessageNotation): Bytes {
  return [...u32(author), ...u32(number)];
}

function u32(value: number): Bytes {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);
}

function helloMap(m: MessageNotation): Notation {
  return {
    map: [
      ["nonce", m.nonce],
      ["device", m.device],
      ["epoch", { bytes: m.epoch }],
      ["firmware", m.firmware],
      ["reset", m.reset],
      ["uptime", m.uptimeMs],
      ["life", m.life],
      ["first", m.first],
      ["next", m.next],
      ["schemas", m.schemas.map((s: { number: number; hash: number }) => [s.number, s.hash])],
      ["receive", m.receiveBytesMax],
    ],
  };
}

function welcomeMap(m: MessageNotation): Notation {
  return {
    map: [
      ["nonce", m.nonce],
      ["token", m.token],
      ["next", m.next],
      ["window", m.window],
      ["wanted", m.wanted],
      ["collector", m.collector],
    ],
  };
}

function blobMap(m: MessageNotation): Notation {
  return {
    map: [
      ["id", m.id],
      ["purpose", m.purpose],
      ["name", m.name],
      ["size", m.sizeBytes],
      ["sha256", m.sha256 === null ? null : { bytes: m.sha256 }],
    ],
  };
}

/** Throws a Fault with "malformed" or "version". */
export function decodeMessage(bytes: Bytes): MessageNotation {
  const source = new Source(bytes, "malformed");
  const code = source.byte();
  if (code <= 0x03) return decodeVersioned(code, source);
  const message = decodeFixed(code, source);
  source.end();
  return message;
}

function decodeVersioned(code: number, source: Source): MessageNotation {
  if (code === 0) source.fail();
  const version = source.byte();
  if (code === 0x03) return decodeRefuse(version, source);
  if (version !== VERSION) throw new Fault("version");
  const body = decodeCbor(source.rest());
  const fields = new Fields(entriesOf(body) ?? source.fail(), source);
  return code === 0x01 ? decodeHello(version, fields) : decodeWelcome(version, fields);
}

function decodeRefuse(version: number, source: Source): MessageNotation {
  const code = REFUSALS[source.byte()] ?? "malformed";
  if (version !== VERSION) return { kind: "refuse", version, code: "version", detail: "" };
  const detail = decodeCbor(source.rest());
  if (typeof detail !== "string" || isLong(detail, TEXT_BYTES_MAX)) return source.fail();
  return { kind: "refuse", version, code, detail };
}

function decodeHello(version: number, fields: Fields): MessageNotation {
  const next = fields.count("next", U32_MAX);
  return {
    kind: "hello",
    version,
    nonce: fields.count("nonce", U32_MAX),
    device: fields.name("device"),
    epoch: fields.bytes("epoch", 8),
    firmware: fields.text("firmware"),
    reset: fields.text("reset"),
    uptimeMs: fields.countOrNull("uptime", Number.MAX_SAFE_INTEGER),
    life: fields.count("life", U32_MAX),
    first: fields.count("first", next),
    next,
    schemas: fields.schemas("schemas"),
    receiveBytesMax: fields.count("receive", U32_MAX),
  };
}

function decodeWelcome(version: number, fields: Fields): MessageNotation {
  return {
    kind: "welcome",
    version,
    nonce: fields.count("nonce", U32_MAX),
    token: fields.count("token", U32_MAX),
    next: fields.count("next", U32_MAX),
    window: fields.count("window", WINDOW_MAX),
    wanted: fields.list("wanted").map((item) => fields.asCount(item, Number.MAX_SAFE_INTEGER)),
    collector: fields.text("collector"),
  };
}

function decodeFixed(code: number, source: Source): MessageNotation {
  const count = () => Number(source.varint());
  switch (code) {
    case 0x04:
      return { kind: "schema", number: count(), body: toHex(source.rest()) };
    case 0x05:
      return { kind: "want", number: count() };
    case 0x06:
    case 0x07:
    case 0x08:
      return decodeOfCommand(code, source);
    case 0x10: {
      const sequence = count();
      const body = source.rest();
      if (sequence >= U32_MAX || body.length > BATCH_BYTES_MAX) source.fail();
      return { kind: "batch", sequence, body: toHex(body) };
    }
    case 0x11:
      return decodeGap(source);
    case 0x12: {
      const [next, window, bitmap] = [count(), count(), source.rest()];
      if (next > U32_MAX || window > WINDOW_MAX || bitmap.length > WINDOW_MAX / 8) source.fail();
      return { kind: "ack", next, window, bitmap: toHex(bitmap) };
    }
    case 0x13:
      return { kind: "ping", id: count() };
    case 0x14:
      return { kind: "pong", id: count(), timeMs: count() };
    case 0x0b:
      return decodeBlob(new Fields(entriesOf(decodeCbor(source.rest())) ?? source.fail(), source));
    case 0x0c: {
      const [id, status] = [u32Of(source), ENDS[source.byte()] ?? source.fail()];
      const text = decodeCbor(source.rest());
      if (typeof text !== "string" || isLong(text, TEXT_BYTES_MAX)) return source.fail();
      return { kind: "blob-end", id, status, text };
    }
    case 0x16: {
      const [id, offset, body] = [u32Of(source), count(), source.rest()];
      const isSound = body.length >= 1 && body.length <= CHUNK_BYTES_MAX;
      if (!isSound || offset + body.length > BLOB_BYTES_MAX) source.fail();
      return { kind: "chunk", id, offset, body: toHex(body) };
    }
    case 0x17: {
      const [id, next, windowBytes] = [u32Of(source), count(), count()];
      if (next > BLOB_BYTES_MAX || windowBytes > CHUNK_WINDOW_MAX) source.fail();
      return { kind: "chunk-ack", id, next, windowBytes };
    }
    case 0x15: {
      const reason = BYES[source.byte()] ?? source.fail();
      return { kind: "bye", reason, retryAfterMs: count() };
    }
    default:
      return source.fail();
  }
}

function decodeOfCommand(code: number, source: Source): MessageNotation {
  const word = () => [0, 0, 0, 0].reduce((value) => value * 256 + source.byte(), 0);
  const count = () => Number(source.varint());
  const id = { author: word(), number: word() };
  if (code === 0x08) return { kind: "progress", ...id, done: count(), total: count() };
  const body = () => {
    const rest = source.rest();
    return rest.length > COMMAND_BODY_MAX ? source.fail() : toHex(rest);
  };
  if (code === 0x07) {
    const status = STATUSES[source.byte()];
    if (status === undefined || status === "no-answer" || status === "away") source.fail();
    return { kind: "result", ...id, status, body: body() };
  }
  const [life, withinMs] = [word(), count()];
  if (withinMs > WITHIN_MS_MAX) source.fail();
  return { kind: "command", ...id, life, withinMs, body: body() };
}

function u32Of(source: Source): number {
  return Number(fromBigEndian(source.take(4)));
}

function decodeBlob(fields: Fields): MessageNotation {
  const purpose = fields.text("purpose");
  const isAsked = fields.isNull("size") && fields.isNull("sha256");
  return {
    kind: "blob",
    id: fields.count("id", U32_MAX),
    purpose: PURPOSES.includes(purpose) ? purpose : fields.fail(),
    name: fields.name("name"),
    sizeBytes: isAsked ? null : fields.count("size", BLOB_BYTES_MAX),
    sha256: isAsked ? null : fields.bytes("sha256", 32),
  };
}

function decodeGap(source: Source): MessageNotation {
  const [sequence, count, readings, firstMs, lastMs] = Array.from({ length: 5 }, () =>
    Number(source.varint()),
  ) as [number, number, number, number, number];
  const reason = GAPS[source.byte()];
  const isSound = count > 0 && sequence + count <= U32_MAX && lastMs >= firstMs;
  const isHosts = reason === "elsewhere" || reason === "refused";
  if (!isSound || reason === undefined || isHosts) source.fail();
  return { kind: "gap", sequence, count, readings, firstMs, lastMs, reason };
}

/** The fields of a CBOR map; one that is missing or is not what it should be is a fault. */
class Fields {
  readonly #entries: [string, Notation][];
  readonly #source: Source;

  constructor(entries: [string, Notation][], source: Source) {
    this.#entries = entries;
    this.#source = source;
  }

  count(key: string, most: number): number {
    return this.asCount(this.#get(key), most);
  }

  asCount(value: Notation, most: number): number {
    const isCount =
      typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
    return isCount ? value : this.#source.fail();
  }

  fail(): never {
    return this.#source.fail();
  }

  isNull(key: string): boolean {
    return this.#get(key) === null;
  }

  countOrNull(key: string, most: number): number | null {
    return this.#get(key) === null ? null : this.count(key, most);
  }

  text(key: string): string {
    const value = this.#get(key);
    const isText = typeof value === "string" && !isLong(value, TEXT_BYTES_MAX);
    return isText ? value : this.#source.fail();
  }

  name(key: string): string {
    const value = this.text(key);
    return isName(value) ? value : this.#source.fail();
  }

  bytes(key: string, length: number): string {
    const value = this.#get(key);
    if (value === null || typeof value !== "object" || !("bytes" in value)) {
      return this.#source.fail();
    }
    return value.bytes.length === 2 * length ? value.bytes : this.#source.fail();
  }

  list(key: string): Notation[] {
    const value = this.#get(key);
    return Array.isArray(value) ? value : this.#source.fail();
  }

  schemas(key: string): { number: number; hash: number }[] {
    const pairs = this.list(key);
    if (pairs.length > SCHEMAS_MAX) this.#source.fail();
    return pairs.map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) return this.#source.fail();
      return { number: this.asCount(pair[0]!, U32_MAX), hash: this.asCount(pair[1]!, U32_MAX) };
    });
  }

  #get(key: string): Notation {
    const entry = this.#entries.find(([name]) => name === key);
    return entry === undefined ? this.#source.fail() : entry[1];
  }
}

function isLong(text: string, bytesMax: number): boolean {
  return new TextEncoder().encode(text).length > bytesMax;
}

/** PROTOCOL 5: 1 to 64 bytes, no control characters (C0, delete, C1). */
export function isName(text: string): boolean {
  return text !== "" && !isLong(text, NAME_BYTES_MAX) && !/\p{Cc}/u.test(text);
}
