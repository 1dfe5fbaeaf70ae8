// The scanner that the style guide's rules stand on: what it blanks, and what it must leave.

import { expect, test } from "vitest";
import { functionBodies, scan } from "./scan.ts";

test("comments, strings, templates and regular expressions are blanked, code within templates is not", () => {
  const source = [
    "const a = 'Date'; // Date",
    "/* Date */ const b = `Date $" + "{first(`Date $" + "{second({ x: 1 })} Date`)} Date`;",
    "const c = /Date[/\"]+/gi.test(d) ? 4 / 2 : 'it\\'s Date' / 3;",
    'const e = "a\\\\"; third();',
  ].join("\n");
  const { code } = scan(source);
  expect(code).not.toContain("Date");
  for (const kept of ["first(", "second({ x: 1 })", "4 / 2", "third();", "/ 3"]) {
    expect(code).toContain(kept);
  }
  expect(code.split("\n").map((line) => line.length)).toEqual(
    source.split("\n").map((line) => line.length),
  );
});

test("functions, methods and arrows are measured by their bodies; classes and objects are not functions", () => {
  const source = [
    "class A {",
    "  method(a: number): { b: number } {",
    "    return { b: a };",
    "  }",
    "  field = () => {",
    "    run();",
    "    run();",
    "  };",
    "}",
    "const table = {",
    "  a: 1,",
    "};",
  ].join("\n");
  const long = functionBodies(scan(source).code).filter(({ lines }) => lines > 1);
  expect(long).toEqual([
    { line: 2, lines: 3 },
    { line: 5, lines: 4 },
  ]);
});
