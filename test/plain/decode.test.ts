// Decoders of plain clients' frames, and the way from what they find to rows of readings. Where Python
// is there, its struct module is the judge.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decoderOf } from "../../host/plain/decode/decoder.ts";
import { packTexts, unpack } from "../../host/plain/decode/struct.ts";
import { parseStructFormat, type StructFormat } from "../../host/plain/decode/struct-format.ts";
import { parsePlainInput } from "../../host/plain/input-parser.ts";
import { type Row, rowsOf } from "../../host/plain/row.ts";
import { timeOf } from "../../host/plain/stated-time.ts";
import type { PlainValue } from "../../host/plain/value.ts";
import { encodeCbor } from "../../shared/message/cbor.ts";
import { describeWith } from "../support/needs.ts";
import { askPython, hasPython } from "./support/python.ts";

/** What an input of these options makes of a frame: rows as objects, or why not. */
function read(options: string, frame: Uint8Array | string): object[] | string {
  const spec = parsePlainInput(`tcp://:0,${options}`);
  const decoded = decoderOf(spec.decoding)!(Buffer.from(frame));
  if (!decoded.ok) return decoded.why;
  const rows = rowsOf(decoded, {
    channels: spec.channels.map(({ name }) => name),
    fields: [],
  });
  return typeof rows === "string" ? rows : rows.map(({ values }) => Object.fromEntries(values));
}

describe("json", () => {
  test.each<[string, string, object[]]>([
    ["decode=json", '{"t":21.5,"ok":true,"n":null}', [{ t: 21.5, ok: true }]],
    ["decode=json", '{"a":{"b":{"c":1}},"l":[1,[2]]}', [{ "a.b.c": 1, "l.0": 1, "l.1.0": 2 }]],
    ["decode=json", '[{"t":1},{"t":2}]', [{ t: 1 }, { t: 2 }]],
    ["decode=json", "[]", [{}]],
    ["decode=json", "21.5", [{ value: 21.5 }]],
    ["decode=json,channels=x,y", "[1,2,3]", [{ x: 1, y: 2 }]],
    ["decode=json,channels=a.b", '{"a":{"b":1,"c":2},"d":3}', [{ "a.b": 1 }]],
    ["decode=json", '{"tipo":"\\\\jugada","data":3}', [{ tipo: "\\jugada", data: 3 }]],
  ])("%s reads %s", (options, text, rows) => {
    expect(read(options, text)).toEqual(rows);
  });

  test("a key that names a prototype is a key like any other", () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}';
    expect(read("decode=json", text)).toEqual([
      { "__proto__.polluted": 1, "constructor.prototype.polluted": 2 },
    ]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each([
    ["{'t': 1}", "not JSON"],
    ['{"t": NaN}', "send null"],
    [`${"[".repeat(30_000)}1${"]".repeat(30_000)}`, "nested deeper than 16"],
    [`[${"1,".repeat(5_000)}1]`, "more than 4096 values"],
    ["", "not JSON"],
  ])("%j is refused", (text, why) => {
    expect(read("decode=json", text)).toContain(why);
  });

  test("bytes that are no UTF-8 are refused", () => {
    expect(read("decode=json", Buffer.from([0x22, 0xff, 0x22]))).toContain("UTF-8");
  });
});

describe("values that no channel can carry are left out and counted", () => {
  function leftOut(value: PlainValue): number {
    return (rowsOf({ ok: true, value: value }, { channels: [], fields: [] }) as Row[])[0]!.leftOut;
  }

  test.each<[string, PlainValue]>([
    ["an integer beyond 53 bits", 2n ** 70n],
    ["a long text", "x".repeat(513)],
    ["long bytes", new Uint8Array(513)],
    ["an empty name", new Map([["", 1]])],
    ["a long name", new Map([["x".repeat(65), 1]])],
    ["a name with a control character", new Map([["a\nb", 1]])],
    ["all below a long name", new Map([["x".repeat(70_000), [1, 2, 3]]])],
  ])("%s", (_name, value) => {
    expect(leftOut(value)).toBe(1);
  });

  test("what holds itself, and what stands for more than it is", () => {
    const list: PlainValue[] = [1];
    list.push(list);
    expect(rowsOf({ ok: true, value: list }, { channels: [], fields: [] })).toContain(
      "nested deeper",
    );
    let bomb: PlainValue = [1];
    for (let level = 0; level < 12; level++) bomb = Array.from({ length: 100 }, () => bomb);
    expect(rowsOf({ ok: true, value: bomb }, { channels: [], fields: [] })).toContain(
      "more than 4096 values",
    );
    const empty: PlainValue[] = Array.from({ length: 10_000 }, () => []);
    expect(rowsOf({ ok: true, value: empty }, { channels: [], fields: [] })).toContain(
      "more than 4096 values",
    );
  });
});

test("cbor", () => {
  const value = new Map([["t", 21.5]]);
  expect(read("decode=cbor", encodeCbor(value))).toEqual([{ t: 21.5 }]);
  expect(read("decode=cbor", encodeCbor([value, value]))).toEqual([{ t: 21.5 }, { t: 21.5 }]);
  expect(read("decode=cbor", Buffer.from("bf617401ff", "hex"))).toContain("definite lengths");
});

describe("text", () => {
  test.each<[string, string, object[]]>([
    ["decode=text", "21.5", [{ value: 21.5 }]],
    ["decode=text", "T1=21.5C, H=40 % -3e2", [{ 0: 21.5, 1: 40, 2: -300 }]],
    ["decode=text,channels=t,h", "21.5;40", [{ t: 21.5, h: 40 }]],
    ["decode=text", "Nabucodonosor", [{ text: "Nabucodonosor" }]],
    ["decode=text", "", [{ text: "" }]],
    ["decode=text:T={t} H={h}", "T=21.5   H=40\r", [{ t: 21.5, h: 40 }]],
    ["decode=text:{who:text}> {what:text}", "ana> hola, 5", [{ who: "ana", what: "hola, 5" }]],
  ])("%s reads %j", (options, text, rows) => {
    expect(read(options, text)).toEqual(rows);
  });

  test.each(["T=x H=40", "H=40", "T=21.5 H=", "T=21.5 H=40 more"])(
    "a pattern that does not fit %j refuses it",
    (text) => {
      expect(read("decode=text:T={t} H={h}", text)).toContain("does not look like");
    },
  );

  test("no pattern takes more than linear time", () => {
    const text = `${"1".repeat(60_000)}x`;
    expect(read("decode=text:{a}-{b}", text)).toContain("does not look like");
    expect(read("decode=text", text)).toEqual([{ value: Number.POSITIVE_INFINITY }]);
  });
});

describe("struct", () => {
  test("rows, padded texts, several structs in a frame", () => {
    const frame = Buffer.from("0001fffeff616263000000", "hex");
    expect(read("decode=struct:>Hhb6s,channels=a,b,c,d", frame)).toEqual([
      { a: 1, b: -2, c: -1, d: "abc" },
    ]);
    expect(read("decode=struct:<H,channels=n", Buffer.from("01000200", "hex"))).toEqual([
      { n: 1 },
      { n: 2 },
    ]);
    expect(read("decode=struct:<I", Buffer.alloc(6))).toContain("takes 4");
    expect(read("decode=struct:<I", "")).toContain("takes 4");
  });

  test.each([
    ["iii", "native sizes"],
    ["@i", "native sizes"],
    ["", "native sizes"],
    ["<n", "native size"],
    ["<P", "native size"],
    ["<z", "no code"],
    ["<3", "no code behind"],
    ["<3 i", "no code behind"],
    ["<", "no values"],
    ["<4x", "no values"],
    ["<5000b", "more than 4096"],
    ["<99999999999999999999s", "too large"],
    ["<999999999s", "more than any frame"],
  ])("%j is refused", (source, why) => {
    expect(parseStructFormat(source)).toContain(why);
  });
});

const codes = fc.constantFrom(..."xcbB?hHiIlLqQefdsp");
const structs = fc
  .tuple(
    fc.constantFrom("<", ">", "!", "="),
    fc.array(fc.tuple(fc.option(fc.integer({ min: 0, max: 9 })), codes), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(
    ([prefix, items]) => prefix + items.map(([count, code]) => `${count ?? ""}${code}`).join(" "),
  )
  .filter((source) => !source.includes("0p")) // CPython 3.11 fails on it
  .filter((source) => typeof parseStructFormat(source) !== "string");

/** As the Python program below writes values. */
function written(value: PlainValue): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") };
  if (typeof value === "bigint") return { digits: String(value) };
  if (typeof value !== "number") return value;
  if (Number.isInteger(value) && !Object.is(value, -0)) return { digits: String(BigInt(value)) };
  return Number.isNaN(value) ? "nan" : Object.is(value, -0) ? { digits: "0" } : String(value);
}

describeWith("python3", hasPython, "struct, beside Python's own", () => {
  test("unpacking random bytes by random formats", () => {
    const cases = fc.sample(
      structs.chain((source) => {
        const { bytes } = parseStructFormat(source) as StructFormat;
        return fc
          .uint8Array({ minLength: bytes, maxLength: bytes })
          .map((frame) => ({ source, hex: Buffer.from(frame).toString("hex") }));
      }),
      500,
    );
    const theirs = askPython<unknown[][]>(
      `
import json, struct, sys
def w(v):
    if isinstance(v, bool): return v
    if isinstance(v, bytes): return {"hex": v.hex()}
    if isinstance(v, int): return {"digits": str(v)}
    if v != v: return "nan"
    if v in (float("inf"), float("-inf")): return "Infinity" if v > 0 else "-Infinity"
    return {"digits": str(int(v))} if v == int(v) else {"float": v.hex()}
print(json.dumps([[w(v) for v in struct.unpack(c["source"], bytes.fromhex(c["hex"]))] for c in json.load(sys.stdin)]))`,
      cases,
    );
    cases.forEach(({ source, hex }, index) => {
      const format = parseStructFormat(source) as StructFormat;
      const ours = unpack(format, Buffer.from(hex, "hex")).map(written);
      const same = theirs[index]!.map((value) =>
        typeof value === "object" && value !== null && "float" in value
          ? String(floatOfHex(String(value.float)))
          : value,
      );
      expect(ours, `${source} of ${hex}`).toEqual(same);
    });
  });

  test("packing values", () => {
    const cases = [
      { source: ">iii", values: [1, -2, 3] },
      { source: "<bBhHlL", values: [-128, 255, -32768, 65535, -2147483648, 4294967295] },
      { source: "!fd", values: [1.1, -2.5e300] },
      { source: "<eeeee", values: [1.5, -0.1, 65504, 5e-8, 0.00006] },
      { source: ">?x?", values: [true, false] },
    ];
    const theirs = askPython<string[]>(
      `
import json, struct, sys
print(json.dumps([struct.pack(c["source"], *c["values"]).hex() for c in json.load(sys.stdin)]))`,
      cases,
    );
    const ours = cases.map(({ source, values }) => {
      const packed = packTexts(parseStructFormat(source) as StructFormat, values.map(String));
      return Buffer.from(packed).toString("hex");
    });
    expect(ours).toEqual(theirs);
  });
});

/** Python's float.hex, which says a float exactly. */
function floatOfHex(text: string): number {
  const [, sign, whole, fraction, exponent] = /^(-?)0x(\d)\.([0-9a-f]+)p([+-]\d+)$/.exec(text)!;
  const mantissa = Number(whole) + Number.parseInt(fraction!, 16) / 16 ** fraction!.length;
  return (sign === "-" ? -1 : 1) * mantissa * 2 ** Number(exponent);
}

test.each([
  "b 128",
  "B -1",
  "H 65536",
  "i 1.5",
  "i x",
  "q 9223372036854775808",
  "c ab",
  "? 2",
  "f ",
])("packing %j is refused", (text) => {
  const [code, value] = text.split(" ");
  expect(typeof packTexts(parseStructFormat(`<${code}`) as StructFormat, [value!])).toBe("string");
});

test("times as clients state them", () => {
  const ms = Date.UTC(2026, 10, 23, 1, 2, 3);
  expect([ms / 1_000, ms, ms * 1_000].map(timeOf)).toEqual([ms, ms, ms]);
  const texts = ["2026-11-23T01:02:03Z", "2026-11-23 01:02:03", "2026-11-22T20:02:03.000-05:00"];
  expect(texts.map(timeOf)).toEqual([ms, ms, ms]);
  expect([0, -1, Number.NaN, "yesterday", true, undefined].map(timeOf)).toEqual(
    Array.from({ length: 6 }),
  );
});
