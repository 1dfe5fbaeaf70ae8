// Tables and text on a terminal: widths, cutting, what must not get through.

import { expect, test } from "vitest";
import {
  durationText,
  isoDuration,
  relativeTime,
  uptimeText,
} from "../../host/cli/output/moment.ts";
import { bytesText, valueWithUnit } from "../../host/cli/output/quantity.ts";
import { formatTable, TableLayout } from "../../host/cli/output/table.ts";
import { jsonLine, printable, printableLines } from "../../host/terminal/printable.ts";
import { displayWidth, truncate, wrap } from "../../host/terminal/width.ts";

test.each([
  ["kitchen", 7],
  ["", 0],
  ["温度", 4],
  ["e\u0301te\u0301", 3],
  ["ﾊﾝｶｸ", 4],
  ["🌡", 1],
  ["🌡\ufe0f", 2],
  ["👩‍👩‍👧", 2],
  ["한국어", 6],
  ["µg/m³ Ω", 7],
])("%j takes %i columns", (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test("a cut text never takes more than its room, and does not split characters", () => {
  expect(truncate("temperature", 11)).toBe("temperature");
  expect(truncate("temperature", 5)).toBe("temp…");
  expect(truncate("温度計測", 5)).toBe("温度…");
  expect(truncate("温度計測", 4)).toBe("温…");
  expect(truncate("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301…");
  expect(truncate("abc", 0)).toBe("");
});

test("wrap breaks at spaces, and never within a word", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("unbreakable x", 4)).toEqual(["unbreakable", "x"]);
  expect(wrap("", 4)).toEqual([""]);
  expect(wrap("one two", Number.POSITIVE_INFINITY)).toEqual(["one two"]);
});

test("a table leaves out what it has no room for, whole, after cutting what may be cut", () => {
  const columns = [
    { title: "device", mayShrink: true },
    { title: "readings", align: "right" },
    { title: "seen" },
  ] as const;
  const rows = [["a-name-of-twenty-four-ch", "12", "now"]];
  expect(formatTable(columns, rows, Number.POSITIVE_INFINITY)).toEqual([
    "device                    readings  seen",
    "a-name-of-twenty-four-ch        12  now",
  ]);
  expect(formatTable(columns, rows, 34)).toEqual([
    "device              readings  seen",
    "a-name-of-twenty-…        12  now",
  ]);
  expect(formatTable(columns, rows, 30)).toEqual([
    "device                readings",
    "a-name-of-twenty-fo…        12",
  ]);
  expect(new TableLayout(columns, rows, 3).shown).toBe(1);
  for (const line of formatTable(columns, rows, 3)) expect(displayWidth(line)).toBeLessThan(4);
});

test("what could steer a terminal is written out", () => {
  const text = "a\x1b[2J\u009b1m\u202eb\u2066\u2028\ud800\t\n";
  const shown = "a\\x1b[2J\\x9b1m\\u202eb\\u2066\\u2028\\ud800";
  expect(printable(text)).toBe(`${shown}\\x09\\x0a`);
  expect(printableLines(text)).toBe(`${shown}\t\n`);
  expect(jsonLine({ text })).toMatch(/^[ -~]*\n$/);
  expect(JSON.parse(jsonLine({ text }))).toEqual({ text });
  expect(printable("温室 2 é")).toBe("温室 2 é");
});

test.each([
  [21.1, "number", "Cel", 0.01, "21.10 °C"],
  [21.5, "number", "%RH", 0.5, "21.5 % RH"],
  [0.25, "number", "m/s2", 0.25, "0.25 m/s²"],
  [1_300, "number", "Pa", 10, "1300 Pa"],
  [7, "integer", "count", null, "7"],
  [21.350000381469727, "float32", "V", null, "21.35 V"],
  [true, "boolean", "", null, "true"],
  [null, "float64", "V", null, "not a number"],
  [{ a: [1] }, "structured", "", null, '{"a":[1]}'],
  [90, "integer", "deg", null, "90°"],
])("%j (%s, %s, %s) reads %s", (value, kind, unit, resolution, text) => {
  expect(valueWithUnit(value, { kind, unit, resolution })).toBe(text);
});

test("times and sizes for people", () => {
  const times = [0, 3_000, 90_000, 7_500_000, 90_000_000, 1e9].map((ms) => durationText(ms));
  expect(times).toEqual(["0 s", "3 s", "1 min", "2 h 5 min", "1 d 1 h", "11 d"]);
  expect(relativeTime(5e6, 8e6)).toBe("3 s ago");
  expect(relativeTime(8e6, 5e6)).toBe("in 3 s");
  expect(relativeTime(5e6, 5.5e6)).toBe("now");
  expect(uptimeText(3 * 86_400_000 + 14_706_789)).toBe("up 3 d 4:05:06.789");
  expect(isoDuration(12_345)).toBe("PT12.345S");
  const sizes = [999, 1_000, 57_344, 999_900, 84.4e9].map(bytesText);
  expect(sizes).toEqual(["999 B", "1.00 kB", "57.3 kB", "1.00 MB", "84.4 GB"]);
});
