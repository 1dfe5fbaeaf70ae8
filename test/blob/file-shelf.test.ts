// The folder that files come to and go from: whole or not at all, bounded, and with disks that fail.

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { FileShelf, type FileShelfOptions } from "../../host/files/file-shelf.ts";
import type { BlobContent, BlobSink } from "../../shared/blob/shelf.ts";
import { temporaryFolder } from "../support/senda.ts";

const root = temporaryFolder();
let folder: string;
let counter = 0;
let changes: () => void;

beforeEach(() => {
  folder = join(root, String(++counter));
  changes = () => undefined;
});

function shelf(options: Partial<FileShelfOptions> = {}): FileShelf {
  const handleChange = () => changes();
  return new FileShelf({ folder, isReplacing: false, handleChange, ...options });
}

function contentOf(text: string, name = "plan.txt"): BlobContent {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { purpose: "file", name, sizeBytes: Buffer.byteLength(text), sha256 };
}

/** Waits for the last step. Returns the name that the file got. */
async function completed(sink: BlobSink): Promise<string> {
  for (;;) {
    const changed = new Promise<void>((resolve) => {
      changes = resolve;
    });
    const name = sink.complete();
    if (name !== undefined) return name;
    await changed;
  }
}

async function put(text: string, name = "plan.txt", options: Partial<FileShelfOptions> = {}) {
  const sink = shelf(options).openSink(contentOf(text, name));
  sink.append(Buffer.from(text).subarray(sink.length));
  return completed(sink);
}

function partials(): string[] {
  return readdirSync(join(folder, ".partial"));
}

function fault(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return (error as { status: unknown }).status;
  }
  return undefined;
}

describe("a file that comes", () => {
  test("stands under its name when it is complete, and not before", async () => {
    const sink = shelf().openSink(contentOf("hello, world"));
    sink.append(Buffer.from("hello, "));
    expect(readdirSync(folder)).toEqual([".partial"]);
    sink.append(Buffer.from("world"));
    expect(readdirSync(folder)).toEqual([".partial"]);
    expect(await completed(sink)).toBe("plan.txt");
    expect(readFileSync(join(folder, "plan.txt"), "utf8")).toBe("hello, world");
    expect(partials()).toEqual([]);
  });

  test("goes on after an interruption, also by another process", () => {
    const before = shelf().openSink(contentOf("hello, world"));
    before.append(Buffer.from("hello"));
    before.close();
    const after = shelf().openSink(contentOf("hello, world"));
    expect(after.length).toBe(5);
    const read = new Uint8Array(5);
    expect(after.read(0, read)).toBe(5);
    expect(Buffer.from(read).toString()).toBe("hello");
    after.discard();
    expect(partials()).toEqual([]);
  });

  test("never takes the place of another with its name", async () => {
    expect(await put("one")).toBe("plan.txt");
    expect(await put("two")).toBe("plan-2.txt");
    expect(await put("three")).toBe("plan-3.txt");
    expect(readFileSync(join(folder, "plan.txt"), "utf8")).toBe("one");
  });

  test("that came before keeps the name that it has", async () => {
    expect(await put("one")).toBe("plan.txt");
    expect(await put("two")).toBe("plan-2.txt");
    expect(await put("two")).toBe("plan-2.txt");
    expect(readdirSync(folder).sort()).toEqual([".partial", "plan-2.txt", "plan.txt"]);
    expect(partials()).toEqual([]);
  });

  test("takes the place of the one before where that is wanted", async () => {
    await put("one");
    expect(await put("two", "plan.txt", { isReplacing: true })).toBe("plan.txt");
    expect(readFileSync(join(folder, "plan.txt"), "utf8")).toBe("two");
  });

  test("with the longest name gets a number all the same", async () => {
    const name = `${"é".repeat(30)}.txt`;
    await put("one", name);
    const second = await put("two", name);
    expect(second).toBe(`${"é".repeat(29)}-2.txt`);
  });

  test("is written to the end by a disk that takes little at a time", async () => {
    const write = ((file, bytes, offset, length, position) =>
      writeSync(
        file,
        bytes as Uint8Array,
        offset,
        Math.min(3, length ?? 0),
        position,
      )) as typeof writeSync;
    await put("hello, world", "plan.txt", { write });
    expect(readFileSync(join(folder, "plan.txt"), "utf8")).toBe("hello, world");
  });
});

describe("a disk that fails", () => {
  test.each([
    ["ENOSPC", "no-space"],
    ["EDQUOT", "no-space"],
    ["EIO", "failed"],
  ])("%s at a write is %s, and says no path", (code, status) => {
    const write = (() => {
      throw Object.assign(new Error(`${code}: ${folder}`), { code });
    }) as unknown as typeof writeSync;
    const sink = shelf({ write }).openSink(contentOf("hello"));
    const attempt = () => sink.append(Buffer.from("hello"));
    expect(fault(attempt)).toBe(status);
    expect(attempt).toThrow(expect.not.stringContaining(folder));
    expect(sink.length).toBe(0);
    sink.discard();
    expect(partials()).toEqual([]);
  });

  test("a file that cannot get its name is said to have failed, and is no file", async () => {
    const sink = shelf().openSink(contentOf("hello"));
    sink.append(Buffer.from("hello"));
    mkdirSync(join(folder, "plan.txt", "in the way"), { recursive: true });
    const isReplacing = shelf({ isReplacing: true }).openSink(contentOf("hello"));
    sink.close();
    await expect(completed(isReplacing)).rejects.toMatchObject({ status: expect.any(String) });
    isReplacing.discard();
    expect(partials()).toEqual([]);
  });

  test("files leave the disk's last part free", () => {
    const limits = { freeBytesMin: 2 ** 60 };
    expect(fault(() => shelf({ limits }).openSink(contentOf("hello")))).toBe("no-space");
  });
});

describe("bounds", () => {
  test("of one file, of all bytes, of all files", async () => {
    const open = (limits: FileShelfOptions["limits"], text = "hello") =>
      fault(() => shelf({ limits: limits! }).openSink(contentOf(text, "b")).close());
    expect(open({ fileBytesMax: 4 })).toBe("too-large");
    expect(open({ fileBytesMax: 5 })).toBeUndefined();
    await put("12345", "a");
    expect(open({ folderBytesMax: 5 + 4 })).toBe("too-large");
    expect(open({ folderBytesMax: 5 + 5 })).toBeUndefined();
    expect(open({ filesMax: 1 })).toBe("too-large");
  });

  test("what was begun and left goes after a week, and there are never more than eight", () => {
    const weekAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
    for (let index = 0; index < 12; index++) {
      const sink = shelf().openSink(contentOf("hello", `${index}`));
      sink.append(Buffer.from("h"));
      sink.close();
      expect(partials().length).toBeLessThanOrEqual(8);
    }
    for (const name of partials()) utimesSync(join(folder, ".partial", name), weekAgo, weekAgo);
    shelf().openSink(contentOf("hello", "0")).close();
    expect(partials()).toHaveLength(1);
  });

  test("firmware is nothing for a folder", () => {
    expect(fault(() => shelf().openSink({ ...contentOf(""), purpose: "firmware" }))).toBe(
      "refused",
    );
    expect(fault(() => shelf().openSource("firmware", "a"))).toBe("not-found");
  });
});

describe("a file that goes", () => {
  test("is read at any place", () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "a.txt"), "hello");
    const source = shelf().openSource("file", "a.txt");
    expect(source.sizeBytes).toBe(5);
    const into = new Uint8Array(3);
    expect(source.read(3, into)).toBe(2);
    expect(Buffer.from(into.subarray(0, 2)).toString()).toBe("lo");
    source.close();
  });

  test.each(["no.txt", "folder", "broken"])("%s is not there", (name) => {
    mkdirSync(join(folder, "folder"), { recursive: true });
    symlinkSync(join(folder, "nowhere"), join(folder, "broken"));
    expect(fault(() => shelf().openSource("file", name))).toBe("not-found");
  });

  test("names do not lead out of the folder", () => {
    writeFileSync(join(root, "secret"), "secret");
    expect(existsSync(join(root, "secret"))).toBe(true);
    expect(fault(() => shelf().openSource("file", "../secret"))).toBe("refused");
    expect(fault(() => shelf().openSink(contentOf("x", "../secret")))).toBe("refused");
  });
});
