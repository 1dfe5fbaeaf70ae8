// A shelf in memory whose disk may fail: what a side keeps through its restarts.

import { createHash } from "node:crypto";
import {
  type BlobContent,
  BlobFault,
  type BlobShelf,
  type BlobSink,
  type BlobSource,
} from "../../shared/blob/shelf.ts";
import type { BlobPurpose } from "../../shared/errors.ts";

interface Partial {
  bytes: Uint8Array;
  length: number;
}

export class MemoryShelf implements BlobShelf {
  readonly files = new Map<string, Uint8Array>();
  readonly partials = new Map<string, Partial>();
  /** Throws where the disk fails now. */
  strike: () => void = () => undefined;
  /** Sinks and sources that are open. */
  open = 0;
  /** Times that `complete` answers "not yet". */
  completionDelays = 0;

  createHasher() {
    return createHash("sha256");
  }

  openSource(_purpose: BlobPurpose, name: string): BlobSource {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new BlobFault("not-found", "there is no such file");
    return this.sourceOf(bytes);
  }

  sourceOf(bytes: Uint8Array): BlobSource {
    this.open++;
    return {
      sizeBytes: bytes.length,
      read: (offset, into) => {
        this.strike();
        const piece = bytes.subarray(offset, offset + into.length);
        into.set(piece);
        return piece.length;
      },
      close: () => {
        this.open--;
      },
    };
  }

  openSink(content: BlobContent): BlobSink {
    this.strike();
    const key = JSON.stringify([content.name, content.sizeBytes, content.sha256, content.purpose]);
    const partial = this.partials.get(key) ?? {
      bytes: new Uint8Array(content.sizeBytes),
      length: 0,
    };
    this.partials.set(key, partial);
    this.open++;
    return new MemorySink(this, key, partial, content.name);
  }
}

class MemorySink implements BlobSink {
  readonly #shelf: MemoryShelf;
  readonly #key: string;
  readonly #partial: Partial;
  readonly #name: string;
  #delays: number;
  #isOpen = true;

  constructor(shelf: MemoryShelf, key: string, partial: Partial, name: string) {
    this.#shelf = shelf;
    this.#key = key;
    this.#partial = partial;
    this.#name = name;
    this.#delays = shelf.completionDelays;
  }

  get length(): number {
    return this.#partial.length;
  }

  append(bytes: Uint8Array): void {
    this.#expectOpen();
    this.#shelf.strike();
    this.#partial.bytes.set(bytes, this.#partial.length);
    this.#partial.length += bytes.length;
  }

  read(offset: number, into: Uint8Array): number {
    this.#expectOpen();
    this.#shelf.strike();
    const { bytes, length } = this.#partial;
    const piece = bytes.subarray(offset, Math.min(offset + into.length, length));
    into.set(piece);
    return piece.length;
  }

  complete(): string | undefined {
    this.#expectOpen();
    if (this.#delays-- > 0) return undefined;
    this.#shelf.strike();
    this.#shelf.files.set(this.#name, this.#partial.bytes);
    this.#shelf.partials.delete(this.#key);
    this.#end();
    return this.#name;
  }

  discard(): void {
    this.#shelf.partials.delete(this.#key);
    this.#end();
  }

  close(): void {
    this.#end();
  }

  #end(): void {
    this.#expectOpen();
    this.#isOpen = false;
    this.#shelf.open--;
  }

  #expectOpen(): void {
    if (!this.#isOpen) throw new Error("the test: a sink is used after its end");
  }
}
