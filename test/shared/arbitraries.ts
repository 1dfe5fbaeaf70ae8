// What fast-check draws for the core's tests: channels, batches, messages in the notation of the
// vectors, and mutations of bytes that were valid.

import fc from "fast-check";
import { type BatchNotation, MISSING, type Missing } from "../reference/batches.ts";
import { encodeCbor, type Notation, numberNotation } from "../reference/cbor.ts";
import { isName, type MessageNotation } from "../reference/messages.ts";
import type { Bytes } from "../reference/numbers.ts";
import { type ChannelNotation, encodeSchema } from "../reference/schemas.ts";

/** Bounds one property's time; what counts is that finding the smallest counterexample ends too. */
fc.configureGlobal({ interruptAfterTimeLimit: 8_000 });

const SCHEMA_BYTES_MAX = 1_100;
const U32_MAX = 0xffff_ffff;
const BYTE_ORDER_MARK = "\ufeff";

const u32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: U32_MAX }));
const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const hexBytes = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

const anyText = fc.string({ unit: "binary", maxLength: 30 });
const cborText = anyText.filter((text) => !text.startsWith(BYTE_ORDER_MARK));
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => isName(text) && !text.startsWith(BYTE_ORDER_MARK));

const integer = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 50, -(2 ** 50), 0),
);

/** Whole numbers are written as integers, and -0 becomes one; the rest comes back as it was. */
const cborNumber = fc
  .oneof(integer, fc.double(), fc.float())
  .map((value) => (Object.is(value, -0) ? 0 : numberNotation(value)));

export const cborValue: fc.Arbitrary<Notation> = fc.letrec<{ value: Notation }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.oneof(fc.constantFrom<Notation>(null, true, false), cborNumber, cborText),
    hexBytes.map((bytes): Notation => ({ bytes })),
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(cborText, tie("value")), { maxLength: 5, selector: ([key]) => key })
      .map((map): Notation => ({ map })),
  ),
})).value;

const RESOLUTIONS = [1, 5, 0.5, 0.25, 0.1, 0.01, 0.001, 0.3, 1e-6, 100];

const channel: fc.Arbitrary<ChannelNotation> = fc
  .record({ name, unit: fc.oneof(fc.constant(""), name) })
  .chain((base) =>
    fc.oneof(
      fc
        .constantFrom("integer", "boolean", "text", "float32", "float64", "bytes", "structured")
        .map((kind) => ({ ...base, kind })),
      fc
        .constantFrom(...RESOLUTIONS)
        .map((resolution) => ({ ...base, kind: "number", resolution })),
      fc
        .uniqueArray(name, { minLength: 1, maxLength: 5 })
        .map((labels) => ({ ...base, kind: "enumeration", labels })),
    ),
  );

export const channels = fc
  .uniqueArray(channel, { minLength: 1, maxLength: 12, selector: (one) => one.name })
  .filter((list) => encodeSchema(list).length <= SCHEMA_BYTES_MAX);

/** A value that the channel keeps exactly. */
function keptValue(one: ChannelNotation): fc.Arbitrary<Notation> {
  switch (one.kind) {
    case "number": {
      const inverse = Math.round(1 / one.resolution!);
      const isInverse = inverse * one.resolution! === 1;
      return fc
        .oneof(fc.integer({ min: -500, max: 500 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }))
        .map((steps) => (isInverse ? steps / inverse : steps * one.resolution!) + 0);
    }
    case "integer":
      return integer;
    case "boolean":
      return fc.boolean();
    case "enumeration":
      return fc.nat(one.labels!.length - 1);
    case "text":
      return anyText;
    case "float32":
      return fc.float().map(numberNotation);
    case "float64":
      return fc.double().map(numberNotation);
    case "bytes":
      return hexBytes.map((bytes) => ({ bytes }));
    default:
      return cborValue.filter((value) => encodeCbor(value).length <= 512);
  }
}

/** Mostly a grid with jitter, sometimes anything. */
const stepMs = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 995, max: 1_005 }) },
  fc.nat(10),
  fc.nat(2 ** 31 - 1),
);

/** A schema with a batch that follows it; one value in five is missing. */
export const batch: fc.Arbitrary<{ channels: ChannelNotation[]; batch: BatchNotation }> =
  channels.chain((list) => {
    const values = fc.tuple(
      ...list.map((one) =>
        fc.oneof(
          { weight: 4, arbitrary: keptValue(one) as fc.Arbitrary<Notation | Missing> },
          fc.constant(MISSING),
        ),
      ),
    );
    const row = fc.record({ stepMs, values });
    return fc
      .record({
        schema: u32,
        firstMs: fc.nat(),
        rows: fc.array(row, { minLength: 1, maxLength: 25, size: "max" }),
      })
      .map(({ schema, firstMs, rows }) => {
        let timeMs = firstMs;
        const timed = rows.map((one) => {
          timeMs += one.stepMs;
          return { timeMs, values: one.values };
        });
        return { channels: list, batch: { schema, rows: timed } };
      });
  });

const shortText = cborText.filter((text) => new TextEncoder().encode(text).length <= 256);
const sequence = fc.integer({ min: 0, max: U32_MAX - 1 });

export const message: fc.Arbitrary<MessageNotation> = fc.oneof(
  fc
    .record({
      nonce: u32,
      device: name,
      epoch: fc
        .uint8Array({ minLength: 8, maxLength: 8 })
        .map((b) => Buffer.from(b).toString("hex")),
      firmware: shortText,
      reset: shortText,
      uptimeMs: fc.option(count),
      life: u32,
      first: u32,
      ahead: fc.nat(300),
      schemas: fc.array(fc.record({ number: u32, hash: u32 }), { maxLength: 8 }),
      receiveBytesMax: u32,
    })
    .map(({ ahead, first, nonce, device, epoch, firmware, reset, uptimeMs, life, ...rest }) => {
      const next = Math.min(first + ahead, U32_MAX);
      const who = { nonce, device, epoch, firmware, reset, uptimeMs, life };
      return { kind: "hello", version: 1, ...who, first, next, ...rest };
    }),
  fc
    .record({
      nonce: u32,
      token: u32,
      next: u32,
      window: fc.nat(256),
      wanted: fc.array(count, { maxLength: 8 }),
      collector: shortText,
    })
    .map((rest) => ({ kind: "welcome", version: 1, ...rest })),
  fc
    .record({
      code: fc.constantFrom("version", "malformed", "unexpected", "epoch-reused", "schema"),
      detail: shortText,
    })
    .map((rest) => ({ kind: "refuse", version: 1, ...rest })),
  fc.record({ number: count, body: hexBytes }).map((rest) => ({ kind: "schema", ...rest })),
  count.map((number) => ({ kind: "want", number })),
  fc
    .record({ author: u32, number: u32, life: u32, withinMs: fc.nat(600_000), body: hexBytes })
    .map((rest) => ({ kind: "command", ...rest })),
  fc
    .record({
      author: u32,
      number: u32,
      status: fc.constantFrom("success", "failed", "bad-arguments", "busy", "restarted"),
      body: hexBytes,
    })
    .map((rest) => ({ kind: "result", ...rest })),
  fc
    .record({ author: u32, number: u32, done: count, total: count })
    .map((rest) => ({ kind: "progress", ...rest })),
  fc.record({ sequence, body: hexBytes }).map((rest) => ({ kind: "batch", ...rest })),
  fc
    .tuple(sequence, fc.integer({ min: 1, max: 1_000 }), count, fc.nat(), fc.nat())
    .map(([from, many, readings, firstMs, lengthMs]) => ({
      kind: "gap",
      sequence: from,
      count: Math.min(many, U32_MAX - from),
      readings,
      firstMs,
      lastMs: firstMs + lengthMs,
      reason: "outbox-full",
    })),
  fc
    .record({ next: u32, window: fc.nat(256), bitmap: hexBytes.map((hex) => hex.slice(0, 64)) })
    .map((rest) => ({ kind: "ack", ...rest })),
  count.map((id) => ({ kind: "ping", id })),
  fc.record({ id: count, timeMs: count }).map((rest) => ({ kind: "pong", ...rest })),
  fc
    .record({ reason: fc.constantFrom("done", "going-down", "busy"), retryAfterMs: count })
    .map((rest) => ({ kind: "bye", ...rest })),
  fc
    .record({ id: u32, purpose: fc.constantFrom("file", "firmware"), name, isAsked: fc.boolean() })
    .chain(({ isAsked, ...rest }) => {
      const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 });
      return fc.record({
        kind: fc.constant("blob"),
        ...Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, fc.constant(one)])),
        sizeBytes: isAsked ? fc.constant(null) : fc.nat(2 ** 26),
        sha256: isAsked ? fc.constant(null) : sha256.map((b) => Buffer.from(b).toString("hex")),
      });
    }),
  fc
    .record({ id: u32, status: fc.constantFrom("done", "corrupt", "unknown"), text: shortText })
    .map((rest) => ({ kind: "blob-end", ...rest })),
  fc
    .record({ id: u32, offset: fc.nat(2 ** 25), body: hexBytes.filter((hex) => hex !== "") })
    .map((rest) => ({ kind: "chunk", ...rest })),
  fc
    .record({ id: u32, next: fc.nat(2 ** 26), windowBytes: fc.nat(65_536) })
    .map((rest) => ({ kind: "chunk-ack", ...rest })),
);

/** Ways to spoil bytes: a byte replaced, one put in, one left out, the end cut off. */
export const mutations = fc.array(
  fc.record({
    how: fc.constantFrom("replace", "insert", "remove", "cut"),
    where: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  }),
  { minLength: 1, maxLength: 3 },
);

type Mutation = typeof mutations extends fc.Arbitrary<(infer One)[]> ? One : never;

export function mutated(bytes: Bytes, changes: Mutation[]): Bytes {
  let now = [...bytes];
  for (const { how, where, byte } of changes) {
    const at = Math.floor(where * now.length);
    if (how === "cut") now = now.slice(0, at);
    else now.splice(at, how === "insert" ? 0 : 1, ...(how === "remove" ? [] : [byte]));
  }
  return now;
}
