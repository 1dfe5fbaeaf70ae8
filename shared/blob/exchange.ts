// All files on their way between two sides, whichever of them this is. PROTOCOL 7.11.
//
// It outlives sessions: links come and go, and what was interrupted goes on over the next. Sans-I/O as
// the sessions are: after any call, ask `pollEvent` and `pollTimeoutMs`, and offer each link `writeNext`.

import type { ByteWriter } from "../bytes/cursor.ts";
import type { BlobPurpose, BlobStatus } from "../errors.ts";
import { encodeMessage } from "../message/encode.ts";
import type { Blob, BlobEnd, BlobMessage } from "../message/message.ts";
import type { LinkId } from "../session/link.ts";
import { type BlobLink, bestLink } from "./blob-link.ts";
import { IncomingBlobs } from "./incoming.ts";
import { OutgoingBlobs } from "./outgoing.ts";
import type { BlobReceiver } from "./receiver.ts";
import { BlobRequest } from "./request.ts";
import { BlobSender, type Outcome } from "./sender.ts";
import { BlobFault, type BlobShelf, type BlobSource } from "./shelf.ts";

/** Ends that wait for room, and ends that are remembered for a sender that did not hear them: the oldest goes. */
const ENDS_MAX = 8;

export interface BlobExchangeOptions {
  readonly shelf: BlobShelf;
  /** Bytes of one file that may be on their way to this side. */
  readonly windowBytes: number;
}

/** What there is to tell of one file. */
export interface BlobView {
  readonly id: number;
  readonly isIncoming: boolean;
  readonly purpose: BlobPurpose;
  readonly name: string;
  /** Undefined where it was asked for and nothing is known of it yet. */
  readonly sizeBytes: number | undefined;
  /** Of them, those that the receiver has. */
  readonly doneBytes: number;
}

/** A transfer has ended; the text is the name under which it is kept, or what happened. */
export interface BlobEvent extends BlobView {
  readonly status: BlobStatus;
  readonly text: string;
}

export class BlobExchange {
  readonly #shelf: BlobShelf;
  readonly #links = new Map<LinkId, BlobLink>();
  readonly #outgoing = new OutgoingBlobs();
  readonly #incoming: IncomingBlobs;
  /** To be told; the link is that on which the other side spoke of it. */
  readonly #ends: { readonly link: LinkId; readonly end: BlobEnd }[] = [];
  readonly #remembered: BlobEnd[] = [];
  readonly #events: BlobEvent[] = [];
  #best: BlobLink | undefined;

  constructor({ shelf, windowBytes }: BlobExchangeOptions) {
    this.#shelf = shelf;
    this.#incoming = new IncomingBlobs(shelf, windowBytes);
  }

  /** This side began nothing that is still to come about: what the other sends, it will offer again. */
  get isForgettable(): boolean {
    return this.#incoming.requests.size === 0 && this.#outgoing.all().length === 0;
  }

  /** All that is on its way, or waits for its turn. */
  views(): BlobView[] {
    const requests = [...this.#incoming.requests.values()];
    return [
      ...this.#outgoing.all().map(viewOfSender),
      ...[...this.#incoming.receivers.values()].map(viewOfReceiver),
      ...requests.filter(({ id }) => !this.#incoming.receivers.has(id)).map(viewOfRequest),
    ];
  }

  /**
   * Sends a file. `id`: 32 random bits. False where too many wait already; the source is then closed, as
   * it is once the transfer has ended.
   */
  send(id: number, purpose: BlobPurpose, name: string, source: BlobSource): boolean {
    const sender = new BlobSender({
      id,
      purpose,
      name,
      source,
      hasher: this.#shelf.createHasher(),
    });
    if (this.#outgoing.add(sender)) return true;
    source.close();
    return false;
  }

  /** Asks for a file. `id`: 32 random bits. False where too many are asked for already. */
  ask(id: number, purpose: BlobPurpose, name: string): boolean {
    return this.#incoming.ask(new BlobRequest(id, purpose, name));
  }

  /** Ends a transfer, whichever way it goes. */
  cancel(id: number): void {
    const one = this.#outgoing.find(id) ?? this.#incoming.receivers.get(id);
    if (one !== undefined) one.end("cancelled", "cancelled");
    else this.#endRequest(id, { status: "cancelled", text: "cancelled" });
    this.#settle();
  }

  /** A link stands, or stands again: what was under way goes on. */
  handleLinkUp(link: BlobLink): void {
    this.#links.delete(link.id);
    this.#links.set(link.id, link);
    this.#chooseLink();
  }

  handleLinkDown(id: LinkId): void {
    if (!this.#links.delete(id)) return;
    this.#incoming.handleLinkDown(id);
    this.#chooseLink();
  }

  handleMessage(link: LinkId, message: BlobMessage, nowMs: number): void {
    switch (message.kind) {
      case "blob":
        this.#handleBlob(link, message, nowMs);
        break;
      case "chunk":
        if (!this.#incoming.handleChunk(message, link, nowMs)) this.#tellAgain(link, message.id);
        break;
      case "chunk-ack":
        this.#outgoing.find(message.id)?.handleAck(message, nowMs);
        break;
      case "blob-end":
        this.#handleEnd(message, nowMs);
    }
    this.#settle();
  }

  handleTimeout(nowMs: number): void {
    this.#outgoing.handleTimeout(nowMs);
    this.#incoming.handleTimeout();
    if (this.#best !== undefined) {
      this.#incoming.handleRequests(this.#best.traits.isReliable, nowMs);
    }
    this.#settle();
  }

  /** When `handleTimeout` should next be called: 0 for at once, infinity for never. */
  pollTimeoutMs(): number {
    const dueMs = this.#incoming.pollTimeoutMs(this.#best?.traits.isReliable ?? true);
    return Math.min(dueMs, this.#outgoing.pollTimeoutMs());
  }

  pollEvent(): BlobEvent | undefined {
    return this.#events.shift();
  }

  /** Writes the next message for a link. False where there is nothing to say on it. */
  writeNext(link: LinkId, writer: ByteWriter, nowMs: number): boolean {
    if (this.#writeEnd(link, writer) || this.#incoming.writeAck(link, writer)) return true;
    if (link !== this.#best?.id) return false;
    if (this.#incoming.writeRequest(writer, nowMs)) return true;
    if (this.#outgoing.writeNext(writer, nowMs)) return true;
    this.#settle(); // a source may have failed
    return this.#writeEnd(link, writer);
  }

  /** This side stops: what came is kept, files are closed. */
  close(): void {
    for (const receiver of this.#incoming.receivers.values()) receiver.leave();
    for (const sender of this.#outgoing.all()) sender.end("cancelled", "this side stops");
  }

  #chooseLink(): void {
    this.#best = bestLink(this.#links.values());
    this.#outgoing.useLink(this.#best);
    for (const request of this.#incoming.requests.values()) request.isDue = true;
  }

  #handleBlob(link: LinkId, blob: Blob, nowMs: number): void {
    const { id, purpose, name, sizeBytes, sha256 } = blob;
    if (this.#remembered.some((end) => end.id === id)) {
      this.#tellAgain(link, id);
      return;
    }
    const isOffer = sizeBytes !== null && sha256 !== null;
    const outcome = isOffer
      ? this.#incoming.handleOffer(id, { purpose, name, sizeBytes, sha256 }, link, nowMs)
      : this.#give(blob);
    if (outcome === undefined) return;
    this.#tell(link, { kind: "blob-end", id, ...outcome });
    if (!isOffer) return;
    this.#incoming.requests.delete(id);
    this.#events.push({ id, isIncoming: true, purpose, name, sizeBytes, doneBytes: 0, ...outcome });
  }

  /** Sends what the other side asked for. Returns why not, or undefined where it does. */
  #give({ id, purpose, name }: Blob): Outcome | undefined {
    const known = this.#outgoing.find(id);
    if (known !== undefined) {
      known.offer();
      return undefined;
    }
    try {
      const isTaken = this.send(id, purpose, name, this.#shelf.openSource(purpose, name));
      return isTaken ? undefined : { status: "busy", text: "too many files at once" };
    } catch (error) {
      if (error instanceof BlobFault) return { status: error.status, text: error.message };
      return { status: "failed", text: `${name} cannot be read: ${String(error)}` };
    }
  }

  #handleEnd({ id, status, text }: BlobEnd, nowMs: number): void {
    const sender = this.#outgoing.find(id);
    const receiver = this.#incoming.receivers.get(id);
    if (sender !== undefined) sender.handleEnd(status, text, nowMs);
    else if (receiver !== undefined) receiver.handleEnd(status, text);
    else this.#endRequest(id, { status, text });
  }

  #endRequest(id: number, outcome: Outcome): void {
    const request = this.#incoming.requests.get(id);
    if (request === undefined) return;
    this.#incoming.requests.delete(id);
    this.#events.push({ ...viewOfRequest(request), ...outcome });
  }

  /** Forgets what has ended, tells the other side where it does not know, and whoever watches here. */
  #settle(): void {
    const outgoing = this.#outgoing;
    for (let one = outgoing.takeEnded(); one !== undefined; one = outgoing.takeEnded()) {
      this.#events.push({ ...viewOfSender(one), ...one.outcome! });
      if (!one.isEndKnown && one.link !== undefined) {
        this.#tell(one.link.id, { kind: "blob-end", id: one.id, ...one.outcome! });
      }
    }
    const incoming = this.#incoming;
    for (let one = incoming.takeEnded(); one !== undefined; one = incoming.takeEnded()) {
      this.#settleReceiver(one);
    }
  }

  #settleReceiver(one: BlobReceiver): void {
    this.#incoming.requests.delete(one.id);
    this.#events.push({ ...viewOfReceiver(one), ...one.outcome! });
    if (one.isEndKnown) return;
    const end = { kind: "blob-end", id: one.id, ...one.outcome! } as const;
    this.#remembered.push(end);
    if (this.#remembered.length > ENDS_MAX) this.#remembered.shift();
    if (one.link !== undefined) this.#tell(one.link, end);
  }

  #tell(link: LinkId, end: BlobEnd): void {
    if (this.#ends.some((other) => other.end.id === end.id && other.link === link)) return;
    this.#ends.push({ link, end });
    if (this.#ends.length > ENDS_MAX) this.#ends.shift(); // it will be asked for again
  }

  /** A sender speaks of what is no more: of what has ended, or of what nobody knows here. */
  #tellAgain(link: LinkId, id: number): void {
    const end = this.#remembered.find((remembered) => remembered.id === id);
    this.#tell(link, end ?? { kind: "blob-end", id, status: "unknown", text: "" });
  }

  #writeEnd(link: LinkId, writer: ByteWriter): boolean {
    const index = this.#ends.findIndex((waiting) => waiting.link === link);
    if (index < 0) return false;
    const [waiting] = this.#ends.splice(index, 1);
    encodeMessage(waiting!.end, writer);
    return true;
  }
}

function viewOfSender(sender: BlobSender): BlobView {
  const { id, purpose, name, sizeBytes, acknowledged: doneBytes } = sender;
  return { id, isIncoming: false, purpose, name, sizeBytes, doneBytes };
}

function viewOfReceiver({ id, content, received: doneBytes }: BlobReceiver): BlobView {
  const { purpose, name, sizeBytes } = content;
  return { id, isIncoming: true, purpose, name, sizeBytes, doneBytes };
}

function viewOfRequest({ id, purpose, name }: BlobRequest): BlobView {
  return { id, isIncoming: true, purpose, name, sizeBytes: undefined, doneBytes: 0 };
}
