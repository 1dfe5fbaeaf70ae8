// The firmware survives being preloaded into ROM: no trap in any source file of shared/ and device/, none
// in the bundle that is flashed. First, each trap is planted, so that a scanner that sees nothing is seen.

import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { transform } from "esbuild";
import { describe, expect, test } from "vitest";
import { PATHS, ROOT } from "./paths.ts";
import { type Allowances, findTraps } from "./preload-traps.ts";
import { lineAt } from "./scan.ts";

/** By source file: what is made while the module loads, before ROM is made, and only read afterwards; globals. */
const ALLOWED: Readonly<Record<string, Allowances>> = {
  "shared/bytes/crc32c.ts": { calls: ["makeTable"] },
  "shared/batch/codes.ts": { calls: ["makeScales"] },
  "shared/batch/lookup.ts": { calls: ["makeLookup", "makeLongestWords"] }, // of hosts only
  "device/platform/moddable.ts": { globals: ["globalThis"] }, // which the engine's last words go to
};

/** The CBOR library's two codecs hold nothing (device/platform/text.ts); the last line is that of rom.mjs. */
const BUNDLE: Allowances = {
  calls: [
    "makeTable",
    "makeScales",
    "TextEncoder",
    "TextDecoder",
    "ArrayBuffer.isView",
    "Object.freeze",
  ],
  globals: ["globalThis"],
};

const whats = (code: string, allowances?: Allowances) =>
  findTraps(code, allowances).map(({ what }) => what);

describe("each trap, planted, is found", () => {
  test.each([
    ["new Map at module level", "const seen = new Map();"],
    ["new Set at module level", "export const seen = { all: new Set() };"],
    ["new WeakMap at module level", "class A { static #of = new WeakMap(); }"],
    ["new Uint8Array at module level", "const scratch = new Uint8Array(64);"],
    ["new ArrayBuffer at module level", "const scratch = [1].concat, b = new ArrayBuffer(8);"],
    ["new Date at module level", "export default { at: new Date() };"],
    ["new Timer at module level", 'import Timer from "timer"; new Timer();'],
    ["a call of Timer.repeat at module level", 'import Timer from "timer"; Timer.repeat(f, 1);'],
    ["a call of a function at module level", "(() => {})();"],
    ["new Set at module level", "(function () { return new Set(); })();"],
    ["new Map at module level", "class A { static { A.all = new Map(); } }"],
    ["a call of make at module level", "class A { [make()]() {} } function make() { return 'x'; }"],
    ["await at module level", "await 1;"],
    ["a variable at module level", "let count = 0;"],
    ["a variable at module level", "for (let at = 0; at < 1; at++);"],
    ["a regular expression with a memory in ROM", "const WORD = /\\w+/g;"],
    ["a regular expression with a memory in ROM", "const WORDS = { first: /\\w+/y };"],
    [
      "\\p in a regular expression, which XS does not compile",
      "function f() { return /\\p{L}/u; }",
    ],
    [
      "a write to a member of TABLE, which is in ROM",
      "const TABLE = [1]; function f() { TABLE[0] = 2; }",
    ],
    [
      "a write to a member of T, which is in ROM",
      "const T = { a: { b: 1 } }; const f = () => { T.a.b++; };",
    ],
    [
      "a write to a member of T, which is in ROM",
      "const T = {}; function f() { [T.a, { b: T.b }] = [1, {}]; }",
    ],
    ["a write to a member of T, which is in ROM", "const T = {}; function f() { delete T.a; }"],
    [
      "a write to a member of A, which is in ROM",
      "class A { static count = 0; add() { A.count += 1; } }",
    ],
    ["a write to a static field", "class A { static count = 0; static add() { this.count++; } }"],
    ["NAMES.push() changes what is in ROM", "const NAMES = []; function f() { NAMES.push('a'); }"],
    [
      "JSON.stringify of config, which is in ROM: copy it first",
      'import config from "mc/config"; function f() { return JSON.stringify(config.senda); }',
    ],
    [
      "JSON.stringify of DEFAULTS, which is in ROM: copy it first",
      "const DEFAULTS = {}; function f() { return JSON.stringify(DEFAULTS); }",
    ],
    [
      "an assignment to the name of an error: use a class field",
      'class A extends Error { constructor() { super(); this.name = "A"; } }',
    ],
    [
      "an assignment to the name of an error: use a class field",
      'function f(error) { error.name = "A"; }',
    ],
    ["an assignment to toString, which XS has frozen", "function f(a) { a.toString = () => 'a'; }"],
    ...["TextEncoder", "console", "setTimeout", "structuredClone", "crypto", "performance"].map(
      (name) => [`${name}, which XS does not have`, `export function f() { return ${name}; }`],
    ),
    ["globalThis, which XS does not have", "function f() { globalThis.count = 1; }"],
    ["process, which XS does not have", "function f() { return { process }; }"],
    ["queue, which XS does not have", "function f(a = queue) {} { function inner() { var a; } }"],
  ])("%s", (what, code) => {
    expect(whats(code!)).toContain(what);
  });

  test.each([
    ["using file = open();"],
    ["@sealed class A {}"],
    ["import data from './a.json' with { type: 'json' };"],
    ["const a = /[\\p{L}--[a-z]]/v;"],
  ])("syntax beyond ES2022: %s", (code) => {
    expect(whats(code!)).toEqual([expect.stringMatching(/^syntax beyond ES2022/)]);
  });
});

test("what survives in ROM is no trap", () => {
  const code = `
    import { readByte as read } from "./cursor.js";
    const LIMIT = 4 * 1024, NAMES = ["a"], WORD = /^\\w+$/;
    const TRAITS = { kind: "tcp", check: (text) => /a/g.test(text) };
    export class Reader {
      static readonly = LIMIT;
      name = "Reader";
      #seen = new Map();
      #scratch = new Uint8Array(LIMIT);
      read(NAMES, { length: [count] = [0], ...rest }) {
        const own = new Set(NAMES);
        NAMES.push(count);
        this.#seen.set("a", own);
        this.#scratch[0] = read(rest);
        this.name = WORD.test("a") ? TRAITS.kind : "b";
        try { label: for (const at of own) { if (at) break label; } } catch (failure) { trace(failure); }
        return JSON.stringify({ ...TRAITS });
      }
    }
    class ReadError extends Error { name = "ReadError"; }
    export default function main() { return new ReadError(\`\${NAMES.length}\`); }`;
  expect(whats(code)).toEqual([]);
});

test("no source file of shared/ and device/ holds a trap", async () => {
  const sources = PATHS.filter(
    (path) => /^(shared|device)\/.*\.ts$/.test(path) && !path.endsWith(".d.ts"),
  );
  expect(sources.length).toBeGreaterThan(50);
  const found = await Promise.all(sources.map(trapsInSource));
  expect(found.flat()).toEqual([]);
});

/** As `file:line: what`, of the file as it is written. */
async function trapsInSource(path: string): Promise<string[]> {
  const text = readFileSync(join(ROOT, path), "utf8");
  const options = { loader: "ts", target: "esnext", sourcemap: "external" } as const;
  const { code, map } = await transform(text, { ...options, sourcefile: path });
  const lines = new SourceMap(JSON.parse(map) as SourceMapPayload);
  return findTraps(code, ALLOWED[path] ?? {}).map(({ what, at }) => {
    const entry = lines.findEntry(lineAt(code, at) - 1, 0);
    return `${path}:${"originalLine" in entry ? entry.originalLine + 1 : "?"}: ${what}`;
  });
}

test("the bundle that is flashed holds none", () => {
  const code = readFileSync(join(ROOT, "build/main.js"), "utf8");
  expect(code.length).toBeGreaterThan(50_000);
  const found = findTraps(code, BUNDLE);
  expect(found.map(({ what, at }) => `build/main.js:${lineAt(code, at)}: ${what}`)).toEqual([]);
});
