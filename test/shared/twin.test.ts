// The core against the slow reference twin: on whatever fast-check draws, valid or spoilt, both say
// the same, so neither is stricter or laxer than the other. The core never throws.

import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { crc32c } from "../../shared/bytes/crc32c.ts";
import { ByteReader, ByteWriter, unzigzag, zigzag } from "../../shared/bytes/cursor.ts";
import { type Channel, decodeSchema, encodeSchema } from "../../shared/channel.ts";
import { cobsLengthMax, decodeCobs, encodeCobs } from "../../shared/frame/cobs.ts";
import { BATCH_ROWS_MAX } from "../../shared/limits.ts";
import { decodeCbor, encodeCbor } from "../../shared/message/cbor.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import * as twinBatches from "../reference/batches.ts";
import { attempt } from "../reference/batches.ts";
import * as twinCbor from "../reference/cbor.ts";
import * as twinFrames from "../reference/frames.ts";
import * as twinMessages from "../reference/messages.ts";
import * as twin from "../reference/numbers.ts";
import * as twinSchemas from "../reference/schemas.ts";
import { batch, cborValue, channels, message, mutated, mutations } from "./arbitraries.ts";
import { expectSoundEncoding } from "./encoding.ts";
import {
  batchNotation,
  encodedMessage,
  messageFromNotation,
  messageNotation,
  valueFromNotation,
  valueNotation,
} from "./notation.ts";
import { plannedBatch, stream } from "./streams.ts";

const RUNS = { numRuns: 400 };

const randomBytes = fc.uint8Array({ maxLength: 200, size: "max" });

/** `{ value }` or `{ error }`, as the twin's `attempt` gives. */
function outcome(value: unknown, error: string): unknown {
  return value === undefined ? { error } : { value };
}

function messageOutcome(bytes: Uint8Array): unknown {
  const decoded = decodeMessage(bytes);
  return decoded.ok ? { value: messageNotation(decoded.value) } : { error: decoded.code };
}

test("varints and zigzag", () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(70_000)), (value) => {
      const writer = new ByteWriter(new Uint8Array(8));
      writer.writeVarint(value);
      expect([...writer.written()]).toEqual(twin.encodeVarint(value));
      expect(new ByteReader(writer.written()).readVarint()).toBe(value);
    }),
    RUNS,
  );
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), (value) => {
      expect(BigInt(zigzag(value))).toBe(twin.zigzag(BigInt(value)));
      expect(unzigzag(zigzag(value))).toBe(value + 0);
    }),
    RUNS,
  );
});

test("varints from random bytes", () => {
  const groups = fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0, 0x80, 0xff)), { maxLength: 12 });
  fc.assert(
    fc.property(groups, (bytes) => {
      const reader = new ByteReader(Uint8Array.from(bytes));
      const value = reader.readVarint();
      const expected = attempt(() => Number(new twin.Source(bytes, "malformed").varint()));
      expect(outcome(reader.failed ? undefined : value, "malformed")).toEqual(expected);
      if (reader.failed) expect(value).toBe(0);
    }),
    RUNS,
  );
});

test("CRC-32C, whole and in two pieces", () => {
  fc.assert(
    fc.property(randomBytes, fc.nat(200), (bytes, cut) => {
      const at = Math.min(cut, bytes.length);
      expect(crc32c(bytes)).toBe(twin.crc32c([...bytes]));
      expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(crc32c(bytes));
    }),
    RUNS,
  );
});

test("COBS", () => {
  const zeroes = fc.array(fc.constantFrom(0, 1, 0xff), { maxLength: 12 });
  const long = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 250, maxLength: 520 });
  const plain = fc.tuple(zeroes, long, zeroes).map((parts) => parts.flat());
  fc.assert(
    fc.property(fc.oneof(plain, zeroes), (bytes) => {
      const into = new Uint8Array(cobsLengthMax(bytes.length));
      const length = encodeCobs(Uint8Array.from(bytes), 0, bytes.length, into, 0);
      expect([...into.subarray(0, length)]).toEqual(twinFrames.encodeCobs(bytes));
      expect(into.subarray(0, length).includes(0)).toBe(false);
      const plainLength = decodeCobs(into, length);
      expect([...into.subarray(0, plainLength)]).toEqual(bytes);
    }),
    RUNS,
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 40 }), (bytes) => {
      const segment = Uint8Array.from(bytes);
      const length = decodeCobs(segment, segment.length);
      const value = length < 0 ? undefined : [...segment.subarray(0, length)];
      expect(outcome(value, "cobs")).toEqual(attempt(() => twinFrames.decodeCobs(bytes)));
    }),
    RUNS,
  );
});

test("CBOR values", () => {
  fc.assert(
    fc.property(cborValue, mutations, (value, changes) => {
      const bytes = twinCbor.encodeCbor(value);
      expect([...encodeCbor(valueFromNotation(value))]).toEqual(bytes);
      for (const list of [bytes, mutated(bytes, changes)]) {
        const core = decodeCbor(Uint8Array.from(list));
        const notation = core === undefined ? undefined : valueNotation(core);
        expect(outcome(notation, "malformed")).toEqual(attempt(() => twinCbor.decodeCbor(list)));
      }
    }),
    RUNS,
  );
});

test("messages", () => {
  fc.assert(
    fc.property(message, mutations, (notation, changes) => {
      const bytes = twinMessages.encodeMessage(notation);
      expect([...encodedMessage(messageFromNotation(notation))]).toEqual(bytes);
      expect(messageOutcome(Uint8Array.from(bytes))).toEqual({ value: notation });
      const spoilt = mutated(bytes, changes);
      const expected = attempt(() => twinMessages.decodeMessage(spoilt));
      expect(messageOutcome(Uint8Array.from(spoilt))).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});

test("messages of random bytes", () => {
  const code = fc.constantFrom(1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0, 0x20);
  fc.assert(
    fc.property(code, fc.uint8Array({ maxLength: 40, size: "max" }), (first, rest) => {
      const bytes = [first, ...rest];
      const expected = attempt(() => twinMessages.decodeMessage(bytes));
      expect(messageOutcome(Uint8Array.from(bytes))).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});

test("schemas", () => {
  fc.assert(
    fc.property(channels, mutations, (list, changes) => {
      const bytes = twinSchemas.encodeSchema(list);
      expect([...encodeSchema(list as Channel[])]).toEqual(bytes);
      for (const candidate of [bytes, mutated(bytes, changes)]) {
        const core = decodeSchema(Uint8Array.from(candidate));
        const expected = attempt(() => twinSchemas.decodeSchema(candidate));
        expect(outcome(core, "schema")).toEqual(expected);
      }
    }),
    RUNS,
  );
});

test("batches, written in every way that an encoder may choose", () => {
  const columns = new BatchColumns(); // one for all, as a host has it: nothing of an earlier batch may show
  fc.assert(
    fc.property(plannedBatch, mutations, ({ channels: list, batch: one, plan }, changes) => {
      const bytes = twinBatches.encodeBatch(list, one, plan);
      expect(batchNotation(Uint8Array.from(bytes), list as Channel[], columns)).toEqual(one);
      const spoilt = mutated(bytes, changes);
      const core = batchNotation(Uint8Array.from(spoilt), list as Channel[], columns);
      const expected = attempt(() => twinBatches.decodeBatch(list, spoilt));
      expect(outcome(core, "malformed")).toEqual(expected);
    }),
    { numRuns: 600 },
  );
});

test("batches, written by the core", () => {
  fc.assert(
    fc.property(
      batch,
      fc.integer({ min: 1, max: 30 }),
      ({ channels: list, batch: one }, rowsMax) => {
        expectSoundEncoding(list, one, rowsMax);
      },
    ),
    { numRuns: 200 },
  );
});

test("long streams, for which the core chooses its ways", () => {
  fc.assert(
    fc.property(
      stream,
      fc.integer({ min: 20, max: 120 }),
      ({ channels: list, batch: one }, rowsMax) => {
        expectSoundEncoding(list, one, rowsMax);
      },
    ),
    { numRuns: 25 },
  );
});

test("every truncation and every flipped bit of a batch: no throw, no more rows than bits, as the twin says", () => {
  const columns = new BatchColumns();
  fc.assert(
    fc.property(plannedBatch, ({ channels: list, batch: one, plan }) => {
      const bytes = twinBatches.encodeBatch(list, one, plan).slice(0, 60);
      const variants = bytes.flatMap((_, at) => [
        bytes.slice(0, at),
        ...Array.from({ length: 8 }, (__, bit) => bytes.with(at, bytes[at]! ^ (1 << bit))),
      ]);
      for (const spoilt of variants) {
        const core = batchNotation(Uint8Array.from(spoilt), list as Channel[], columns);
        if (core !== undefined) expect(core.rows.length).toBeLessThanOrEqual(8 * spoilt.length);
        const expected = attempt(() => twinBatches.decodeBatch(list, spoilt));
        expect(outcome(core, "malformed")).toEqual(expected);
      }
    }),
    { numRuns: 12 },
  );
});

test("batches of random bytes", () => {
  const head = fc.tuple(fc.constant(2), fc.constant(0), fc.nat(40), fc.constant(0), fc.nat(127));
  fc.assert(
    fc.property(
      channels,
      head,
      fc.uint8Array({ maxLength: 60, size: "max" }),
      (list, first, rest) => {
        const bytes = [...first, ...rest];
        const columns = new BatchColumns();
        const core = batchNotation(Uint8Array.from(bytes), list as Channel[], columns);
        const expected = attempt(() => twinBatches.decodeBatch(list, bytes));
        expect(outcome(core, "malformed")).toEqual(expected);
        expect(columns.timesMs.length).toBeLessThanOrEqual(BATCH_ROWS_MAX);
      },
    ),
    { numRuns: 1_000 },
  );
});
