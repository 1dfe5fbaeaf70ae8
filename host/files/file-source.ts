// A file of this machine that is sent.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { BlobFault, type BlobSource } from "../../shared/blob/shelf.ts";
import { BLOB_BYTES_MAX } from "../../shared/limits.ts";
import { blobFault } from "./blob-fault.ts";

export class FileSource implements BlobSource {
  readonly sizeBytes: number;
  readonly #file: number;

  /** Throws a BlobFault where there is no such file, or it is no plain file, or too large to be sent. */
  constructor(path: string) {
    try {
      this.#file = openSync(path, "r");
    } catch (error) {
      throw blobFault(error, "the file cannot be read");
    }
    const status = fstatSync(this.#file);
    this.sizeBytes = status.size;
    if (status.isFile() && status.size <= BLOB_BYTES_MAX) return;
    this.close();
    throw status.isFile()
      ? new BlobFault("too-large", `at most ${BLOB_BYTES_MAX} bytes can be sent`)
      : new BlobFault("not-found", "there is no such file");
  }

  read(offset: number, into: Uint8Array): number {
    try {
      return readSync(this.#file, into, 0, into.length, offset);
    } catch (error) {
      throw blobFault(error, "the file cannot be read");
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
