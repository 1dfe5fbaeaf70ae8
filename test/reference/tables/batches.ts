// Vectors of batches (PROTOCOL 6). Those of bits are written with what each bit means.

import {
  type BatchNotation,
  decodeBatch,
  encodeBatch,
  MISSING,
  type Missing,
  type Plan,
  plainPlan,
} from "../batches.ts";
import { bits, bytesOfBits, magnitudeBits, signedBits } from "../bits.ts";
import type { Notation } from "../cbor.ts";
import type { ColumnPlan } from "../columns.ts";
import { type Bytes, encodeVarint } from "../numbers.ts";
import type { ChannelNotation } from "../schemas.ts";
import { type Entry, invalid, type Table, valid } from "./entry.ts";
import { EVERY_KIND } from "./schemas.ts";

const SAFE_MAX = Number.MAX_SAFE_INTEGER;

type Value = Notation | Missing;

function channel(kind: string, more: Partial<ChannelNotation> = {}): ChannelNotation {
  return { name: kind, kind, unit: "", ...more };
}

const CENTI = channel("number", { resolution: 0.01 });
const INTEGER = channel("integer");
const MODE = channel("enumeration", { labels: ["off", "heating", "cooling"] });

export function batchesTable(): Table {
  return {
    about: "Batches (PROTOCOL 6). channels: the schema; value: schema number and rows.",
    vectors: [
      ...ofEachKind(),
      ...ofEachMode(),
      ...ofRows(),
      ...otherEncodings(),
      ...badHeads(),
      ...badColumns(),
      ...badRows(),
    ],
  };
}

/** One row a second, of one channel, written in the plain way or in one that is told. */
function column(name: string, one: ChannelNotation, values: Value[], way?: ColumnPlan): Entry {
  const rows = values.map((value, index) => ({ timeMs: 1_000 * (index + 1), values: [value] }));
  const batch = { schema: 0, rows };
  const plan = plainPlan([one], batch);
  return made(name, [one], batch, { ...plan, columns: way === undefined ? plan.columns : [way] });
}

function made(
  name: string,
  channels: ChannelNotation[],
  batch: BatchNotation,
  plan: Plan = plainPlan(channels, batch),
): Entry {
  const bytes = encodeBatch(channels, batch, plan);
  const entry = valid(name, bytes, (list) => decodeBatch(channels, list), { channels, plan });
  if (JSON.stringify(entry.value) !== JSON.stringify(batch)) {
    throw new Error(`the twin does not read back "${name}"`);
  }
  return entry;
}

function ofEachKind(): Entry[] {
  const floats: Value[] = [
    0,
    { float: "-0" },
    1.5,
    -2.25,
    { float: "NaN" },
    { float: "Infinity" },
    { float: "-Infinity" },
  ];
  return [
    column("number", CENTI, [21.35, 21.36, 21.36, 21.34, -40, 0, 1e9]),
    column("number in steps of 5", channel("number", { resolution: 5 }), [0, 5, -10, 100_000]),
    column("number in steps of 0.25", channel("number", { resolution: 0.25 }), [0.25, -0.5, 3]),
    column("integer", INTEGER, [0, 1, -1, 63, 64, -64, -65, 1e6, 1e12, -1e12]),
    column("integer: the ends", INTEGER, [SAFE_MAX, -SAFE_MAX, SAFE_MAX, 0, -SAFE_MAX, -SAFE_MAX]),
    column("integer: differences of 2^50 and one more", INTEGER, [
      2 ** 50,
      0,
      2 ** 50 + 1,
      0,
      -(2 ** 50),
      0,
      -(2 ** 50) - 1,
    ]),
    column("boolean", channel("boolean"), [false, true, true, false, false]),
    column("enumeration", MODE, [0, 2, 1, 1, 0]),
    column("text", channel("text"), [
      "",
      "a",
      "Überlauf ✓ 🚰",
      "\u0000",
      "\ufeffmark",
      "x".repeat(512),
    ]),
    column("float32", channel("float32"), [...floats, Math.fround(0.1), 3.4028234663852886e38]),
    column("float64", channel("float64"), [...floats, 0.1, Number.MAX_VALUE, 5e-324, SAFE_MAX]),
    column("bytes", channel("bytes"), [
      { bytes: "" },
      { bytes: "00ff" },
      { bytes: "aa".repeat(512) },
    ]),
    column("structured", channel("structured"), [
      null,
      true,
      -1,
      SAFE_MAX,
      -SAFE_MAX,
      0.1,
      { float: "NaN" },
      { float: "-Infinity" },
      "é",
      { bytes: "c0" },
      [],
      { map: [] },
      { map: [["__proto__", { map: [["list", [1, [2, [3, ["deep"]]]]]] }]] },
      [[[[[[[]]]]]]],
    ]),
  ];
}

/** Values near 1,000 with a slope, a coarse step and some outliers. */
function wave(count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const outlier = index % 37 === 36 ? 5_000 : 0;
    return 1_000 + 3 * index + 43 * Math.round(3 * Math.sin(index / 5)) + outlier;
  });
}

function ofEachMode(): Entry[] {
  const numbers = wave(80);
  const ends = [0, SAFE_MAX, 5, -SAFE_MAX, 5, 2 ** 51, 0, 2 ** 51 - 1, 2 ** 51 - 2, -(2 ** 51)];
  const residuals = Array.from({ length: 16 }, (_, predictor): ColumnPlan => {
    const slope = predictor < 8 ? 0 : 700 - 100 * predictor;
    return { mode: "residuals", predictor, scale: 2 * predictor, level: 990, slope };
  });
  const decimals: Value[] = [
    21.35,
    21.4,
    -0.01,
    { float: "-0" },
    { float: "NaN" },
    0,
    1 / 3,
    21.35,
  ];
  const singles = decimals.map((one) => (typeof one === "number" ? Math.fround(one) : one));
  const floats = { float32: singles, float64: decimals };
  return [
    ...residuals.map((way) =>
      column(`residuals, predictor ${way.predictor}`, INTEGER, numbers, way),
    ),
    column("residuals, the ends", INTEGER, ends, { mode: "residuals", scale: 40, level: 1 }),
    column("residuals, the ends with a slope", INTEGER, ends, {
      mode: "residuals",
      predictor: 8,
      scale: 40,
      level: -(2 ** 51) + 1,
      slope: 2 ** 31 - 1,
    }),
    column("palette", INTEGER, numbers, { mode: "palette", scale: 3, level: 1_000 }),
    column("palette of differences", INTEGER, numbers, { mode: "differences", scale: 3, level: 0 }),
    column("palette, more than it holds", INTEGER, [...wave(100), ...wave(100)], {
      mode: "palette",
      scale: 0,
      level: -5,
    }),
    column("palette, the ends", INTEGER, [...ends, ...ends], { mode: "differences", scale: 1 }),
    column("run of integers", INTEGER, [7, 7, 8, ...ends, 0, 0], { mode: "run" }),
    column("booleans as residuals", channel("boolean"), [true, false, true, true], {
      mode: "residuals",
      predictor: 7,
      scale: 1,
    }),
    column("labels as a palette", MODE, [2, 0, 2, 2, 1], { mode: "palette", scale: 0, level: 2 }),
    column("each row says whether it has a value", INTEGER, [MISSING, 5, MISSING, 6, 7], {
      mode: "residuals",
      presence: 2,
      scale: 4,
      level: 5,
    }),
    ...Object.entries(floats).flatMap(([kind, values]) => [
      column(`${kind}, decimals`, channel(kind), values, {
        mode: "residuals",
        digits: 2,
        scale: 6,
        level: 2_135,
      }),
      column(`${kind}, decimals in a palette`, channel(kind), [...values, ...values], {
        mode: "palette",
        digits: 2,
        scale: 0,
      }),
      column(`${kind}, each row says whether it has a value`, channel(kind), [1, MISSING, 2, 2], {
        mode: "xor",
        presence: 2,
      }),
    ]),
    column(
      "text that comes back",
      channel("text"),
      [..."abacabadeafghijklmnopqrstua", MISSING, "a"],
      { mode: "run" },
    ),
  ];
}

function ofRows(): Entry[] {
  const unsteady = {
    schema: 0,
    rows: wave(70).map((_, index) => ({
      timeMs: 5_000 + 1_001 * index + (index % 5) + (index > 50 ? 90_000 : 0),
      values: [Math.floor(index / 9)],
    })),
  };
  const grid = Array.from({ length: 600 }, (_, index) => ({
    timeMs: 3_600_000 + 1_000 * index + [0, 3, -3, 1][index % 4]!,
    values: [Math.round(2_135 + 50 * Math.sin(index / 40)) / 100, index % 7 === 0],
  }));
  const gappy = [0b111, 0b000, 0b101, 0b010, 0b111].map((mask, index) => ({
    timeMs: 500 * index,
    values: [20 + index, index, true].map(
      (value, bit): Value => ((mask >> bit) % 2 === 1 ? value : MISSING),
    ),
  }));
  const wide = Array.from({ length: 17 }, (_, index) => ({ ...INTEGER, name: `c${index}` }));
  const example = [
    [300, 20, 7, true],
    [1_301, 20.02, 7, true],
    [2_300, 20.01, MISSING, false],
    [3_300, 25, MISSING, false],
  ] as const;
  return [
    made(
      "the example of PROTOCOL 6.8",
      [CENTI, INTEGER, channel("boolean")],
      { schema: 3, rows: example.map(([timeMs, ...values]) => ({ timeMs, values })) },
      {
        time: { predictor: 3, scale: 2, periodMs: 1_000, level: 300 },
        columns: [
          { mode: "residuals", predictor: 1, scale: 4, level: 2_001 },
          { mode: "run" },
          { mode: "run" },
        ],
      },
    ),
    made("one row of every kind", EVERY_KIND, {
      schema: 1,
      rows: [{ timeMs: 12_345, values: everyValue() }],
    }),
    made("every kind missing in turn", EVERY_KIND, {
      schema: 2 ** 32 - 1,
      rows: EVERY_KIND.map((_, missing) => ({
        timeMs: 1_000 * missing,
        values: everyValue().map((value, index) => (index === missing ? MISSING : value)),
      })),
    }),
    made("rows with some, all and no values missing", [CENTI, INTEGER, channel("boolean")], {
      schema: 3,
      rows: gappy,
    }),
    made("masks of three bytes", wide, {
      schema: 0,
      rows: [0, 8, 16].map((present, row) => ({
        timeMs: row,
        values: wide.map((_, index): Value => (index === present ? -7 : MISSING)),
      })),
    }),
    made("600 rows on a grid, with jitter", [CENTI, channel("boolean")], { schema: 0, rows: grid }),
    made("irregular times", [INTEGER], {
      schema: 0,
      rows: [0, 0, 1, 1, 1_000_000, 1_000_001, 4_000_000_000, 2 ** 45].map((timeMs) => ({
        timeMs,
        values: [1],
      })),
    }),
    made("the last moment", [INTEGER], { schema: 0, rows: [{ timeMs: 2 ** 52, values: [0] }] }),
    made("a grid that is followed", [INTEGER], unsteady, {
      time: { predictor: 3, scale: 5, periodMs: 998, level: 5_002 },
      columns: [{ mode: "residuals", predictor: 2, scale: 3, level: 4 }],
    }),
    made("a period that is not known before the second row", [INTEGER], unsteady, {
      time: { predictor: 0, scale: 2, periodMs: 0, level: 5_000 },
      columns: [{ mode: "run" }],
    }),
  ];
}

function everyValue(): Value[] {
  const state: Notation = {
    map: [
      ["on", true],
      ["levels", [1, 2.5, null]],
    ],
  };
  return [21.35, -3, true, 2, "ok", 0.5, 0.1, { bytes: "00ff" }, state];
}

const TIME_LEVEL_EXACT = "0"; // the first word of table 0: the residual 0

interface Head {
  rows?: number;
  format?: number;
  schema?: string;
  firstMs?: bigint;
}

/** A batch whose first row is at 300 ms, by these bits. */
function raw(text: string, { rows = 1, format = 2, firstMs = 300n }: Head = {}): Bytes {
  const head = [format, rows >> 8, rows & 255, 0, ...encodeVarint(firstMs)];
  return [...head, ...bytesOfBits(text.replaceAll(" ", ""))];
}

/** Head of times: the last time expected, scale 0, period 1,000 ms; then that all columns have values. */
const TIMES = `000 000000 ${magnitudeBits(1_000n)} 0 `;
/** An integer as residuals: predictor 0, scale 0, level 5. */
const RESIDUALS = `01 0000 000000 ${signedBits(5n)} `;
/** The same, in the first row: at the expected time, with the expected value. */
const ONE_ROW = `${TIMES}${RESIDUALS}${TIME_LEVEL_EXACT} 0`;
const ESCAPE_0 = "111";

function otherEncodings(): Entry[] {
  const decodeOnly = (name: string, one: ChannelNotation, bytes: Bytes) =>
    valid(name, bytes, (list) => decodeBatch([one], list), { channels: [one], decodeOnly: true });
  const nan = `${TIMES}0 ${TIME_LEVEL_EXACT} 11 00000 11111 ${bits(0xffc0_0001, 32)}`;
  const structured = (hex: string) => {
    const payload = bits(BigInt(`0x${hex}`), 4 * hex.length);
    return raw(`${TIMES}1 ${bits(hex.length / 2, 10)} ${payload} ${TIME_LEVEL_EXACT}`);
  };
  return [
    decodeOnly(
      "integer: 5 behind an escape, where the symbol would do",
      INTEGER,
      raw(`${TIMES}${RESIDUALS}${TIME_LEVEL_EXACT} ${ESCAPE_0} ${signedBits(0n)}`),
    ),
    decodeOnly(
      "a time behind an escape, where the symbol would do",
      INTEGER,
      raw(`${ONE_ROW} ${ESCAPE_0} 0 ${magnitudeBits(1_000n)} 0`, { rows: 2 }),
    ),
    decodeOnly(
      "a column that changes to the value that it has",
      INTEGER,
      raw(
        `${TIMES}00 ${signedBits(5n)} 0 ${ESCAPE_0} 1 1 ${signedBits(0n)} 0 ${TIME_LEVEL_EXACT}`,
        { rows: 2 },
      ),
    ),
    decodeOnly("float32: a NaN with another payload", channel("float32"), raw(nan)),
    decodeOnly("structured: 1 as a float", channel("structured"), structured("fa3f800000")),
    decodeOnly("structured: -0", channel("structured"), structured("fa80000000")),
  ];
}

function bad(name: string, one: ChannelNotation, bytes: Bytes): Entry {
  return invalid(name, bytes, (list) => decodeBatch([one], list), { channels: [one] });
}

function badHeads(): Entry[] {
  const good = raw(ONE_ROW);
  const times = (text: string) => raw(`${text} 0 ${RESIDUALS} ${TIME_LEVEL_EXACT} 0`);
  return [
    bad("nothing", INTEGER, []),
    bad("format 0", INTEGER, good.with(0, 0)),
    bad("format 1", INTEGER, good.with(0, 1)),
    bad("format 3", INTEGER, good.with(0, 3)),
    bad("no rows", INTEGER, raw("", { rows: 0 })),
    bad("no rows, but the bits of one", INTEGER, raw(ONE_ROW, { rows: 0 })),
    bad("4,097 rows", INTEGER, raw(`${ONE_ROW}${"00".repeat(4_096)}`, { rows: 4_097 })),
    bad("more rows than bits", INTEGER, raw(ONE_ROW, { rows: 300 })),
    bad("one row more than there is", INTEGER, raw(`${ONE_ROW}`, { rows: 2 })),
    bad("one row fewer than there is", INTEGER, raw(`${ONE_ROW} ${"00".repeat(8)}`, { rows: 1 })),
    bad("a byte behind the last row", INTEGER, [...good, 0]),
    bad("a bit behind the last row", INTEGER, raw(`${ONE_ROW}1`)),
    bad("head cut off", INTEGER, good.slice(0, 5)),
    bad("time of the first row padded", INTEGER, [2, 0, 1, 0, 0x80, 0, ...good.slice(6)]),
    bad("first time above 2^52", INTEGER, raw(ONE_ROW, { firstMs: 2n ** 52n + 1n })),
    bad("times: scale 41", INTEGER, times(`000 101001 ${magnitudeBits(1_000n)}`)),
    bad(
      "times: a period above 2^52",
      INTEGER,
      times(`000 000000 ${magnitudeBits(2n ** 52n + 1n)}`),
    ),
    bad("times: a period of 54 bits", INTEGER, times(`000 000000 110110 ${"0".repeat(53)}`)),
    bad(
      "times: an escape in the first row",
      INTEGER,
      raw(`${TIMES}${RESIDUALS}${ESCAPE_0} 0 ${magnitudeBits(0n)} 0`),
    ),
    bad(
      "times: a change in the first row",
      INTEGER,
      raw(`${TIMES}00 ${signedBits(5n)} ${ESCAPE_0} 1 1 ${signedBits(0n)} 0 0`),
    ),
  ];
}

function badColumns(): Entry[] {
  const columns = (text: string) => raw(`${TIMES}${text} 0 0`);
  const withPresence = (text: string) => raw(`${TIMES.slice(0, -2)}1 ${text} 0 0`);
  const level = (value: bigint) => `01 0000 000000 ${signedBits(value)}`;
  const slope = (value: bigint) => `01 1000 000000 ${signedBits(0n)} ${signedBits(value)}`;
  return [
    bad("presence 3", INTEGER, withPresence(`11 ${RESIDUALS}`)),
    bad("a run of which each row says whether", INTEGER, withPresence("10 00")),
    bad("a text of which each row says whether", channel("text"), withPresence("10")),
    bad("scale 41", INTEGER, columns(`01 0000 101001 ${signedBits(5n)}`)),
    bad("a level of -0", INTEGER, columns("01 0000 000000 1 000000")),
    bad("a level of 2^51", INTEGER, columns(level(2n ** 51n))),
    bad("a level of -2^51", INTEGER, columns(level(-(2n ** 51n)))),
    bad("a slope of 2^31", INTEGER, columns(slope(2n ** 31n))),
    bad("a slope of -2^31", INTEGER, columns(slope(-(2n ** 31n)))),
    bad("a run of floats", channel("float64"), columns("1 0010 00")),
    bad("a run that begins with 54 bits", INTEGER, columns(`00 0 110110 ${"0".repeat(53)}`)),
    bad("a run that begins with label 3 of 3", MODE, columns("00 11")),
    bad("a text of 513 bytes", channel("text"), columns(`1 ${bits(513, 10)} ${bits(0, 8 * 513)}`)),
    bad("a text longer than what is there", channel("text"), columns(`1 ${bits(9, 10)}`)),
    bad(
      "a text in malformed UTF-8",
      channel("text"),
      columns(`1 ${bits(2, 10)} ${bits(0xc328, 16)}`),
    ),
    bad("a text of the recent ones, where there are none", channel("text"), columns("0 0000")),
    bad("structured: nothing", channel("structured"), columns(`1 ${bits(0, 10)}`)),
    bad("structured: two items", channel("structured"), columns(`1 ${bits(2, 10)} ${bits(0, 16)}`)),
    bad(
      "structured: a tag",
      channel("structured"),
      columns(`1 ${bits(2, 10)} ${bits(0xc000, 16)}`),
    ),
    bad(
      "structured: nested too deep",
      channel("structured"),
      columns(`1 ${bits(9, 10)} ${bits(0x81, 8).repeat(8)} ${bits(0, 8)}`),
    ),
  ];
}

function badRows(): Entry[] {
  const second = (text: string) => raw(`${ONE_ROW} ${text}`, { rows: 2 });
  const value = (text: string) => raw(`${TIMES}${RESIDUALS}${TIME_LEVEL_EXACT} ${text}`);
  const run = (text: string) => raw(`${TIMES}00 ${signedBits(5n)} 0 ${text}`, { rows: 2 });
  const whole = (integer: bigint) => `${ESCAPE_0} 0111111 ${signedBits(integer)}`;
  const palette = (text: string) => raw(`${TIMES}10 000000 ${signedBits(5n)} 0 ${text}`);
  const small = (mode: string) => `${mode} 0000 000110 ${signedBits(0n)} 0`;
  const backwards = `000 001100 ${magnitudeBits(0n)} 0 ${RESIDUALS}`;
  return [
    bad("time runs backwards", INTEGER, raw(`${backwards} 0 00000 0 0 00001 0`, { rows: 2 })),
    bad("time beyond 2^52", INTEGER, second(`${ESCAPE_0} 0 ${magnitudeBits(2n ** 52n)} 0`)),
    bad("a step of 54 bits", INTEGER, second(`${ESCAPE_0} 0 110110 ${"0".repeat(53)} 0`)),
    bad(
      "a change behind a change",
      INTEGER,
      run(`${ESCAPE_0} 1 1 ${signedBits(1n)} 0 ${ESCAPE_0} 1`),
    ),
    badOfThree("a change of column 3 of 3", `${ESCAPE_0} 1 11 0 0 0`),
    badOfThree("changes that descend", `${ESCAPE_0} 1 01 1 1 00 1 0 0`),
    badOfThree("two changes of one column", `${ESCAPE_0} 1 01 1 1 01 1 0 0`),
    bad(
      "an integer of 2^51 as a difference",
      INTEGER,
      value(`${ESCAPE_0} ${signedBits(2n ** 51n)}`),
    ),
    bad("an integer of 2^51 - 1 as a whole one", INTEGER, value(whole(2n ** 51n - 1n))),
    bad("an integer of -0", INTEGER, value(`${ESCAPE_0} 1 000000`)),
    bad("an integer whose length is 54", INTEGER, value(`${ESCAPE_0} 0 110110 ${"0".repeat(53)}`)),
    bad(
      "an integer whose length is 63, below 0",
      INTEGER,
      value(`${ESCAPE_0} 1 111111 ${signedBits(2n ** 52n)}`),
    ),
    bad("an integer that is not there", INTEGER, value(ESCAPE_0)),
    bad("a rank beyond the palette", INTEGER, palette("10")),
    bad("an escaped rank beyond the palette", INTEGER, palette(`111 000001 ${signedBits(0n)}`)),
    bad("boolean 2", channel("boolean"), raw(`${TIMES}${small("01")} 101`)),
    bad("boolean -1", channel("boolean"), raw(`${TIMES}${small("01")} 010`)),
    bad("label 3 of 3", MODE, raw(`${TIMES}${small("01")} 1101`)),
    bad(
      "a run that goes on with label 3 of 3",
      MODE,
      raw(`${TIMES}00 00 0 ${ESCAPE_0} 1 1 11 0 0`, { rows: 2 }),
    ),
    bad("float32: a window before there was one", channel("float32"), raw(`${TIMES}0 0 10`)),
    bad(
      "float32: a window beyond the float",
      channel("float32"),
      raw(`${TIMES}0 0 11 00001 11111 ${bits(1, 32)}`),
    ),
    bad("float64 cut off", channel("float64"), raw(`${TIMES}0 0 11 000000 111111 ${bits(1, 48)}`)),
    bad(
      "an odd float cut off",
      channel("float32"),
      raw(`${TIMES}1 0010 ${RESIDUALS} 0 ${ESCAPE_0} 1 ${bits(1, 24)}`),
    ),
    bad(
      "a text that comes back and never was",
      channel("text"),
      raw(`${TIMES.slice(0, -2)}1 01 0 ${ESCAPE_0} 1 0 0 0`, { rows: 2 }),
    ),
  ];
}

/** Three booleans in runs, and a second row. */
function badOfThree(name: string, text: string): Entry {
  const channels = ["a", "b", "c"].map((one) => channel("boolean", { name: one }));
  const bytes = raw(`${TIMES}00 0 00 0 00 0 ${TIME_LEVEL_EXACT} ${text}`, { rows: 2 });
  return invalid(name, bytes, (list) => decodeBatch(channels, list), { channels });
}
