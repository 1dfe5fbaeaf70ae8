// A file that comes: bytes go into a partial file as they arrive; when all are there it is synced and
// renamed, away from the main thread's turn, for a disk may take its time.

import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fstatSync,
  ftruncateSync,
  readSync,
  rmSync,
  type writeSync,
} from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { type BlobContent, BlobFault, type BlobSink } from "../../shared/blob/shelf.ts";
import { utf8Length } from "../../shared/bytes/utf8.ts";
import { NAME_BYTES_MAX } from "../../shared/limits.ts";
import { blobFault } from "./blob-fault.ts";

/** Files with one name that are kept side by side. */
const SAME_NAME_MAX = 100;

/** What is longer behind a name's last dot says nothing of the file's type. */
const EXTENSION_LENGTH_MAX = 16;

export interface FileSinkOptions {
  /** Open for reading and writing; the sink's from here on. */
  readonly file: number;
  readonly partial: string;
  readonly folder: string;
  readonly content: BlobContent;
  readonly isReplacing: boolean;
  readonly handleChange: () => void;
  readonly write: typeof writeSync;
}

export class FileSink implements BlobSink {
  length: number;
  readonly #options: FileSinkOptions;
  #isClosed = false;
  /** The last step: under way, done with a name, or failed. */
  #completion: "under-way" | { readonly name: string } | { readonly fault: BlobFault } | undefined;

  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.length = fstatSync(options.file).size;
    if (this.length <= options.content.sizeBytes) return;
    ftruncateSync(options.file, 0);
    this.length = 0;
  }

  append(bytes: Uint8Array): void {
    const { file, write } = this.#options;
    try {
      let written = 0;
      while (written < bytes.length) {
        const count = write(file, bytes, written, bytes.length - written, this.length + written);
        if (count === 0) throw new BlobFault("no-space", "the disk takes no more");
        written += count;
      }
    } catch (error) {
      throw blobFault(error, "the file cannot be kept");
    }
    this.length += bytes.length;
  }

  read(offset: number, into: Uint8Array): number {
    return readSync(this.#options.file, into, 0, into.length, offset);
  }

  complete(): string | undefined {
    const completion = this.#completion;
    if (completion === undefined) void this.#complete();
    if (completion === undefined || completion === "under-way") return undefined;
    if ("fault" in completion) throw completion.fault;
    return completion.name;
  }

  discard(): void {
    this.close();
    if (this.#completion !== "under-way") rmSync(this.#options.partial, { force: true });
  }

  close(): void {
    if (this.#isClosed || this.#completion !== undefined) return; // the last step closes the file itself
    this.#isClosed = true;
    closeSync(this.#options.file);
  }

  async #complete(): Promise<void> {
    this.#completion = "under-way";
    try {
      await syncAndClose(this.#options.partial, this.#options.file);
      this.#completion = { name: await this.#settle() };
    } catch (error) {
      this.#completion = { fault: blobFault(error, "the file cannot be kept") };
    }
    this.#options.handleChange();
  }

  /** Gives the file its name, which it returns. */
  async #settle(): Promise<string> {
    const { partial, folder, content, isReplacing } = this.#options;
    for (let number = 1; number <= SAME_NAME_MAX; number++) {
      const name = numberedName(content.name, number);
      const path = join(folder, name);
      const there = isReplacing ? undefined : await stat(path).catch(() => undefined);
      if (there === undefined) {
        await rename(partial, path);
        await syncFolder(folder);
        return name;
      }
      if (there.size === content.sizeBytes && (await hashOf(path)) === content.sha256) {
        await rm(partial, { force: true });
        return name; // it came before, and its sender did not hear of it
      }
    }
    throw new BlobFault("too-large", `there are ${SAME_NAME_MAX} files with this name`);
  }
}

async function syncAndClose(path: string, file: number): Promise<void> {
  closeSync(file);
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** So that the name outlives a cut of the power; Windows has no such thing and needs none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path)) hash.update(piece);
  } catch {
    return undefined; // what cannot be read is another file
  }
  return hash.digest("hex");
}

/** "plan.txt", "plan-2.txt" ...; shortened where it would be too long. */
function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const extension = extname(name).length > EXTENSION_LENGTH_MAX ? "" : extname(name);
  const end = `-${number}${extension}`;
  let stem = name.slice(0, name.length - extension.length);
  while (utf8Length(stem + end) > NAME_BYTES_MAX && stem !== "") {
    stem = [...stem].slice(0, -1).join("");
  }
  return stem + end;
}
