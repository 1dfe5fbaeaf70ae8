// The files of all devices: one exchange a device (shared/blob/exchange.ts), made when it is needed, for
// of ten thousand devices few speak of files at a time. It outlives sessions and links.

import { randomInt } from "node:crypto";
import type { BlobLink } from "../../shared/blob/blob-link.ts";
import { type BlobEvent, BlobExchange, type BlobView } from "../../shared/blob/exchange.ts";
import { type BlobSource, NO_SHELF } from "../../shared/blob/shelf.ts";
import type { ByteWriter } from "../../shared/bytes/cursor.ts";
import type { BlobPurpose } from "../../shared/errors.ts";
import type { BlobMessage } from "../../shared/message/message.ts";
import type { BlobPort } from "../../shared/session/blob-port.ts";
import type { LinkId } from "../../shared/session/link.ts";
import { monotonicMs } from "../clock.ts";
import type { ShelfOf } from "../files/device-shelves.ts";

/** Bytes of one file on their way to the collector: what a fast link needs, and a device's buffers hold. */
const WINDOW_BYTES = 32_768;

/** Where 32 random bits end. */
const ID_END = 0x1_0000_0000;

/** A transfer has ended, well or not. */
export interface DeviceBlobEvent extends BlobEvent {
  readonly device: string;
}

/** A transfer that was asked for has ended. */
export type HandleEnd = (event: BlobEvent) => void;

export interface BlobDeskOptions {
  /** Without it no files are exchanged. */
  readonly shelfOf?: ShelfOf | undefined;
  readonly handleEvent: (event: DeviceBlobEvent) => void;
  /** Something is to be said on the link. */
  readonly handleReady: (link: LinkId) => void;
  /** The collector should pump soon. */
  readonly handleChange: () => void;
}

interface Peer {
  readonly device: string;
  readonly links: Map<LinkId, BlobLink>;
  exchange: BlobExchange | undefined;
}

export class BlobDesk implements BlobPort {
  readonly #options: BlobDeskOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #peerOfLink = new Map<LinkId, Peer>();
  readonly #watched = new Map<number, HandleEnd>();
  /** Those whose exchange waits for time to pass. */
  readonly #busy = new Set<Peer>();

  constructor(options: BlobDeskOptions) {
    this.#options = options;
  }

  /** A device was welcomed on a link, for the first time or again. */
  handleWelcomed(device: string, link: BlobLink): void {
    const peer = this.#peerOf(device);
    const before = this.#peerOfLink.get(link.id);
    if (before !== undefined && before !== peer) this.handleLinkDown(link.id);
    peer.links.set(link.id, link);
    this.#peerOfLink.set(link.id, peer);
    peer.exchange?.handleLinkUp(link);
    this.#settle(peer);
  }

  handleLinkDown(id: LinkId): void {
    const peer = this.#peerOfLink.get(id);
    if (peer === undefined) return;
    this.#peerOfLink.delete(id);
    peer.links.delete(id);
    peer.exchange?.handleLinkDown(id);
    this.#settle(peer);
  }

  handleMessage(link: LinkId, message: BlobMessage, nowMs: number): void {
    const peer = this.#peerOfLink.get(link);
    if (peer === undefined) return;
    this.#exchangeOf(peer).handleMessage(link, message, nowMs);
    this.#settle(peer);
  }

  writeNext(link: LinkId, writer: ByteWriter, nowMs: number): boolean {
    const peer = this.#peerOfLink.get(link);
    if (peer?.exchange?.writeNext(link, writer, nowMs) !== true) return false;
    this.#busy.add(peer); // what was sent may have to be sent again
    return true;
  }

  /** Lets time pass, and does some of what takes a while. */
  handleTimeout(nowMs: number): void {
    for (const peer of this.#busy) {
      const dueMs = peer.exchange!.pollTimeoutMs();
      const isWaiting = dueMs > nowMs && dueMs !== Number.POSITIVE_INFINITY;
      if (isWaiting) continue;
      peer.exchange!.handleTimeout(nowMs);
      this.#settle(peer); // it may wait for nothing any more
    }
  }

  /** When `handleTimeout` should next be called; infinity for never. */
  pollTimeoutMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { exchange } of this.#busy) dueMs = Math.min(dueMs, exchange!.pollTimeoutMs());
    return dueMs;
  }

  /** Sends a file to a device, now or when it is back. Returns its number; undefined where too many wait. */
  put(
    device: string,
    purpose: BlobPurpose,
    file: { readonly name: string; readonly source: BlobSource },
    handleEnd?: HandleEnd,
  ): number | undefined {
    const id = randomId();
    const isTaken = this.#begin(device, (exchange) =>
      exchange.send(id, purpose, file.name, file.source),
    );
    return this.#watch(isTaken ? id : undefined, handleEnd);
  }

  /** Asks a device for a file, now or when it is back. Returns its number; undefined where too many wait. */
  get(
    device: string,
    purpose: BlobPurpose,
    name: string,
    handleEnd?: HandleEnd,
  ): number | undefined {
    const id = randomId();
    const isTaken = this.#begin(device, (exchange) => exchange.ask(id, purpose, name));
    return this.#watch(isTaken ? id : undefined, handleEnd);
  }

  cancel(device: string, id: number): void {
    this.#begin(device, (exchange) => exchange.cancel(id));
  }

  /** What is on its way from and to a device, or waits for its turn. */
  views(device: string): readonly BlobView[] {
    return this.#peers.get(device)?.exchange?.views() ?? [];
  }

  /** Closes all files; what came is kept. */
  close(): void {
    for (const { exchange } of this.#peers.values()) exchange?.close();
    this.#busy.clear();
  }

  /** A transfer ends in a later turn at the earliest: when the other side has spoken. */
  #watch(id: number | undefined, handleEnd: HandleEnd | undefined): number | undefined {
    if (id !== undefined && handleEnd !== undefined) this.#watched.set(id, handleEnd);
    return id;
  }

  #begin<T>(device: string, begin: (exchange: BlobExchange) => T): T {
    const peer = this.#peerOf(device);
    const outcome = begin(this.#exchangeOf(peer));
    this.#settle(peer);
    this.#options.handleChange();
    return outcome;
  }

  #peerOf(device: string): Peer {
    let peer = this.#peers.get(device);
    if (peer !== undefined) return peer;
    peer = { device, links: new Map(), exchange: undefined };
    this.#peers.set(device, peer);
    return peer;
  }

  #exchangeOf(peer: Peer): BlobExchange {
    if (peer.exchange !== undefined) return peer.exchange;
    const shelf = this.#options.shelfOf?.(peer.device, () => this.#wake(peer)) ?? NO_SHELF;
    const exchange = new BlobExchange({ shelf, windowBytes: WINDOW_BYTES });
    for (const link of peer.links.values()) exchange.handleLinkUp(link);
    peer.exchange = exchange;
    return exchange;
  }

  /** A file that took a while is complete. */
  #wake(peer: Peer): void {
    peer.exchange?.handleTimeout(monotonicMs());
    this.#settle(peer);
    this.#options.handleChange();
  }

  /** Passes on what has ended, has said what is to be said, and forgets who is gone. */
  #settle(peer: Peer): void {
    const { device, exchange, links } = peer;
    if (exchange !== undefined) {
      for (let event = exchange.pollEvent(); event !== undefined; event = exchange.pollEvent()) {
        this.#options.handleEvent({ device, ...event });
        this.#watched.get(event.id)?.(event);
        this.#watched.delete(event.id);
      }
      for (const id of links.keys()) this.#options.handleReady(id);
      if (exchange.pollTimeoutMs() === Number.POSITIVE_INFINITY) this.#busy.delete(peer);
      else this.#busy.add(peer);
      if (links.size === 0 && exchange.isForgettable) this.#forget(peer);
    }
    if (links.size === 0 && peer.exchange === undefined) this.#peers.delete(device);
  }

  #forget(peer: Peer): void {
    peer.exchange?.close();
    peer.exchange = undefined;
    this.#busy.delete(peer);
  }
}

/** No other transfer with the device has it, nor had it lately. */
function randomId(): number {
  return randomInt(0, ID_END);
}
