// A board's folder of files, over a directory of this machine that behaves as Moddable's do.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Directory, OpenFile } from "../../device/files/directory.ts";
import { DirectoryShelf } from "../../device/files/directory-shelf.ts";
import { BlobExchange } from "../../shared/blob/exchange.ts";
import type { BlobContent } from "../../shared/blob/shelf.ts";
import { TCP } from "../shared/session-pair.ts";
import { temporaryFolder } from "../support/senda.ts";

const root = temporaryFolder();
let count = 0;
let folder: string;
/** Bytes of one file that the disk takes; it says nothing where it takes less. */
let roomBytes: number;

beforeEach(() => {
  folder = join(root, String(++count));
  mkdirSync(folder);
  roomBytes = Number.POSITIVE_INFINITY;
});

class NodeFile implements OpenFile {
  readonly #file: number;

  constructor(path: string, mode: "r" | "r+" | "w+") {
    this.#file = openSync(path, mode);
  }

  status() {
    return fstatSync(this.#file);
  }

  read(into: Uint8Array, position: number): number {
    return readSync(this.#file, into, 0, into.length, position);
  }

  write(bytes: Uint8Array, position: number): void {
    const taken = Math.max(0, Math.min(bytes.length, roomBytes - position));
    writeSync(this.#file, bytes, 0, taken, position);
  }

  flush(): void {
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

const directory: Directory = {
  openFile: ({ path, mode }) => new NodeFile(join(folder, path), mode),
  scan: () => readdirSync(folder).values(),
  move: (from, to) => renameSync(join(folder, from), join(folder, to)),
  delete: (path) => unlinkSync(join(folder, path)),
};

function shelf(): DirectoryShelf {
  return new DirectoryShelf(directory, () => createHash("sha256"));
}

function contentOf(text: string, name = "plan.txt"): BlobContent {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { purpose: "file", name, sizeBytes: Buffer.byteLength(text), sha256 };
}

test("a file appears when it is whole, and takes the place of the one before", () => {
  writeFileSync(join(folder, "plan.txt"), "old");
  const sink = shelf().openSink(contentOf("hello"));
  sink.append(Buffer.from("hello"));
  expect(readFileSync(join(folder, "plan.txt"), "utf8")).toBe("old");
  expect(sink.complete()).toBe("plan.txt");
  expect(readdirSync(folder)).toEqual(["plan.txt"]);
  expect(readFileSync(join(folder, "plan.txt"), "utf8")).toBe("hello");
});

test("what was interrupted goes on, until another file comes", () => {
  const sink = shelf().openSink(contentOf("hello"));
  sink.append(Buffer.from("hel"));
  sink.close();
  const again = shelf().openSink(contentOf("hello"));
  expect(again.length).toBe(3);
  again.close();
  shelf().openSink(contentOf("other")).close();
  expect(shelf().openSink(contentOf("hello")).length).toBe(0);
});

test("two files at once do not remove each other", () => {
  const board = shelf();
  const [one, two] = [contentOf("one", "a"), contentOf("two", "b")].map((c) => board.openSink(c));
  one!.append(Buffer.from("one"));
  two!.append(Buffer.from("two"));
  expect([one!.complete(), two!.complete()]).toEqual(["a", "b"]);
});

test("a full flash that does not say so is found out, and nothing stays", () => {
  roomBytes = 3;
  const sink = shelf().openSink(contentOf("hello"));
  expect(() => sink.append(Buffer.from("hello"))).toThrow("takes no more");
  sink.discard();
  expect(readdirSync(folder)).toEqual([]);
});

test.each(["../plan.txt", ".part-1", "con"])("the name %j is refused", (name) => {
  expect(() => shelf().openSink(contentOf("hello", name))).toThrow(/name/);
  expect(() => shelf().openSource("file", name)).toThrow(/name/);
});

test("a file that is not there is said not to be", () => {
  expect(() => shelf().openSource("file", "no.txt")).toThrow("there is no such file");
  expect(() => shelf().openSource("firmware", "a")).toThrow("only files");
});

test("an exchange keeps a file in it", () => {
  const exchange = new BlobExchange({ shelf: shelf(), windowBytes: 4_096 });
  exchange.handleLinkUp({ id: 1, traits: TCP, receiveBytesMax: 0 });
  exchange.handleMessage(1, { kind: "blob", id: 1, ...contentOf("hello") }, 0);
  exchange.handleMessage(1, { kind: "chunk", id: 1, offset: 0, body: Buffer.from("hello") }, 0);
  exchange.handleTimeout(0);
  expect(exchange.pollEvent()).toMatchObject({ status: "done", text: "plan.txt" });
  expect(existsSync(join(folder, "plan.txt"))).toBe(true);
});
