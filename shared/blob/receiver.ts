// One file on its way from the other side. PROTOCOL 7.11.
//
// Bytes are kept in order as they come, and only what is kept is told of. At the end the hash decides:
// a file is there whole and right, or not at all.

import type { ByteWriter } from "../bytes/cursor.ts";
import type { BlobStatus } from "../errors.ts";
import { encodeMessage } from "../message/encode.ts";
import type { Chunk } from "../message/message.ts";
import type { LinkId } from "../session/link.ts";
import { ContentHash } from "./content-hash.ts";
import type { Outcome } from "./sender.ts";
import { type BlobContent, BlobFault, type BlobSink, type Hasher } from "./shelf.ts";

export class BlobReceiver {
  /** The sender's number for it; another where it begins anew. */
  id: number;
  readonly content: BlobContent;
  /** The link that the last piece or offer came on; undefined once it is gone. */
  link: LinkId | undefined;
  heardAtMs = 0;
  /** How it ended; undefined while it goes on. */
  outcome: Outcome | undefined;
  /** The other side knows of the end, or is not there to be told. */
  isEndKnown = false;

  readonly #sink: BlobSink;
  readonly #windowBytes: number;
  readonly #hash: ContentHash;
  #isAckDue = true;
  #isRight = false;

  /** `sink` may hold the beginning of the same content already. */
  constructor(
    { id, content }: { readonly id: number; readonly content: BlobContent },
    { sink, hasher }: { readonly sink: BlobSink; readonly hasher: Hasher },
    windowBytes: number,
  ) {
    this.id = id;
    this.content = content;
    this.#sink = sink;
    this.#windowBytes = windowBytes;
    this.#hash = sink.hash ?? new ContentHash(hasher);
  }

  /** Bytes that are kept. */
  get received(): number {
    return this.#sink.length;
  }

  /** The same content is offered again: by a sender that has lost sight of it, or that began anew. */
  handleOffer(id: number): void {
    this.id = id;
    this.#isAckDue = true;
  }

  handleChunk({ offset, body }: Chunk): void {
    if (this.outcome !== undefined) return;
    this.#isAckDue = true;
    const next = this.#sink.length;
    const end = offset + body.length;
    if (end > this.content.sizeBytes) {
      this.end("refused", "there are more bytes than were offered");
    } else if (offset <= next && end > next && end <= next + this.#window()) {
      this.#keep(body.subarray(next - offset));
    }
  }

  /** Goes on with what takes a while: the hash of what was there before, the file's last step. */
  handleTimeout(): void {
    if (this.outcome !== undefined) return;
    try {
      if (!this.#hash.step(this.#sink, this.#sink.length)) return;
      if (this.#sink.length === this.content.sizeBytes) this.#complete();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** There is something to do that waits for nobody. */
  get isAtWork(): boolean {
    if (this.outcome !== undefined || this.#isRight) return false;
    const { length } = this.#sink;
    return this.#hash.hashedBytes < length || length === this.content.sizeBytes;
  }

  /** Writes an acknowledgement that is owed. False where none is. */
  writeNext(writer: ByteWriter): boolean {
    if (!this.#isAckDue || this.outcome !== undefined) return false;
    this.#isAckDue = false;
    const { length } = this.#sink;
    encodeMessage(
      { kind: "chunk-ack", id: this.id, next: length, windowBytes: this.#window() },
      writer,
    );
    return true;
  }

  /** Ends the transfer; what came is kept for another try, unless it is of no use or in the way. */
  end(status: BlobStatus, text: string): void {
    if (this.outcome !== undefined) return;
    this.outcome = { status, text };
    const isKept = status === "failed" || status === "unknown";
    try {
      if (isKept) this.#sink.close();
      else this.#sink.discard();
    } catch {
      // it has ended with a reason already
    }
  }

  /** Nobody waits for it any more: what came is kept for another time, and nobody is told. */
  leave(): void {
    this.handleEnd("unknown", "");
  }

  /** The sender has ended the transfer. */
  handleEnd(status: BlobStatus, text: string): void {
    this.isEndKnown = this.outcome === undefined;
    this.end(status, text);
  }

  #window(): number {
    return Math.min(this.#windowBytes, this.content.sizeBytes - this.#sink.length);
  }

  #keep(bytes: Uint8Array): void {
    const isHashedSoFar = this.#hash.hashedBytes === this.#sink.length;
    try {
      this.#sink.append(bytes);
      if (isHashedSoFar) this.#hash.update(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #complete(): void {
    if (!this.#isRight && this.#hash.digest() !== this.content.sha256) {
      this.end("corrupt", "what came has another SHA-256 than what was offered");
      return;
    }
    this.#isRight = true;
    const name = this.#sink.complete();
    if (name !== undefined) this.outcome = { status: "done", text: name };
  }

  #fail(error: unknown): void {
    if (error instanceof BlobFault) this.end(error.status, error.message);
    else this.end("failed", `${this.content.name} cannot be kept: ${String(error)}`);
  }
}
