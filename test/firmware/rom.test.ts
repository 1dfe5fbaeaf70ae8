// The bundle as Moddable's linker takes it into ROM: constants are constants, tables are frozen, and what
// would be written to there does not get that far.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Rom {
  readyForRom(code: string): Promise<string>;
}

const { readyForRom } = (await import(new URL("../../rom.mjs", import.meta.url).href)) as Rom;
const BUNDLE = readFileSync(new URL("../../build/main.js", import.meta.url), "utf8");

test("variables become constants and tables are frozen, and every line stays where it is", async () => {
  const code = [
    "var limit = 4, Reader = class {",
    "  text = `",
    "var not = 1;`;",
    "}, NAMES = ['a'];",
    "let table = { deep: [1] };",
    "function f() {",
    "  var limit = 1;",
    "  limit = 2;",
    "}",
    "export { f, limit, Reader, NAMES, table };",
    "",
  ].join("\n");
  const ready = await readyForRom(code);
  const expected = code.replace(/^var limit/, "const limit").replace("let table", "const table");
  expect(ready).toBe(
    `${expected}for (const table of [NAMES, table]) if (!ArrayBuffer.isView(table)) Object.freeze(table, true);\n`,
  );
});

test.each([
  ["var count = 0; export function next() { return count++; }"],
  ["var last; export function keep(value) { last = value; }"],
  ["let [first] = [1]; export function set() { for (first of [2]); }"],
])("what is written to later is refused: %s", async (code) => {
  await expect(readyForRom(code)).rejects.toThrow(/const/);
});

test("the bundle has no module-level variable, and freezes each of its tables", () => {
  expect(BUNDLE.match(/^(var|let)\b.*/gm)).toBe(null);
  const tables = [...BUNDLE.matchAll(/^const (\w+) = [{[]/gm)].map(([, name]) => name!);
  expect(tables.length).toBeGreaterThan(3);
  const frozen = /^for \(const table of \[(.*)\]\) .*Object\.freeze\(table, true\);$/m.exec(BUNDLE);
  expect(frozen![1]!.split(", ")).toEqual(expect.arrayContaining(tables));
});
