// The style guide, executed. Each rule lists whatever breaks it as `file:line: what`, and says why the
// rule is there. What a rule does not see is no licence: it catches slips, not intent.

import { readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { describe, expect, test } from "vitest";
import { PATHS, ROOT } from "./paths.ts";
import { functionBodies, lineAt, type Scan, scan } from "./scan.ts";

const FILE_LINES_MAX = 450;
/** Beyond this a file should be split by noun; a few may wait for it. */
const FILE_LINES_GOOD = 400;
const FILES_BEYOND_GOOD_MAX = 3;
const FUNCTION_LINES_MAX = 70;
const OPENING_COMMENT_LINES_MIN = 1;

interface SourceFile extends Scan {
  readonly path: string;
  readonly text: string;
}

function sources(...folders: string[]): SourceFile[] {
  return PATHS.filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return { path, text, ...scan(text) };
    });
}

const SHARED = sources("shared");
const DEVICE = sources("device");
const HOST = sources("host");

/** The firmware's edge to the machine: the only files that know Moddable's modules. */
function isPlatformEdge({ path }: SourceFile): boolean {
  return path === "device/main.ts" || /^device\/(platform\/)?moddable[^/]*\.ts$/.test(path);
}

/** Each match in the code (not in comments and strings) as `file:line: what`. */
function findAll(files: SourceFile[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    [...file.code.matchAll(pattern)].map((match) => {
      const line = lineAt(file.text, match.index);
      return `${file.path}:${line}: ${match[0].trim()}`;
    }),
  );
}

/** Modules that the file imports, with the line of each. */
function importsOf({ code, text }: SourceFile): { module: string; line: number }[] {
  return [...code.matchAll(/\b(?:from|import)\b/g)].flatMap(({ index }) => {
    const found = /^\w+\s*\(?\s*["']([^"'\n]+)["']/.exec(text.slice(index, index + 300));
    return found === null ? [] : [{ module: found[1]!, line: lineAt(text, index) }];
  });
}

function foreignImports(
  files: SourceFile[],
  isAllowed: (module: string, file: SourceFile) => boolean,
) {
  return files.flatMap((file) =>
    importsOf(file)
      .filter(({ module }) => !isAllowed(module, file))
      .map(({ module, line }) => `${file.path}:${line}: imports "${module}"`),
  );
}

function identifiers(...names: string[]): RegExp {
  return new RegExp(`(?<![.#\\w$])(?:${names.join("|")})(?![\\w$])`, "g");
}

describe("shared/ is pure", () => {
  test("it imports itself and the CBOR library, so that it runs on XS, on Node and in a simulator", () => {
    const isAllowed = (module: string, { path }: SourceFile) =>
      module === "@levischuck/tiny-cbor" ||
      (module.startsWith(".") && join(path, "..", module).startsWith(`shared${sep}`));
    expect(foreignImports(SHARED, isAllowed)).toEqual([]);
  });

  test("it names no clock, chance, input, output or platform: time and chance are arguments", () => {
    const names = ["Date", "Math\\s*\\.\\s*random", "setTimeout", "setInterval", "setImmediate"];
    names.push("queueMicrotask", "Promise", "async", "await", "console", "process", "Buffer");
    names.push("TextEncoder", "TextDecoder", "performance", "fetch", "require", "globalThis");
    names.push(
      "crypto",
      "structuredClone",
      "URL",
      "AbortController",
      "SharedArrayBuffer",
      "Atomics",
    );
    expect(findAll(SHARED, identifiers(...names))).toEqual([]);
  });
});

describe("device/ runs on XS", () => {
  const beyondEdge = DEVICE.filter((file) => !isPlatformEdge(file));

  test("only its edge imports the platform's modules, so that a test can hand in others", () => {
    const isPlatform = (module: string) =>
      /^(embedded:|mc\/)/.test(module) ||
      ["crypt", "modules", "net", "time", "timer"].includes(module);
    expect(
      foreignImports([...beyondEdge, ...HOST, ...SHARED], (name) => !isPlatform(name)),
    ).toEqual([]);
  });

  test("beyond its edge it imports itself, shared/ and the CBOR library", () => {
    const isAllowed = (module: string, { path }: SourceFile) =>
      module === "@levischuck/tiny-cbor" ||
      (module.startsWith(".") && /^(device|shared)\W/.test(join(path, "..", module)));
    expect(foreignImports(beyondEdge, isAllowed)).toEqual([]);
  });

  test("it takes no chance from the engine: on Linux that is the same in every run", () => {
    expect(findAll(beyondEdge, identifiers("Math\\s*\\.\\s*random"))).toEqual([]);
  });
});

/** What else ROM does not bear is found in the syntax tree: preload.test.ts. */
test("static fields are declared as constants", () => {
  const pattern = /\bstatic\s+(?!readonly\b|async\b|get\b|set\b|\{)[#\w]+\s*[:=;!]/g;
  expect(findAll([...SHARED, ...DEVICE], pattern)).toEqual([]);
});

describe("size", () => {
  const all = [...SHARED, ...DEVICE, ...HOST].map((file) => ({
    file,
    lines: file.text.trimEnd().split("\n").length,
  }));

  function longerThan(limit: number): string[] {
    const long = all.filter(({ lines }) => lines > limit);
    return long.map(({ file, lines }) => `${file.path}:${lines}: ${lines} lines`);
  }

  test(`no file has more than ${FILE_LINES_MAX} lines`, () => {
    expect(longerThan(FILE_LINES_MAX)).toEqual([]);
  });

  test(`at most ${FILES_BEYOND_GOOD_MAX} files have more than ${FILE_LINES_GOOD} lines`, () => {
    const long = longerThan(FILE_LINES_GOOD);
    expect(long.length > FILES_BEYOND_GOOD_MAX ? long : []).toEqual([]);
  });

  test(`no function has more than ${FUNCTION_LINES_MAX} lines`, () => {
    const long = all.flatMap(({ file }) =>
      functionBodies(file.code)
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ line, lines }) => `${file.path}:${line}: ${lines} lines`),
    );
    expect(long).toEqual([]);
  });
});

describe("files", () => {
  test("each opens by saying what it owns, in a comment of two lines or more", () => {
    const opening = new RegExp(`^(#!.*\\n)?(//.*\\n){${OPENING_COMMENT_LINES_MIN}}`);
    const silent = [...SHARED, ...DEVICE, ...HOST].filter(({ text }) => !opening.test(text));
    expect(silent.map(({ path }) => `${path}:1`)).toEqual([]);
  });

  test("no tests inside shared/ and device/: Moddable's manifests take whole folders", () => {
    const isTest = /^(shared|device)\/.*(\.test\.|\.spec\.|__tests__|(^|\/)test\/)/;
    expect(PATHS.filter((path) => isTest.test(path))).toEqual([]);
  });

  test("lock files name no registry: an install asks the one that its machine is set up for", () => {
    const naming = PATHS.filter((path) => path.endsWith("package-lock.json")).flatMap((path) =>
      linesWith(path, /"resolved": *"https?:/),
    );
    expect(naming).toEqual([]);
  });

  test("no file names a path of somebody's machine", () => {
    const homes = ["home", "Users", "root", "work"].map((name) => `/${name}/`).join("|");
    const absolute = new RegExp(`(?<![\\w.$}~*/-])(?:${homes})\\w`);
    expect(texts().flatMap((path) => linesWith(path, absolute))).toEqual([]);
  });

  test("nothing is left for later in a comment: an issue or a decision says it where it is seen", () => {
    const marks = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
    expect(texts().flatMap((path) => linesWith(path, marks))).toEqual([]);
  });
});

/** Files that people write, as opposed to lock files and vectors. */
function texts(): string[] {
  const isText = /\.(ts|mjs|js|json|md|html|css|ya?ml|py|lua|sh|toml|service)$|^[^.]+$/;
  return PATHS.filter((path) => isText.test(path))
    .filter((path) => !path.endsWith("package-lock.json"))
    .filter((path) => !/^test\/vectors\/.*\.json$/.test(path));
}

function linesWith(path: string, pattern: RegExp): string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  if (!pattern.test(text)) return [];
  return text
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}
