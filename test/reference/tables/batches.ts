// Vectors of batches, format 1.

import { type BatchNotation, decodeBatch, encodeBatch, MISSING, type Missing } from "../batches.ts";
import type { Notation } from "../cbor.ts";
import { type Bytes, encodeVarint, fromHex, toHex } from "../numbers.ts";
import type { ChannelNotation } from "../schemas.ts";
import { type Entry, invalid, repeat, type Table, valid } from "./entry.ts";
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
    vectors: [...ofEachKind(), ...ofRows(), ...otherEncodings(), ...badHeads(), ...badRows()],
  };
}

/** One row a second, of one channel. */
function column(name: string, one: ChannelNotation, values: Value[]): Entry {
  const rows = values.map((value, index) => ({ timeMs: 1_000 * (index + 1), values: [value] }));
  return made(name, [one], { schema: 0, rows });
}

function made(name: string, channels: ChannelNotation[], batch: BatchNotation): Entry {
  const bytes = encodeBatch(channels, batch);
  const entry = valid(name, bytes, (list) => decodeBatch(channels, list), { channels });
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

function ofRows(): Entry[] {
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
  return [
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
    made("the last moment", [INTEGER], { schema: 0, rows: [{ timeMs: SAFE_MAX, values: [0] }] }),
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

/** 300: format 1, schema 0, first time 300; then `rows`. */
function raw(rowCount: number, rows: string): Bytes {
  return [
    1,
    rowCount >> 8,
    rowCount & 255,
    0,
    ...encodeVarint(300),
    ...fromHex(rows.replaceAll(" ", "")),
  ];
}

function otherEncodings(): Entry[] {
  const decodeOnly = (name: string, one: ChannelNotation, bytes: Bytes) =>
    valid(name, bytes, (list) => decodeBatch([one], list), { channels: [one], decodeOnly: true });
  return [
    decodeOnly(
      "integer: 5 as a whole value, where the difference would do",
      INTEGER,
      raw(1, "00 00 00 05"),
    ),
    decodeOnly("float32: a NaN with another payload", channel("float32"), raw(1, "00 ff c0 00 01")),
    decodeOnly("structured: 1 as a float", channel("structured"), raw(1, "00 05 fa 3f 80 00 00")),
    decodeOnly("structured: -0", channel("structured"), raw(1, "00 05 fa 80 00 00 00")),
  ];
}

function bad(name: string, one: ChannelNotation, bytes: Bytes): Entry {
  return invalid(name, bytes, (list) => decodeBatch([one], list), { channels: [one] });
}

function badHeads(): Entry[] {
  const good = raw(1, "00 01");
  return [
    bad("nothing", INTEGER, []),
    bad("format 0", INTEGER, good.with(0, 0)),
    bad("format 2", INTEGER, good.with(0, 2)),
    bad("no rows", INTEGER, raw(0, "")),
    bad("no rows, but the bytes of one", INTEGER, raw(0, "00 01")),
    bad("more rows than bytes", INTEGER, raw(2, "00 01")),
    bad("4,097 rows", INTEGER, [...raw(4_097, ""), ...repeat(0, 4_097), ...repeat(1, 4_097)]),
    bad("65,535 rows", INTEGER, raw(65_535, "00 01")),
    bad("cut off in the head", INTEGER, good.slice(0, 4)),
    bad("a padded schema number", INTEGER, fromHex("010001800000 0001".replace(" ", ""))),
    bad("a byte too many", INTEGER, [...good, 0]),
    bad("the first row not at the head's time", INTEGER, raw(1, "04 01")),
  ];
}

function badRows(): Entry[] {
  const whole = (sign: string, magnitude: bigint) =>
    raw(1, `00 00 ${sign} ${toHex(encodeVarint(magnitude))}`);
  const two50 = 2n ** 50n;
  return [
    bad("time runs backwards", INTEGER, raw(2, "00 01 02 01")),
    bad("time beyond 2^53 - 1", INTEGER, [
      ...[1, 0, 2, 0, ...encodeVarint(SAFE_MAX), 0, 1],
      ...[...encodeVarint(4), 1],
    ]),
    bad("a mask that says nothing is missing", INTEGER, raw(1, "01 01 01")),
    bad("a mask with a bit of no channel", INTEGER, raw(1, "01 02")),
    bad("a mask that is not there", INTEGER, raw(1, "01")),
    bad("a value that is not there", INTEGER, raw(1, "00")),
    bad("a padded difference", INTEGER, raw(1, "00 81 00")),
    bad("a difference beyond 2^50", INTEGER, raw(1, `00 ${toHex(encodeVarint(2n * two50 + 2n))}`)),
    bad("a difference beyond -2^50", INTEGER, raw(1, `00 ${toHex(encodeVarint(2n * two50 + 3n))}`)),
    bad("a sum beyond 2^53 - 1", INTEGER, [
      ...raw(2, `00 00 00 ${toHex(encodeVarint(SAFE_MAX))}`),
      ...[0, 3],
    ]),
    bad("a sum beyond -(2^53 - 1)", INTEGER, [
      ...raw(2, `00 00 01 ${toHex(encodeVarint(SAFE_MAX))}`),
      ...[0, 2],
    ]),
    bad("a whole value of 2^53", INTEGER, whole("00", 2n ** 53n)),
    bad("a whole value with sign 2", INTEGER, whole("02", 1n)),
    bad("a whole value of -0", INTEGER, whole("01", 0n)),
    bad("a whole value that is not there", INTEGER, raw(1, "00 00 00")),
    bad("boolean 2", channel("boolean"), raw(1, "00 05")),
    bad("boolean -1", channel("boolean"), raw(1, "00 02")),
    bad("label 3 of 3", MODE, raw(1, "00 07")),
    bad("label -1", MODE, raw(1, "00 02")),
    bad("float32 cut off", channel("float32"), raw(1, "00 00 00 00")),
    bad("float64 cut off", channel("float64"), raw(1, "00 00 00 00 00 00 00 00")),
    bad("text longer than what is there", channel("text"), raw(1, "00 05 61")),
    bad("text of 513 bytes", channel("text"), [...raw(1, "00 81 04"), ...repeat(0x61, 513)]),
    bad("text in malformed UTF-8", channel("text"), raw(1, "00 02 c3 28")),
    bad("bytes of 513 bytes", channel("bytes"), [...raw(1, "00 81 04"), ...repeat(0, 513)]),
    bad("structured: nothing", channel("structured"), raw(1, "00 00")),
    bad("structured: two items", channel("structured"), raw(1, "00 02 00 00")),
    bad("structured: a tag", channel("structured"), raw(1, "00 02 c0 00")),
    bad("structured: nested too deep", channel("structured"), raw(1, "00 09 818181818181818100")),
  ];
}
