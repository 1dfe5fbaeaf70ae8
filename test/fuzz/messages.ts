// Messages out of choices: valid ones with small numbers, so that they meet what is there, and the same
// with their bytes spoilt, or any bytes at all.

import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { type Channel, encodeSchema, schemaHash } from "../../shared/channel.ts";
import { BYE_REASONS, REFUSAL_CODES } from "../../shared/errors.ts";
import { SEQUENCE_MAX } from "../../shared/limits.ts";
import type { Message, SchemaReference } from "../../shared/message/message.ts";
import type { LinkTraits } from "../../shared/session/link.ts";
import { encodedMessage } from "../shared/notation.ts";
import type { Choices } from "./choices.ts";

export const CHANNELS: readonly Channel[] = [{ name: "count", kind: "integer", unit: "" }];
export const SCHEMA = encodeSchema(CHANNELS);

const STREAM: LinkTraits = {
  kind: "tcp",
  isReliable: true,
  isDatagram: false,
  messageBytesMax: 1_200,
  receiveBytesMax: 0,
};
export const TRAITS: readonly LinkTraits[] = [
  STREAM,
  { ...STREAM, kind: "udp", isReliable: false, isDatagram: true },
  { ...STREAM, kind: "serial", isReliable: false, receiveBytesMax: 96 },
];

const EPOCHS = ["00112233445566aa", "00112233445566bb"];
const SENT_FROM_HOST = ["welcome", "ack", "want", "ping", "bye", "refuse", "hello", "gap"] as const;
const SENT_FROM_DEVICE = [
  "hello",
  "schema",
  "batch",
  "gap",
  "ping",
  "pong",
  "bye",
  "refuse",
  "ack",
  "welcome",
] as const;

/** An encoder for each batch would take most of the time. */
const BODIES = new Map<string, Uint8Array>();

/** A batch with one reading; not to be written to. */
export function batchBody(value: number, schema = 0): Uint8Array {
  const key = `${value} ${schema}`;
  const known = BODIES.get(key);
  if (known !== undefined) return known;
  const encoder = new BatchEncoder({ channels: CHANNELS, schema });
  encoder.append(value, [value]);
  const body = encoder.take().slice();
  BODIES.set(key, body);
  return body;
}

/** What may come from a host; `near` is a sequence number worth coming close to. */
export function fromHost(choices: Choices, near: number, nonce: number): Uint8Array {
  return spoilt(choices, encodedMessage(make(choices, choices.pick(SENT_FROM_HOST), near, nonce)));
}

/** What may come from a device. */
export function fromDevice(choices: Choices, near: number): Uint8Array {
  const kind = choices.pick(SENT_FROM_DEVICE);
  return spoilt(choices, encodedMessage(make(choices, kind, near, choices.below(4))));
}

function make(choices: Choices, kind: Message["kind"], near: number, nonce: number): Message {
  switch (kind) {
    case "hello":
      return hello(choices, near);
    case "welcome": {
      const wanted = Array.from({ length: choices.below(4) }, () => choices.integer());
      const window = choices.below(256);
      const next = sequence(choices, near);
      return {
        kind,
        version: 1,
        nonce,
        token: token(choices),
        next,
        window,
        wanted,
        collector: "",
      };
    }
    case "refuse":
      return { kind, version: 1, code: choices.pick(REFUSAL_CODES), detail: "no" };
    case "schema":
      return {
        kind,
        number: choices.below(4),
        body: choices.below(4) === 0 ? new Uint8Array() : SCHEMA,
      };
    case "want":
      return { kind, number: choices.integer() };
    case "batch": {
      const body = batchBody(choices.byte(), choices.below(3));
      return { kind, sequence: Math.min(sequence(choices, near), SEQUENCE_MAX - 1), body };
    }
    case "gap":
      return gap(choices, near);
    case "ack":
      return {
        kind,
        next: sequence(choices, near),
        window: choices.below(256),
        bitmap: choices.bytes(choices.below(33)),
      };
    case "ping":
      return { kind, id: choices.integer() };
    case "pong":
      return { kind, id: choices.integer(), timeMs: choices.integer() };
    default:
      return { kind: "bye", reason: choices.pick(BYE_REASONS), retryAfterMs: choices.integer() };
  }
}

function hello(choices: Choices, near: number): Message {
  const schemas: SchemaReference[] = [{ number: 0, hash: schemaHash(SCHEMA) }];
  for (let more = choices.below(8); more > 0; more--) {
    schemas.push({ number: choices.integer() % 2 ** 32, hash: choices.byte() });
  }
  const first = Math.min(sequence(choices, near), SEQUENCE_MAX - 300);
  return {
    kind: "hello",
    version: 1,
    nonce: choices.below(4),
    device: choices.pick(["a", "b"]),
    epoch: choices.pick(EPOCHS),
    firmware: "",
    reset: "",
    uptimeMs: choices.below(4) === 0 ? null : choices.integer(),
    life: 1,
    first,
    next: first + choices.byte(),
    schemas,
    receiveBytesMax: 0,
  };
}

function gap(choices: Choices, near: number): Message {
  const from = Math.min(sequence(choices, near), SEQUENCE_MAX - 1);
  const count = Math.max(1, Math.min(choices.integer(), SEQUENCE_MAX - from));
  const firstMs = choices.byte();
  const lastMs = firstMs + choices.byte();
  const readings = choices.integer();
  return { kind: "gap", sequence: from, count, readings, firstMs, lastMs, reason: "outbox-full" };
}

/** Mostly a little before or behind `near`. */
function sequence(choices: Choices, near: number): number {
  const choice = choices.byte();
  if (choice >= 0xf0) return Math.min(choices.integer(), SEQUENCE_MAX);
  return Math.max(0, Math.min(near + choice - 8, SEQUENCE_MAX));
}

function token(choices: Choices): number {
  return choices.below(3);
}

function spoilt(choices: Choices, message: Uint8Array): Uint8Array {
  const way = choices.byte();
  if (way < 0xc0) return message;
  if (way < 0xd0) return choices.bytes(choices.below(64));
  if (way < 0xe0) return message.subarray(0, choices.byte());
  const at = choices.byte() % message.length;
  return message.with(at, choices.byte());
}

/** With one of few tokens before it, where the link is one of datagrams. */
export function withToken(choices: Choices, traits: LinkTraits, message: Uint8Array): Uint8Array {
  if (!traits.isDatagram) return message;
  return Uint8Array.of(0, 0, 0, token(choices), ...message);
}

/** Choices that make `fromDevice` say what a device says in a usual life, with `pass` behind each message. */
export function usualLife(traits: LinkTraits, pass: readonly number[]) {
  const end = (token: number) => [0, ...(traits.isDatagram ? [token] : []), ...pass];
  return {
    hello: [0, 0, 0, 8, 0, 0, 0, 1, 5, 9, ...end(0)],
    schema: [1, 0, 0, 1, ...end(1)],
    batch: [2, 0, 3, 0, 8, ...end(1)],
    gap: [3, 0, 8, 1, 1, 1, 7, ...end(1)],
    ping: [4, 0, 9, ...end(1)],
    pong: [5, 0, 0, 100, ...end(1)],
  };
}
