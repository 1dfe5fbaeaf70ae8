// Frames kept as files: a frame that is a file's contents, as the teaching material's file transfer
// sends it. Names are made here, never taken from a client. A file appears whole or not at all.

import { createHash } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { KEPT_FILES_BYTES_MAX } from "./limits.ts";

export interface KeptFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export class KeptFiles {
  readonly #folder: string;
  #bytesLeft = KEPT_FILES_BYTES_MAX;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves once the file is on disk, or with why it is not. */
  async keep(bytes: Uint8Array, nowMs: number): Promise<KeptFile | string> {
    if (bytes.length > this.#bytesLeft) {
      return `the input has kept its ${KEPT_FILES_BYTES_MAX} bytes of files; make room in ${this.#folder} and start the collector anew`;
    }
    this.#bytesLeft -= bytes.length;
    const time = new Date(nowMs).toISOString().replace(/[-:]/g, "");
    const name = `${time}-${++this.#count}.bin`;
    try {
      await this.#write(join(this.#folder, name), bytes);
    } catch (error) {
      this.#bytesLeft += bytes.length;
      return `the file could not be kept: ${(error as Error).message}`;
    }
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { file: name, bytes: bytes.length, sha256 };
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const part = `${path}.part`;
    try {
      const file = await open(part, "wx");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }
}
