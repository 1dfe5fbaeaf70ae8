// The files of a board: a folder of its flash. A file appears under its name when it is whole; what has
// come of one so far is beside it under a name that none can have (shared/blob/name.ts).

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
import { crc32c } from "../../shared/bytes/crc32c.ts";
import { encodeUtf8 } from "../../shared/bytes/utf8.ts";
import type { BlobPurpose } from "../../shared/errors.ts";
import type { Directory, OpenFile } from "./directory.ts";

const PARTIAL_PREFIX = ".part-";

/** A cut of the power costs no more than this of a file that comes; each flush wears the flash. */
const FLUSH_BYTES = 16_384;

export class DirectoryShelf implements BlobShelf {
  readonly #directory: Directory;
  readonly #createHasher: () => Hasher;
  /** Names of those that are being written. */
  readonly #partials = new Set<string>();

  constructor(directory: Directory, createHasher: () => Hasher) {
    this.#directory = directory;
    this.#createHasher = createHasher;
  }

  readonly catalog: FileCatalog = {
    list: () =>
      [...this.#directory.scan()]
        .filter((name) => fileNameFault(name) === undefined)
        .sort()
        .map((name) => ({ name, sizeBytes: this.#sizeOf(name) })),
    remove: (name) => {
      this.#sizeOf(name);
      this.#directory.delete(name);
    },
  };

  createHasher(): Hasher {
    return this.#createHasher();
  }

  openSource(purpose: BlobPurpose, name: string): BlobSource {
    expectFile(purpose, name);
    const file = openIfThere(this.#directory, name, "r");
    if (file === undefined) throw new BlobFault("not-found", "there is no such file");
    return {
      sizeBytes: file.status().size,
      read: (offset, into) => file.read(into, offset),
      close: () => file.close(),
    };
  }

  openSink(content: BlobContent): BlobSink {
    expectFile(content.purpose, content.name);
    const partial = partialOf(content);
    this.#clean(partial);
    const directory = this.#directory;
    try {
      const file =
        openIfThere(directory, partial, "r+") ?? directory.openFile({ path: partial, mode: "w+" });
      this.#partials.add(partial);
      const handleEnd = () => this.#partials.delete(partial);
      return new DirectorySink({ directory, file, partial, name: content.name, handleEnd });
    } catch (error) {
      throw noSpace(error);
    }
  }

  /** Throws where there is no such file. */
  #sizeOf(name: string): number {
    const source = this.openSource("file", name);
    source.close();
    return source.sizeBytes;
  }

  /** There is little room: of what was interrupted only that is kept which goes on. */
  #clean(wanted: string): void {
    const found = [...this.#directory.scan()];
    for (const name of found) {
      const isLeft = name.startsWith(PARTIAL_PREFIX) && name !== wanted;
      if (isLeft && !this.#partials.has(name)) this.#directory.delete(name);
    }
  }
}

interface SinkOptions {
  readonly directory: Directory;
  readonly file: OpenFile;
  readonly partial: string;
  readonly name: string;
  readonly handleEnd: () => void;
}

class DirectorySink implements BlobSink {
  length: number;
  readonly #options: SinkOptions;
  #flushed: number;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.length = options.file.status().size;
    this.#flushed = this.length;
  }

  append(bytes: Uint8Array): void {
    const { file } = this.#options;
    const end = this.length + bytes.length;
    try {
      file.write(bytes, this.length);
      if (end >= this.#flushed + FLUSH_BYTES) {
        file.flush();
        this.#flushed = end;
      }
    } catch (error) {
      throw noSpace(error);
    }
    if (file.status().size < end) throw noSpace(undefined);
    this.length = end;
  }

  read(offset: number, into: Uint8Array): number {
    return this.#options.file.read(into, offset);
  }

  complete(): string {
    const { directory, file, partial, name } = this.#options;
    file.flush();
    this.close();
    directory.move(partial, name);
    return name;
  }

  discard(): void {
    this.close();
    this.#options.directory.delete(this.#options.partial);
  }

  close(): void {
    this.#options.file.close();
    this.#options.handleEnd();
  }
}

function expectFile(purpose: BlobPurpose, name: string): void {
  if (purpose !== "file") throw new BlobFault("refused", "only files are kept here");
  const fault = fileNameFault(name);
  if (fault !== undefined) throw new BlobFault("refused", fault);
}

function openIfThere(directory: Directory, path: string, mode: "r" | "r+"): OpenFile | undefined {
  try {
    return directory.openFile({ path, mode });
  } catch {
    return undefined;
  }
}

/** The platforms do not say why a write failed; on a board it is full as a rule. */
function noSpace(cause: unknown): BlobFault {
  return new BlobFault("no-space", "the device's storage takes no more", cause);
}

/** Short enough for littlefs; the hash at the end tells contents apart that share it. */
function partialOf({ name, sizeBytes, sha256 }: BlobContent): string {
  const mark = crc32c(encodeUtf8(name)).toString(16);
  return `${PARTIAL_PREFIX}${sha256.slice(0, 32)}-${sizeBytes}-${mark}`;
}
