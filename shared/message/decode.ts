// Bytes to messages. PROTOCOL 4. Never throws: what cannot be decoded gives the code with which the
// peer is refused. Hello, welcome and refuse keep their first two bytes in every version of the
// protocol, so that any two versions can tell each other apart.

import { ByteReader } from "../bytes/cursor.ts";
import { utf8Length } from "../bytes/utf8.ts";
import { isName } from "../channel.ts";
import {
  BYE_REASONS,
  COMMAND_STATUSES,
  type Decoded,
  GAP_REASONS,
  REFUSAL_CODES,
} from "../errors.ts";
import {
  ACK_BITMAP_BYTES_MAX,
  BATCH_BYTES_MAX,
  COMMAND_BODY_BYTES_MAX,
  COMMAND_WITHIN_MS_MAX,
  PROTOCOL_VERSION,
  SCHEMAS_PER_HELLO_MAX,
  SEQUENCE_MAX,
  TEXT_BYTES_MAX,
  WINDOW_RECORDS_MAX,
} from "../limits.ts";
import { decodeBlobMessage } from "./blob.ts";
import { type CborMap, type CborValue, decodeCbor } from "./cbor.ts";
import { epochFromBytes } from "./encode.ts";
import { type CommandId, MESSAGE_CODES, type Message, type SchemaReference } from "./message.ts";

const U32_MAX = 0xffff_ffff;
const EPOCH_BYTES = 8;

/** Decodes the message that fills `bytes`. Byte fields of the result are views of `bytes`. */
export function decodeMessage(bytes: Uint8Array): Decoded<Message> {
  const reader = new ByteReader(bytes);
  const code = reader.readU8();
  if (isVersioned(code)) return decodeVersioned(code, reader);
  const message = decodeFixed(code, reader);
  return message === undefined || !reader.finished ? MALFORMED : { ok: true, value: message };
}

const MALFORMED = { ok: false, code: "malformed" } as const;

function isVersioned(code: number): boolean {
  return (
    code === MESSAGE_CODES.hello || code === MESSAGE_CODES.welcome || code === MESSAGE_CODES.refuse
  );
}

function decodeVersioned(code: number, reader: ByteReader): Decoded<Message> {
  const version = reader.readU8();
  if (reader.failed) return MALFORMED;
  if (code === MESSAGE_CODES.refuse) return wrap(decodeRefuse(version, reader));
  if (version !== PROTOCOL_VERSION) {
    return { ok: false, code: "version", peerVersion: version };
  }
  const body = decodeCbor(reader.readBytes(reader.remaining));
  if (!(body instanceof Map)) return MALFORMED;
  return wrap(
    code === MESSAGE_CODES.hello ? helloFromCbor(version, body) : welcomeFromCbor(version, body),
  );
}

function wrap(message: Message | undefined): Decoded<Message> {
  return message === undefined ? MALFORMED : { ok: true, value: message };
}

/** A refusal of another version is read as far as it can be: its version is what matters. */
function decodeRefuse(version: number, reader: ByteReader): Message | undefined {
  const code = REFUSAL_CODES[reader.readU8()] ?? "malformed";
  const detail = decodeCbor(reader.readBytes(reader.remaining));
  if (reader.failed) return undefined;
  if (version !== PROTOCOL_VERSION) return { kind: "refuse", version, code: "version", detail: "" };
  return isText(detail) ? { kind: "refuse", version, code, detail } : undefined;
}

function decodeFixed(code: number, reader: ByteReader): Message | undefined {
  switch (code) {
    case MESSAGE_CODES.schema:
      return {
        kind: "schema",
        number: reader.readVarint(),
        body: reader.readBytes(reader.remaining),
      };
    case MESSAGE_CODES.want:
      return { kind: "want", number: reader.readVarint() };
    case MESSAGE_CODES.command:
      return decodeCommand(reader);
    case MESSAGE_CODES.result:
      return decodeResult(reader);
    case MESSAGE_CODES.progress: {
      const id = readCommandId(reader);
      return { kind: "progress", ...id, done: reader.readVarint(), total: reader.readVarint() };
    }
    case MESSAGE_CODES.batch: {
      const sequence = reader.readVarint();
      const body = reader.readBytes(reader.remaining);
      const isSound = sequence < SEQUENCE_MAX && body.length <= BATCH_BYTES_MAX;
      return isSound ? { kind: "batch", sequence, body } : undefined;
    }
    case MESSAGE_CODES.gap:
      return decodeGap(reader);
    case MESSAGE_CODES.ack:
      return decodeAck(reader);
    case MESSAGE_CODES.ping:
      return { kind: "ping", id: reader.readVarint() };
    case MESSAGE_CODES.pong:
      return { kind: "pong", id: reader.readVarint(), timeMs: reader.readVarint() };
    case MESSAGE_CODES.bye: {
      const reason = BYE_REASONS[reader.readU8()];
      const retryAfterMs = reader.readVarint();
      return reason === undefined ? undefined : { kind: "bye", reason, retryAfterMs };
    }
    default:
      return decodeBlobMessage(code, reader);
  }
}

function readCommandId(reader: ByteReader): CommandId {
  return { author: reader.readU32(), number: reader.readU32() };
}

function decodeCommand(reader: ByteReader): Message | undefined {
  const id = readCommandId(reader);
  const life = reader.readU32();
  const withinMs = reader.readVarint();
  const body = reader.readBytes(reader.remaining);
  if (withinMs > COMMAND_WITHIN_MS_MAX || body.length > COMMAND_BODY_BYTES_MAX) return undefined;
  return { kind: "command", ...id, life, withinMs, body };
}

function decodeResult(reader: ByteReader): Message | undefined {
  const id = readCommandId(reader);
  const status = COMMAND_STATUSES[reader.readU8()];
  const body = reader.readBytes(reader.remaining);
  if (status === undefined || status === "no-answer" || status === "away") return undefined;
  return body.length > COMMAND_BODY_BYTES_MAX ? undefined : { kind: "result", ...id, status, body };
}

function decodeGap(reader: ByteReader): Message | undefined {
  const sequence = reader.readVarint();
  const count = reader.readVarint();
  const readings = reader.readVarint();
  const firstMs = reader.readVarint();
  const lastMs = reader.readVarint();
  const reason = GAP_REASONS[reader.readU8()];
  if (count === 0 || sequence + count > SEQUENCE_MAX || lastMs < firstMs) return undefined;
  if (reason === undefined || reason === "elsewhere" || reason === "refused") return undefined;
  return { kind: "gap", sequence, count, readings, firstMs, lastMs, reason };
}

function decodeAck(reader: ByteReader): Message | undefined {
  const next = reader.readVarint();
  const window = reader.readVarint();
  const bitmap = reader.readBytes(reader.remaining);
  const isSound =
    next <= SEQUENCE_MAX && window <= WINDOW_RECORDS_MAX && bitmap.length <= ACK_BITMAP_BYTES_MAX;
  return isSound ? { kind: "ack", next, window, bitmap } : undefined;
}

function helloFromCbor(version: number, map: CborMap): Message | undefined {
  const [nonce, uptimeMs, life, first, next, receiveBytesMax] = [
    map.get("nonce"),
    map.get("uptime"),
    map.get("life"),
    map.get("first"),
    map.get("next"),
    map.get("receive"),
  ];
  const [device, epoch, firmware, reset] = [
    map.get("device"),
    map.get("epoch"),
    map.get("firmware"),
    map.get("reset"),
  ];
  const schemas = schemasFromCbor(map.get("schemas"));
  if (!isCount(nonce, U32_MAX) || !isCount(receiveBytesMax, U32_MAX)) return undefined;
  if (uptimeMs !== null && !isCount(uptimeMs)) return undefined;
  if (!isCount(life, U32_MAX)) return undefined;
  if (!isCount(next, SEQUENCE_MAX) || !isCount(first, next)) return undefined;
  if (!isText(device) || !isName(device) || !isText(firmware) || !isText(reset)) return undefined;
  if (!(epoch instanceof Uint8Array) || epoch.length !== EPOCH_BYTES || schemas === undefined) {
    return undefined;
  }
  return {
    kind: "hello",
    version,
    nonce,
    device,
    epoch: epochFromBytes(epoch),
    firmware,
    reset,
    uptimeMs,
    life,
    first,
    next,
    schemas,
    receiveBytesMax,
  };
}

function schemasFromCbor(value: CborValue | undefined): SchemaReference[] | undefined {
  if (!Array.isArray(value) || value.length > SCHEMAS_PER_HELLO_MAX) return undefined;
  const schemas: SchemaReference[] = [];
  for (const pair of value) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [number, hash] = pair;
    if (!isCount(number, U32_MAX) || !isCount(hash, U32_MAX)) return undefined;
    schemas.push({ number, hash });
  }
  return schemas;
}

function welcomeFromCbor(version: number, map: CborMap): Message | undefined {
  const [nonce, token, next, window] = [
    map.get("nonce"),
    map.get("token"),
    map.get("next"),
    map.get("window"),
  ];
  const [wanted, collector] = [map.get("wanted"), map.get("collector")];
  if (!isCount(nonce, U32_MAX) || !isCount(token, U32_MAX)) return undefined;
  if (!isCount(next, SEQUENCE_MAX) || !isCount(window, WINDOW_RECORDS_MAX)) return undefined;
  if (!Array.isArray(wanted) || !wanted.every((number) => isCount(number))) return undefined;
  if (!isText(collector)) return undefined;
  return { kind: "welcome", version, nonce, token, next, window, wanted, collector };
}

/** A whole number from 0 to `most`. */
function isCount(
  value: CborValue | undefined,
  most: number = Number.MAX_SAFE_INTEGER,
): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isText(value: CborValue | undefined): value is string {
  return typeof value === "string" && utf8Length(value) <= TEXT_BYTES_MAX;
}
