// The files that this side receives, and those that it asks for. PROTOCOL 7.11.

import type { ByteWriter } from "../bytes/cursor.ts";
import { BLOBS_AT_ONCE_MAX } from "../limits.ts";
import { encodeMessage } from "../message/encode.ts";
import type { Chunk } from "../message/message.ts";
import type { LinkId } from "../session/link.ts";
import { fileNameFault } from "./name.ts";
import { BlobReceiver } from "./receiver.ts";
import type { BlobRequest } from "./request.ts";
import type { Outcome } from "./sender.ts";
import { type BlobContent, BlobFault, type BlobShelf, isSameContent } from "./shelf.ts";

/** A receiver whose sender was not heard for so long makes room for another. */
const IDLE_MS = 30_000;

/** Files that this side may wait for at a time. */
const REQUESTS_MAX = 8;

export class IncomingBlobs {
  readonly receivers = new Map<number, BlobReceiver>();
  readonly requests = new Map<number, BlobRequest>();
  readonly #shelf: BlobShelf;
  readonly #windowBytes: number;

  constructor(shelf: BlobShelf, windowBytes: number) {
    this.#shelf = shelf;
    this.#windowBytes = windowBytes;
  }

  /** Takes a request to make. False where too many wait already. */
  ask(request: BlobRequest): boolean {
    if (this.requests.size >= REQUESTS_MAX) return false;
    this.requests.set(request.id, request);
    return true;
  }

  /** Returns why the content is not taken, or undefined where it is. */
  handleOffer(id: number, content: BlobContent, link: LinkId, nowMs: number): Outcome | undefined {
    const known = this.#findSame(content) ?? this.#receive(id, content, nowMs);
    if (!(known instanceof BlobReceiver)) return known;
    this.receivers.delete(known.id);
    this.receivers.set(id, known);
    known.handleOffer(id);
    known.link = link;
    known.heardAtMs = nowMs;
    return undefined;
  }

  /** False where nothing is known of such a transfer. */
  handleChunk(chunk: Chunk, link: LinkId, nowMs: number): boolean {
    const receiver = this.receivers.get(chunk.id);
    if (receiver === undefined) return false;
    receiver.link = link;
    receiver.heardAtMs = nowMs;
    receiver.handleChunk(chunk);
    return true;
  }

  handleLinkDown(link: LinkId): void {
    for (const receiver of this.receivers.values()) {
      if (receiver.link === link) receiver.link = undefined;
    }
  }

  handleTimeout(): void {
    for (const receiver of this.receivers.values()) receiver.handleTimeout();
  }

  /** Where a file was asked for, nothing of it came, and it should be asked for once more. */
  handleRequests(isReliable: boolean, nowMs: number): void {
    for (const request of this.requests.values()) {
      const heardAtMs = this.receivers.get(request.id)?.heardAtMs ?? Number.NEGATIVE_INFINITY;
      request.handleTimeout(isReliable, heardAtMs, nowMs);
    }
  }

  pollTimeoutMs(isReliable: boolean): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const receiver of this.receivers.values()) if (receiver.isAtWork) return 0;
    for (const request of this.requests.values()) {
      dueMs = Math.min(dueMs, request.pollTimeoutMs(isReliable));
    }
    return dueMs;
  }

  /** Writes an acknowledgement that is owed on the link. False where none is. */
  writeAck(link: LinkId, writer: ByteWriter): boolean {
    for (const receiver of this.receivers.values()) {
      if (receiver.link === link && receiver.writeNext(writer)) return true;
    }
    return false;
  }

  /** Writes a request that is due. False where none is. */
  writeRequest(writer: ByteWriter, nowMs: number): boolean {
    for (const request of this.requests.values()) {
      if (!request.isDue) continue;
      request.handleAsked(nowMs);
      const { id, purpose, name } = request;
      encodeMessage({ kind: "blob", id, purpose, name, sizeBytes: null, sha256: null }, writer);
      return true;
    }
    return false;
  }

  /** One that has ended; it is forgotten here. */
  takeEnded(): BlobReceiver | undefined {
    for (const [id, receiver] of this.receivers) {
      if (receiver.outcome === undefined) continue;
      this.receivers.delete(id);
      return receiver;
    }
    return undefined;
  }

  #findSame(content: BlobContent): BlobReceiver | undefined {
    for (const receiver of this.receivers.values()) {
      if (receiver.outcome === undefined && isSameContent(receiver.content, content)) {
        return receiver;
      }
    }
    return undefined;
  }

  #receive(id: number, content: BlobContent, nowMs: number): BlobReceiver | Outcome {
    const request = this.requests.get(id);
    const isOther = request !== undefined && !request.isFor(content);
    const text = isOther ? "another file was asked for" : fileNameFault(content.name);
    if (text !== undefined) return { status: "refused", text };
    this.receivers.get(id)?.leave(); // its sender has another content now
    this.receivers.delete(id);
    if (!this.#makeRoom(nowMs)) return { status: "busy", text: "too many files at once" };
    try {
      const hasher = this.#shelf.createHasher();
      const sink = this.#shelf.openSink(content);
      return new BlobReceiver({ id, content }, { sink, hasher }, this.#windowBytes);
    } catch (error) {
      if (error instanceof BlobFault) return { status: error.status, text: error.message };
      return { status: "failed", text: `${content.name} cannot be kept: ${String(error)}` };
    }
  }

  #makeRoom(nowMs: number): boolean {
    if (this.receivers.size < BLOBS_AT_ONCE_MAX) return true;
    for (const [id, receiver] of this.receivers) {
      if (receiver.link !== undefined && nowMs < receiver.heardAtMs + IDLE_MS) continue;
      receiver.leave();
      this.receivers.delete(id);
      return true;
    }
    return false;
  }
}
