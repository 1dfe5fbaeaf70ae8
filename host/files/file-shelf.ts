// A folder of files that come and go over a session: those of one device on the host, those of a
// simulated device. A file appears under its name whole, or not at all; what has come of one so far is in
// `.partial` beside them, where no name leads (shared/blob/name.ts).

import { createHash } from "node:crypto";
import {
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileNameFault } from "../../shared/blob/name.ts";
import {
  type BlobContent,
  BlobFault,
  type BlobShelf,
  type BlobSink,
  type BlobSource,
  type FileCatalog,
  type Hasher,
} from "../../shared/blob/shelf.ts";
import type { BlobPurpose } from "../../shared/errors.ts";
import { blobFault } from "./blob-fault.ts";
import { FileSink } from "./file-sink.ts";
import { FileSource } from "./file-source.ts";

const PARTIAL_FOLDER = ".partial";

/** What was interrupted for so long goes on no more. */
const PARTIAL_MS_MAX = 7 * 24 * 60 * 60 * 1_000;

/** Files that were begun and may go on; beyond them the one that moved least lately goes. */
const PARTIALS_MAX = 8;

const MEBIBYTE = 1_048_576;

export interface FileShelfOptions {
  /** Made when the first file comes. */
  readonly folder: string;
  /** A file takes the place of one with its name; otherwise both are kept, the later as `name-2`. */
  readonly isReplacing: boolean;
  /** A file that took a while is complete: the transfer should look again. */
  readonly handleChange: () => void;
  readonly limits?: Partial<FileLimits>;
  /** `writeSync`, or a test's own, that fails. */
  readonly write?: typeof writeSync;
}

export interface FileLimits {
  readonly fileBytesMax: number;
  /** All files of the folder, those that are not complete included. */
  readonly folderBytesMax: number;
  readonly filesMax: number;
  /** What files leave free on the disk, for readings come first. */
  readonly freeBytesMin: number;
}

const DEFAULT_LIMITS: FileLimits = {
  fileBytesMax: 64 * MEBIBYTE,
  folderBytesMax: 1_024 * MEBIBYTE,
  filesMax: 1_000,
  freeBytesMin: 64 * MEBIBYTE,
};

export class FileShelf implements BlobShelf {
  readonly #options: FileShelfOptions;
  readonly #limits: FileLimits;
  readonly #partials: string;

  constructor(options: FileShelfOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#partials = join(options.folder, PARTIAL_FOLDER);
  }

  readonly catalog: FileCatalog = {
    list: () => filesIn(this.#options.folder),
    remove: (name) => {
      this.openSource("file", name).close();
      rmSync(join(this.#options.folder, name));
    },
  };

  createHasher(): Hasher {
    return createHash("sha256");
  }

  openSource(purpose: BlobPurpose, name: string): BlobSource {
    const fault = fileNameFault(name);
    if (fault !== undefined) throw new BlobFault("refused", fault);
    if (purpose !== "file") throw new BlobFault("not-found", "there are only files here");
    return new FileSource(join(this.#options.folder, name));
  }

  openSink(content: BlobContent): BlobSink {
    if (content.purpose !== "file") throw new BlobFault("refused", "only files are taken here");
    const fault = fileNameFault(content.name);
    if (fault !== undefined) throw new BlobFault("refused", fault);
    try {
      return this.#openSink(content);
    } catch (error) {
      throw blobFault(error, "the file cannot be kept");
    }
  }

  #openSink(content: BlobContent): BlobSink {
    mkdirSync(this.#partials, { recursive: true });
    const partial = join(this.#partials, `${keyOf(content)}.part`);
    this.#clean(partial);
    const has = statOf(partial)?.size ?? 0;
    this.#expectRoom(content.sizeBytes, has);
    const { folder, isReplacing, handleChange, write = writeSync } = this.#options;
    const file = openSync(partial, has > 0 ? "r+" : "w+");
    return new FileSink({ file, partial, folder, content, isReplacing, handleChange, write });
  }

  #expectRoom(sizeBytes: number, hasBytes: number): void {
    const { fileBytesMax, folderBytesMax, filesMax, freeBytesMin } = this.#limits;
    if (sizeBytes > fileBytesMax) {
      throw new BlobFault("too-large", `a file may have ${fileBytesMax} bytes here`);
    }
    const kept = [...sizesIn(this.#options.folder), ...sizesIn(this.#partials)];
    const more = sizeBytes - hasBytes;
    if (kept.length >= filesMax || sum(kept) + more > folderBytesMax) {
      const text = `there is room for ${filesMax} files with ${folderBytesMax} bytes here, and it is taken`;
      throw new BlobFault("too-large", text);
    }
    const { bavail, bsize } = statfsSync(this.#partials);
    if (bavail * bsize - more < freeBytesMin) throw new BlobFault("no-space", "the disk is full");
  }

  /** Removes what nobody will go on with, but for `wanted`. */
  #clean(wanted: string): void {
    const found = readdirSync(this.#partials)
      .map((name) => join(this.#partials, name))
      .filter((path) => path !== wanted)
      .map((path) => ({ path, atMs: statOf(path)?.mtimeMs ?? 0 }))
      .sort((a, b) => b.atMs - a.atMs);
    const tooOldMs = Date.now() - PARTIAL_MS_MAX;
    for (const [index, { path, atMs }] of found.entries()) {
      if (index >= PARTIALS_MAX - 1 || atMs < tooOldMs) rmSync(path, { force: true });
    }
  }
}

/** What has come of one content is never continued with another's. */
function keyOf({ purpose, name, sizeBytes, sha256 }: BlobContent): string {
  return createHash("sha256")
    .update(JSON.stringify([purpose, name, sizeBytes, sha256]))
    .digest("hex");
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function filesIn(folder: string): { name: string; sizeBytes: number }[] {
  if (statOf(folder) === undefined) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && fileNameFault(entry.name) === undefined)
    .map(({ name }) => ({ name, sizeBytes: statOf(join(folder, name))?.size ?? 0 }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function sizesIn(folder: string): number[] {
  const found = readdirSync(folder).map((name) => statOf(join(folder, name)));
  return found.filter((each) => each?.isFile()).map((each) => each!.size);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
