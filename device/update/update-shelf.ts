// Updates as they come over a session: a blob of purpose "firmware" (PROTOCOL 7.12) into the second slot.
// A slot cannot be read, so what came is hashed as it comes, and goes on where it was for as long as this
// life lasts.

import { ContentHash } from "../../shared/blob/content-hash.ts";
import {
  type BlobContent,
  BlobFault,
  type BlobSink,
  isSameContent,
} from "../../shared/blob/shelf.ts";
import { FirmwareUpdate, type UpdateState } from "./firmware-update.ts";
import type { UpdateMachine } from "./machine.ts";
import { decodeUpdateHead, UPDATE_HEAD_BYTES_MAX } from "./package.ts";

export class UpdateShelf {
  readonly #machine: UpdateMachine;
  readonly #update: FirmwareUpdate;
  /** The last that was begun. */
  #sink: UpdateSink | undefined;

  constructor(machine: UpdateMachine, publicKey: string) {
    this.#machine = machine;
    this.#update = new FirmwareUpdate({ machine, publicKey });
  }

  /** Goes on with what came of the same content before. Throws a BlobFault where none is taken now. */
  openSink(content: BlobContent): BlobSink {
    const known = this.#sink;
    if (known?.isFor(content) && !known.isDiscarded) return known;
    if (this.#update.state.kind === "ready") {
      throw new BlobFault("refused", "an update waits for the restart already");
    }
    known?.discard();
    const hash = new ContentHash(this.#machine.crypto.createSha256());
    this.#sink = new UpdateSink(this.#update, content, hash);
    return this.#sink;
  }
}

class UpdateSink implements BlobSink {
  length = 0;
  isDiscarded = false;
  readonly hash: ContentHash;
  readonly #update: FirmwareUpdate;
  readonly #content: BlobContent;
  /** What came, until it is a whole head. */
  #head: Uint8Array | undefined = new Uint8Array(UPDATE_HEAD_BYTES_MAX);
  #headBytes = 0;

  constructor(update: FirmwareUpdate, content: BlobContent, hash: ContentHash) {
    this.#update = update;
    this.#content = content;
    this.hash = hash;
  }

  isFor(content: BlobContent): boolean {
    return isSameContent(this.#content, content);
  }

  append(bytes: Uint8Array): void {
    if (this.isDiscarded) throw new BlobFault("cancelled", "another update took its place");
    const taken = this.#head === undefined ? 0 : this.#takeHead(this.#head, bytes);
    if (taken < bytes.length) {
      const offset = this.length + taken - this.#headBytes;
      expectGood(this.#update.handlePiece(offset, bytes.subarray(taken)));
    }
    this.length += bytes.length;
  }

  read(): never {
    throw new Error("a slot for firmware is not read");
  }

  complete(): string {
    if (this.#update.state.kind === "ready") return this.#content.name;
    throw new BlobFault("refused", "this is no update, or not all of one");
  }

  discard(): void {
    if (this.isDiscarded) return; // another may be under way by now
    this.isDiscarded = true;
    this.#update.abort();
  }

  /** What came stays in the slot. */
  close(): void {}

  /** Returns how many of the bytes are of the head. */
  #takeHead(head: Uint8Array, bytes: Uint8Array): number {
    const count = Math.min(bytes.length, head.length - this.length);
    head.set(bytes.subarray(0, count), this.length);
    const decoded = decodeUpdateHead(head.subarray(0, this.length + count));
    if (decoded.kind === "none") {
      throw new BlobFault("refused", "this is no update: `senda firmware sign` makes one");
    }
    if (decoded.kind === "short") return bytes.length;
    const { manifest, headBytes } = decoded;
    if (headBytes + manifest.bytes !== this.#content.sizeBytes) {
      throw new BlobFault("refused", "the image is not as long as its head says");
    }
    expectGood(this.#update.begin(manifest));
    this.#head = undefined;
    this.#headBytes = headBytes;
    return headBytes - this.length;
  }
}

function expectGood(state: UpdateState): void {
  if (state.kind === "refused") throw new BlobFault("refused", state.why);
}
