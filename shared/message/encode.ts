// Messages to bytes. PROTOCOL 4. Writes into the caller's buffer; `writer.failed` tells where one
// did not fit.

import type { ByteWriter } from "../bytes/cursor.ts";
import { BYE_REASONS, COMMAND_STATUSES, GAP_REASONS, REFUSAL_CODES } from "../errors.ts";
import { encodeBlobMessage } from "./blob.ts";
import { type CborValue, encodeCbor } from "./cbor.ts";
import {
  type CommandMessage,
  type Hello,
  MESSAGE_CODES,
  type Message,
  type ProgressMessage,
  type ResultMessage,
  type Welcome,
} from "./message.ts";

const EPOCH_BYTES = 8;

/** Writes `message` at the writer's position. */
export function encodeMessage(message: Message, writer: ByteWriter): void {
  writer.writeU8(MESSAGE_CODES[message.kind]);
  switch (message.kind) {
    case "hello":
      writer.writeU8(message.version);
      writer.writeBytes(encodeCbor(helloToCbor(message)));
      break;
    case "welcome":
      writer.writeU8(message.version);
      writer.writeBytes(encodeCbor(welcomeToCbor(message)));
      break;
    case "refuse":
      writer.writeU8(message.version);
      writer.writeU8(REFUSAL_CODES.indexOf(message.code));
      writer.writeBytes(encodeCbor(message.detail));
      break;
    case "schema":
      writer.writeVarint(message.number);
      writer.writeBytes(message.body);
      break;
    case "want":
      writer.writeVarint(message.number);
      break;
    case "command":
    case "result":
    case "progress":
      encodeOfCommand(message, writer);
      break;
    case "batch":
      writer.writeVarint(message.sequence);
      writer.writeBytes(message.body);
      break;
    case "gap":
      writer.writeVarint(message.sequence);
      writer.writeVarint(message.count);
      writer.writeVarint(message.readings);
      writer.writeVarint(message.firstMs);
      writer.writeVarint(message.lastMs);
      writer.writeU8(GAP_REASONS.indexOf(message.reason));
      break;
    case "ack":
      writer.writeVarint(message.next);
      writer.writeVarint(message.window);
      writer.writeBytes(message.bitmap);
      break;
    case "ping":
      writer.writeVarint(message.id);
      break;
    case "pong":
      writer.writeVarint(message.id);
      writer.writeVarint(message.timeMs);
      break;
    case "bye":
      writer.writeU8(BYE_REASONS.indexOf(message.reason));
      writer.writeVarint(message.retryAfterMs);
      break;
    default:
      encodeBlobMessage(message, writer);
  }
}

function encodeOfCommand(
  message: CommandMessage | ResultMessage | ProgressMessage,
  writer: ByteWriter,
): void {
  writer.writeU32(message.author);
  writer.writeU32(message.number);
  if (message.kind === "progress") {
    writer.writeVarint(message.done);
    writer.writeVarint(message.total);
    return;
  }
  if (message.kind === "result") {
    writer.writeU8(COMMAND_STATUSES.indexOf(message.status));
  } else {
    writer.writeU32(message.life);
    writer.writeVarint(message.withinMs);
  }
  writer.writeBytes(message.body);
}

/**
 * Writes the head of a batch message, whose body the caller puts behind it: the usual way, since the
 * body is copied once, out of the outbox.
 */
export function writeBatchHead(writer: ByteWriter, sequence: number): void {
  writer.writeU8(MESSAGE_CODES.batch);
  writer.writeVarint(sequence);
}

function helloToCbor(hello: Hello): CborValue {
  return new Map<string, CborValue>([
    ["nonce", hello.nonce],
    ["device", hello.device],
    ["epoch", epochToBytes(hello.epoch)],
    ["firmware", hello.firmware],
    ["reset", hello.reset],
    ["uptime", hello.uptimeMs],
    ["life", hello.life],
    ["first", hello.first],
    ["next", hello.next],
    ["schemas", hello.schemas.map(({ number, hash }) => [number, hash])],
    ["receive", hello.receiveBytesMax],
  ]);
}

function welcomeToCbor(welcome: Welcome): CborValue {
  return new Map<string, CborValue>([
    ["nonce", welcome.nonce],
    ["token", welcome.token],
    ["next", welcome.next],
    ["window", welcome.window],
    ["wanted", welcome.wanted],
    ["collector", welcome.collector],
  ]);
}

/** 16 hexadecimal digits to 8 bytes. */
function epochToBytes(epoch: string): Uint8Array {
  const bytes = new Uint8Array(EPOCH_BYTES);
  for (let index = 0; index < EPOCH_BYTES; index++) {
    bytes[index] = Number.parseInt(epoch.slice(2 * index, 2 * index + 2), 16);
  }
  return bytes;
}

/** 8 bytes to 16 hexadecimal digits. */
export function epochFromBytes(bytes: Uint8Array): string {
  let epoch = "";
  for (const byte of bytes) epoch += byte.toString(16).padStart(2, "0");
  return epoch;
}
