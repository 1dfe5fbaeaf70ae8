// Pickles as data. Python itself writes them, in every protocol it has, and what is refused is what
// would import or call.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePickle } from "../../host/plain/client/pickle-encoder.ts";
import { decodePickle } from "../../host/plain/decode/pickle.ts";
import { rowsOf } from "../../host/plain/row.ts";
import { Complex, type PlainValue } from "../../host/plain/value.ts";
import { describeWith } from "../support/needs.ts";
import { askPython, hasPython } from "./support/python.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

function refusalOf(pickle: Uint8Array): string {
  const decoded = decodePickle(pickle);
  if (decoded.ok) throw new Error(`it was read as ${String(decoded.value)}`);
  return decoded.why;
}

/** The values of random cases, said in JSON with tags: what Python builds, and what must come out. */
const tagged = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false),
    fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }).map((int) => ({ int: String(int) })),
    fc.integer({ min: -300, max: 70_000 }).map((int) => ({ int: String(int) })),
    fc.double({ noNaN: true }).map((float) => ({ float: String(float) })),
    fc
      .string({ unit: "grapheme" })
      .filter((text) => !/\p{Cs}/u.test(text))
      .map((str) => ({ str })),
    fc
      .uint8Array({ maxLength: 20 })
      .map((bytes) => ({ bytes: Buffer.from(bytes).toString("hex") })),
    fc
      .uint8Array({ maxLength: 20 })
      .map((bytes) => ({ array: Buffer.from(bytes).toString("hex") })),
    fc.tuple(fc.integer(), fc.integer()).map((complex) => ({ complex })),
    fc.array(tie("value"), { maxLength: 5 }).map((list) => ({ list })),
    fc.array(tie("value"), { maxLength: 5 }).map((tuple) => ({ tuple })),
    fc.array(fc.tuple(fc.string(), tie("value")), { maxLength: 4 }).map((dict) => ({ dict })),
    fc.integer().map((one) => ({ set: one })),
    fc.integer().map((one) => ({ frozenset: one })),
  ),
})).value;

const BUILD = `
import json, pickle, sys
def build(v):
    if not isinstance(v, dict): return v
    (k, x), = v.items()
    if k == "int": return int(x)
    if k == "float": return float(x.replace("Infinity", "inf"))
    if k == "str": return x
    if k == "bytes": return bytes.fromhex(x)
    if k == "array": return bytearray.fromhex(x)
    if k == "complex": return complex(*x)
    if k == "list": return [build(i) for i in x]
    if k == "tuple": return tuple(build(i) for i in x)
    if k == "dict": return {a: build(b) for a, b in x}
    return {x} if k == "set" else frozenset([x])
values = [build(v) for v in json.load(sys.stdin)]
print(json.dumps([[pickle.dumps(v, p).hex() for v in values] for p in range(pickle.HIGHEST_PROTOCOL + 1)]))`;

function expected(value: unknown): PlainValue {
  if (typeof value !== "object" || value === null) return value as PlainValue;
  const [[kind, content]] = Object.entries(value) as [[string, never]];
  switch (kind) {
    case "int":
      return Number.isSafeInteger(Number(content)) ? Number(content) : BigInt(content);
    case "float":
      return Number(content);
    case "str":
      return content;
    case "complex":
      return new Complex(content[0], content[1]);
    case "bytes":
    case "array":
      return Uint8Array.from(Buffer.from(content, "hex"));
    case "dict":
      return new Map((content as [string, unknown][]).map(([key, item]) => [key, expected(item)]));
    case "set":
    case "frozenset":
      return [content];
    default:
      return (content as unknown[]).map(expected);
  }
}

describeWith("python3", hasPython, "pickles that Python wrote", () => {
  test("random values in every protocol", () => {
    const values = fc.sample(tagged, 300);
    const protocols = askPython<string[][]>(BUILD, values);
    expect(protocols.length).toBeGreaterThanOrEqual(6);
    protocols.forEach((pickles, protocol) => {
      pickles.forEach((hex, index) => {
        const where = `protocol ${protocol}: ${JSON.stringify(values[index])}`;
        const decoded = decodePickle(Buffer.from(hex, "hex"));
        expect(decoded, where).toEqual({ ok: true, value: expected(values[index]) });
      });
    });
  });

  test("what would import or call is refused by name, in every protocol", () => {
    const pickles = askPython<Record<string, string[]>>(
      `
import collections, datetime, decimal, json, os, pickle, subprocess
class Call:
    def __init__(self, f, *a): self.f, self.a = f, a
    def __reduce__(self): return self.f, self.a
class Plain: pass
plain = Plain(); plain.x = 1
values = {"system": Call(os.system, "true"), "Popen": Call(subprocess.Popen, ["true"]), "eval": Call(eval, "1"),
  "getattr": Call(getattr, "a", "b"), "datetime": datetime.datetime(2026, 1, 1), "Decimal": decimal.Decimal("1.5"),
  "OrderedDict": collections.OrderedDict(a=1), "Plain": plain}
print(json.dumps({k: [pickle.dumps(v, p).hex() for p in range(6)] for k, v in values.items()}))`,
      null,
    );
    for (const [name, all] of Object.entries(pickles)) {
      for (const hex of all) {
        const why = refusalOf(Buffer.from(hex, "hex"));
        expect(why).toContain("as data only");
        // Protocols 0 and 1 make plain objects by way of copyreg.
        expect(why).toMatch(new RegExp(`${name}|copyreg|copy_reg`));
      }
    }
  });

  test("Python reads what we write", () => {
    const values = [null, true, -5, 2 ** 40, 0.5, "ñ€😀", [1, [2, {}]], { a: { b: [] }, "": 1 }];
    const theirs = askPython<unknown[]>(
      `
import json, pickle, sys
print(json.dumps([pickle.loads(bytes.fromhex(h)) for h in json.load(sys.stdin)]))`,
      values.map((value) => Buffer.from(encodePickle(value)).toString("hex")),
    );
    expect(theirs).toEqual(values);
  });
});

describe("opcodes that would import, call or fetch", () => {
  test.each([
    ["GLOBAL", "cos\nsystem\n."],
    ["GLOBAL", "c__builtin__\neval\n."],
    ["STACK_GLOBAL", "\x80\x04\x8c\x02os\x8c\x06system\x93."],
    ["INST", "(ios\nsystem\n."],
    ["OBJ", "(I1\no."],
    ["NEWOBJ", "I1\n)\x81."],
    ["NEWOBJ_EX", "\x80\x04I1\n)}\x92."],
    ["BUILD", "}}b."],
    ["REDUCE", "I1\n)R."],
    ["EXT1", "\x82\x01."],
    ["EXT2", "\x83\x01\x00."],
    ["EXT4", "\x84\x01\x00\x00\x00."],
    ["PERSID", "Pabc\n."],
    ["BINPERSID", "I1\nQ."],
    ["NEXT_BUFFER", "\x80\x05\x97."],
    ["READONLY_BUFFER", "\x80\x05I1\n\x98."],
  ])("%s is refused by name", (name, text) => {
    expect(refusalOf(latin1(text))).toContain(name);
  });

  test("a known form is data with its own arguments only, and never a value by itself", () => {
    expect(refusalOf(latin1("cbuiltins\ncomplex\n."))).toContain("builtins.complex");
    expect(refusalOf(latin1("cbuiltins\ncomplex\n(S'1'\ntR."))).toContain("other arguments");
    expect(refusalOf(latin1("cbuiltins\nbytes\n(I1000000000\ntR."))).toContain("other arguments");
    expect(refusalOf(latin1("cbuiltins\nset\n(cbuiltins\nset\ntR."))).toContain("builtins.set");
    expect(refusalOf(latin1("c__proto__\nconstructor\n."))).toContain("import");
    expect(refusalOf(latin1("c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR."))).toContain("arguments");
  });
});

describe("pickles that nobody's Python wrote", () => {
  test("any bytes at all: a value or a refusal, never an exception", () => {
    const opcodes = fc.constantFrom(
      ...latin1(
        "()]}.0129INKMJGLFSVXUTCBadeghjlpqrstu\x80\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x93\x94\x95\x96cRbio",
      ),
    );
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc
        .array(
          fc.oneof(
            { weight: 4, arbitrary: opcodes },
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
          ),
          { maxLength: 60 },
        )
        .map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, (pickle) => {
        const decoded = decodePickle(pickle);
        if (decoded.ok) rowsOf(decoded, { channels: [], fields: [] });
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["a length beyond the end", "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"],
    ["bytes beyond the end", "\x8e\xff\xff\xff\xff\xff\xff\xff\xff"],
    ["an integer of two gigabytes", "\x8b\xff\xff\xff\x7f"],
    ["an integer of less than no bytes", "\x8b\xff\xff\xff\xff"],
    ["an integer of many digits", `L${"9".repeat(50_000)}L\n.`],
    ["no end", "(lp0\n"],
    ["an empty stack", "."],
    ["a memo entry that is not there", "g7\n."],
    ["a mark without a beginning", "t."],
    ["a newer protocol", "\x80\x06N."],
    ["an append to what is no list", "I1\nI2\na."],
    ["items of what is no dict", "]I1\nI2\ns."],
    ["an odd number of items", "(I1\nd."],
    ["a key that is a list", "}]I1\ns."],
    ["text that is no UTF-8", "\x8c\x01\xff."],
    ["nothing", ""],
  ])("%s is refused", (_name, text) => {
    expect(refusalOf(latin1(text))).not.toBe("");
  });

  test("a memo of more entries than bounds allow", () => {
    const pickle = Buffer.alloc(70_002, 0x94);
    pickle[0] = "N".charCodeAt(0);
    pickle[70_001] = ".".charCodeAt(0);
    expect(refusalOf(pickle)).toContain("remembers more");
  });

  test("lists of lists of lists by the memo: read at once, refused as rows", () => {
    // Each level is a list of ten times the level before: 10^30 values in a few hundred bytes.
    const levels = Array.from(
      { length: 30 },
      (_, n) => `(${`h${String.fromCharCode(n)}`.repeat(10)}lq${String.fromCharCode(n + 1)}`,
    );
    const decoded = decodePickle(latin1(`]q\0${levels.join("")}.`));
    expect(decoded.ok).toBe(true);
    if (decoded.ok) expect(rowsOf(decoded, { channels: [], fields: [] })).toMatch(/deeper|values/);
  });

  test("a dict that holds itself", () => {
    const decoded = decodePickle(latin1("}q\0\x8c\x01ah\0s."));
    expect(decoded.ok && rowsOf(decoded, { channels: [], fields: [] })).toContain("deeper");
  });

  test("one text turned into bytes again and again", () => {
    const call = "h\0h\x01R0";
    const pickle = `c_codecs\nencode\nq\x00V${"x".repeat(10_000)}\nVlatin1\n\x86q\x01${call.repeat(1_000)}N.`;
    expect(refusalOf(latin1(pickle))).toContain("again and again");
  });

  test("keys that name prototypes are keys", () => {
    const decoded = decodePickle(latin1("(S'__proto__'\n(S'polluted'\nI1\ndd."));
    expect(decoded).toEqual({
      ok: true,
      value: new Map([["__proto__", new Map([["polluted", 1]])]]),
    });
  });
});
