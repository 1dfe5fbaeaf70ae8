// Names of files and of devices' folders: none leaves its folder, none is another's.

import { resolve, sep } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deviceFolder } from "../../host/files/device-folder.ts";
import { fileNameFault } from "../../shared/blob/name.ts";
import { isName } from "../../shared/channel.ts";

const anyName = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter(isName);

describe("files", () => {
  test.each(["plan.txt", "a", "año 2026.csv", "con-1", "com10", "x".repeat(64), "a.b.c", "~a"])(
    "%j is a name",
    (name) => expect(fileNameFault(name)).toBeUndefined(),
  );

  test.each([
    ...["", ".", "..", ".x", "x.", " x", "x ", "a/b", "a\\b", "c:", "a\nb", "a\0b", "a\u0085"],
    ...["con", "NUL", "Aux.txt", "com1", "LPT9.log", "com¹", "conin$", "a*", "a?", "x".repeat(65)],
  ])("%j is none", (name) => expect(fileNameFault(name)).toEqual(expect.any(String)));

  test("whatever is a name stays in its folder, on Windows too", () => {
    fc.assert(
      fc.property(fc.oneof(anyName, fc.stringMatching(/^[./\\:ab ]{1,6}$/)), (name) => {
        if (fileNameFault(name) !== undefined) return;
        expect(resolve("folder", name)).toBe(resolve("folder") + sep + name);
        expect(name).not.toMatch(/[/\\:]|^\.+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("devices' folders", () => {
  test.each([
    ["cellar-1", "cellar-1"],
    ["Cellar", "%43ellar"],
    ["..", "%2e%2e"],
    ["a/b", "a%2fb"],
    ["é", "%c3%a9"],
    ["con", "%63on"],
    ["x".repeat(64), "x".repeat(64)],
  ])("%j has %j", (device, folder) => expect(deviceFolder(device)).toBe(folder));

  test("any two devices have two, where letters are large or small too", () => {
    fc.assert(
      fc.property(anyName, anyName, (one, other) => {
        const folders = [one, other].map((name) => deviceFolder(name).toLowerCase());
        expect(folders[0] === folders[1]).toBe(one === other);
        if (folders[0]!.length <= 64) expect(fileNameFault(folders[0]!)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});
