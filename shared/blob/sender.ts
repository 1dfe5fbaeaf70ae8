// One file on its way to the other side. PROTOCOL 7.11.
//
// It is offered, and the receiver says from where on it wants it; then pieces go out as far as it grants.
// What is lost is found by acknowledgements that stay where they are, and sent again from there. Whenever
// in doubt (a link changed, nothing moved for too long, the receiver knows of nothing) it is offered
// again: that is all there is to resuming.

import type { ByteWriter } from "../bytes/cursor.ts";
import type { BlobPurpose, BlobStatus } from "../errors.ts";
import { writeChunkHead } from "../message/blob.ts";
import { encodeMessage } from "../message/encode.ts";
import type { ChunkAck } from "../message/message.ts";
import { RoundTrip } from "../session/round-trip.ts";
import { type BlobLink, chunkBytesMax } from "./blob-link.ts";
import { ContentHash } from "./content-hash.ts";
import { BlobFault, type BlobSource, type Hasher } from "./shelf.ts";

/** Nothing is lost on a reliable link, so what has not moved for so long was forgotten by the receiver. */
const STALL_MS = 15_000;

/** Pieces on their way on an unreliable link, before anything is known of it and at most. */
const CONGESTION_WINDOW_INITIAL = 4;
const CONGESTION_WINDOW_MAX = 16;

/** Acknowledgements that stay where they are and tell of a loss (RFC 5681 3.2). */
const DUPLICATES_OF_LOSS = 3;

/** Offers that a receiver may forget, or have no room for, in a row before it is left alone. */
const FORGOTTEN_MAX = 5;

export interface Outcome {
  readonly status: BlobStatus;
  readonly text: string;
}

export interface BlobSenderOptions {
  readonly id: number;
  readonly purpose: BlobPurpose;
  readonly name: string;
  /** Closed when the transfer ends. */
  readonly source: BlobSource;
  readonly hasher: Hasher;
}

export class BlobSender {
  readonly id: number;
  readonly purpose: BlobPurpose;
  readonly name: string;
  readonly sizeBytes: number;
  /** All before this byte is with the receiver. */
  acknowledged = 0;
  /** How it ended; undefined while it goes on. */
  outcome: Outcome | undefined;
  /** The other side knows of the end. */
  isEndKnown = false;
  /** The link that it uses; undefined while there is none. */
  link: BlobLink | undefined;

  readonly #source: BlobSource;
  readonly #hash: ContentHash;
  #sha256: string | undefined;
  #isOffering = true;
  #isOfferDue = true;
  /** The next byte to send, and the end of what the receiver grants. */
  #sent = 0;
  #windowEnd = 0;
  #congestionWindow = CONGESTION_WINDOW_INITIAL;
  #duplicates = 0;
  /** Went back for what was lost: older acknowledgements say nothing new. */
  #isRecovering = false;
  #forgotten = 0;
  #roundTrip = new RoundTrip();
  /** A piece that was sent once: where it ends, and when it went. */
  #timed: { readonly end: number; readonly sentAtMs: number } | undefined;
  #movedAtMs = 0;

  constructor({ id, purpose, name, source, hasher }: BlobSenderOptions) {
    this.id = id;
    this.purpose = purpose;
    this.name = name;
    this.sizeBytes = source.sizeBytes;
    this.#source = source;
    this.#hash = new ContentHash(hasher);
  }

  /** From here on it goes over this link, or waits for one. */
  useLink(link: BlobLink | undefined): void {
    this.link = link;
    this.#roundTrip = new RoundTrip();
    this.#congestionWindow = CONGESTION_WINDOW_INITIAL;
    this.offer();
  }

  /** Says once more what there is. */
  offer(): void {
    this.#isOffering = true;
    this.#isOfferDue = true;
    this.#timed = undefined;
  }

  handleAck({ next, windowBytes }: ChunkAck, nowMs: number): void {
    if (this.outcome !== undefined || this.#sha256 === undefined) return;
    if (next > this.sizeBytes) {
      this.end("failed", "the receiver has more than there is");
      return;
    }
    if (this.#isOffering) this.#handleAnswer(next, nowMs);
    else if (next > this.acknowledged) this.#handleProgress(next, nowMs);
    else if (next === this.acknowledged) this.#handleDuplicate();
    else return; // overtaken by a later one
    this.#windowEnd = next + windowBytes;
  }

  /** The receiver has ended the transfer, unless it is only not ready for it. */
  handleEnd(status: BlobStatus, text: string, nowMs: number): void {
    const isToWait = status === "busy";
    if ((status === "unknown" || isToWait) && this.#forgotten++ < FORGOTTEN_MAX) {
      this.offer();
      this.#isOfferDue = !isToWait;
      this.#movedAtMs = nowMs;
      return;
    }
    this.isEndKnown = this.outcome === undefined;
    this.end(status, text);
  }

  /** Ends the transfer; the first outcome stands. */
  end(status: BlobStatus, text: string): void {
    if (this.outcome !== undefined) return;
    this.outcome = { status, text };
    this.#source.close();
  }

  handleTimeout(nowMs: number): void {
    if (this.outcome !== undefined) return;
    if (this.#sha256 === undefined) this.#takeHash();
    const { link } = this;
    if (
      link === undefined ||
      this.#isOfferDue ||
      nowMs < this.#movedAtMs + this.#patienceMs(link)
    ) {
      return;
    }
    this.#roundTrip.handleTimeout();
    this.#congestionWindow = Math.max(this.#congestionWindow >> 1, 1);
    this.offer();
  }

  /** When `handleTimeout` should next be called; infinity for never. */
  pollTimeoutMs(): number {
    if (this.outcome !== undefined) return Number.POSITIVE_INFINITY;
    if (this.#sha256 === undefined) return 0;
    const { link } = this;
    if (link === undefined || this.#isOfferDue) return Number.POSITIVE_INFINITY;
    return this.#movedAtMs + this.#patienceMs(link);
  }

  /** Writes the next message. False where there is nothing to say. */
  writeNext(writer: ByteWriter, nowMs: number): boolean {
    if (this.outcome !== undefined || this.link === undefined || this.#sha256 === undefined) {
      return false;
    }
    if (!this.#isOffering) return this.#writeChunk(this.link, writer, nowMs);
    if (!this.#isOfferDue) return false;
    const { id, purpose, name, sizeBytes } = this;
    encodeMessage({ kind: "blob", id, purpose, name, sizeBytes, sha256: this.#sha256 }, writer);
    this.#isOfferDue = false;
    this.#movedAtMs = nowMs;
    return true;
  }

  #takeHash(): void {
    try {
      if (this.#hash.step(this.#source, this.sizeBytes)) this.#sha256 = this.#hash.digest();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof BlobFault) this.end(error.status, error.message);
    else this.end("failed", `${this.name} cannot be read: ${String(error)}`);
  }

  #handleAnswer(next: number, nowMs: number): void {
    this.#isOffering = false;
    this.#isOfferDue = false;
    this.#isRecovering = false;
    this.#duplicates = 0;
    this.#sent = next;
    if (next > this.acknowledged) this.#forgotten = 0;
    this.acknowledged = next;
    this.#movedAtMs = nowMs;
  }

  #handleProgress(next: number, nowMs: number): void {
    const timed = this.#timed;
    if (timed !== undefined && next >= timed.end) {
      this.#roundTrip.handleSample(nowMs - timed.sentAtMs);
      this.#timed = undefined;
    }
    this.acknowledged = next;
    this.#sent = Math.max(this.#sent, next);
    this.#movedAtMs = nowMs;
    this.#duplicates = 0;
    this.#isRecovering = false;
    this.#forgotten = 0;
    this.#congestionWindow = Math.min(this.#congestionWindow + 1, CONGESTION_WINDOW_MAX);
  }

  /** Something came behind a hole: all from the hole on goes again. */
  #handleDuplicate(): void {
    const isOnItsWay = this.#sent > this.acknowledged && this.link?.traits.isReliable === false;
    if (!isOnItsWay || this.#isRecovering || ++this.#duplicates < DUPLICATES_OF_LOSS) return;
    this.#isRecovering = true;
    this.#timed = undefined;
    this.#sent = this.acknowledged;
    this.#congestionWindow = Math.max(this.#congestionWindow >> 1, 1);
  }

  #patienceMs({ traits }: BlobLink): number {
    return traits.isReliable ? STALL_MS : this.#roundTrip.rtoMs;
  }

  #writeChunk(link: BlobLink, writer: ByteWriter, nowMs: number): boolean {
    const most = chunkBytesMax(link);
    const count = this.#countToSend(link, most);
    if (count === 0) return false;
    if (this.#sent === this.acknowledged) this.#movedAtMs = nowMs;
    const start = writer.position;
    writeChunkHead(writer, this.id, this.#sent);
    if (!this.#readInto(writer, count)) {
      writer.position = start;
      return false;
    }
    this.#sent += count;
    if (!this.#isRecovering) this.#timed ??= { end: this.#sent, sentAtMs: nowMs };
    return true;
  }

  #readInto(writer: ByteWriter, count: number): boolean {
    const { bytes, position } = writer;
    writer.position += count;
    try {
      const piece = bytes.subarray(position, writer.position);
      if (this.#source.read(this.#sent, piece) === count) return true;
      this.end("failed", `${this.name} is shorter than it was`);
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  /** A piece is cut short by the end of the file only, or where nothing else is on its way. */
  #countToSend({ traits }: BlobLink, most: number): number {
    let end = Math.min(this.#windowEnd, this.sizeBytes);
    if (!traits.isReliable) end = Math.min(end, this.acknowledged + this.#congestionWindow * most);
    const count = Math.min(most, end - this.#sent);
    if (count <= 0) return 0;
    const isShort = count < most && this.#sent + count < this.sizeBytes;
    return isShort && this.#sent > this.acknowledged ? 0 : count;
  }
}
