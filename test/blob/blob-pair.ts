// Two sides that exchange files on one virtual clock, over links that may lose, double, delay and end.
// Watches what passes: no window is exceeded, no message is longer than its link bears.

import { type BlobEvent, BlobExchange } from "../../shared/blob/exchange.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import type { BlobMessage, Message } from "../../shared/message/message.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";
import type { Faults } from "../shared/session-pair.ts";
import { MemoryShelf } from "./memory-shelf.ts";

const WINDOW_BYTES = 4_096;

/** A board on a serial line takes no more at a time. */
const SERIAL_RECEIVE_BYTES = 96;

export class Side {
  readonly shelf = new MemoryShelf();
  readonly events: BlobEvent[] = [];
  exchange = this.#create();
  /** Each of its messages, before the link has its way with it. */
  handleSent: (message: BlobMessage) => void = () => undefined;

  /** What was in memory is gone. */
  restart(): void {
    this.shelf.open = 0;
    this.exchange = this.#create();
  }

  drain(): void {
    for (let event = this.exchange.pollEvent(); event; event = this.exchange.pollEvent()) {
      this.events.push(event);
    }
  }

  #create(): BlobExchange {
    return new BlobExchange({ shelf: this.shelf, windowBytes: WINDOW_BYTES });
  }
}

interface Link {
  readonly traits: LinkTraits;
  readonly faults: Faults;
}

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly deliver: () => void;
}

export class BlobPair {
  nowMs = 0;
  readonly device = new Side();
  readonly host = new Side();
  latencyMs = 5;
  messages = 0;
  chunkBytes = 0;

  readonly #random: () => number;
  readonly #links = new Map<LinkId, Link>();
  /** By receiving side and file: the end of what it has granted, as far as the other side knows. */
  readonly #granted = new Map<string, number>();
  #deliveries: Delivery[] = [];
  #order = 0;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  get sides(): [Side, Side] {
    return [this.device, this.host];
  }

  open(id: LinkId, traits: LinkTraits, faults: Faults = {}): void {
    this.#links.set(id, { traits, faults });
    for (const side of this.sides) this.#linkUp(side, id, traits);
  }

  close(id: LinkId): void {
    this.#links.delete(id);
    for (const side of this.sides) side.exchange.handleLinkDown(id);
  }

  /** One side dies and comes back on the same links, as after a new greeting. */
  restart(side: Side): void {
    side.restart();
    for (const [id, { traits }] of this.#links) {
      this.#linkUp(side, id, traits);
      this.#linkUp(side === this.device ? this.host : this.device, id, traits);
    }
  }

  /** Lets `durationMs` pass, or less where `until` becomes true. Returns whether it did. */
  run(durationMs: number, until: () => boolean = () => false): boolean {
    const endMs = this.nowMs + durationMs;
    let roundsAtOneTime = 0;
    this.#settle();
    while (!until()) {
      const nextMs = Math.max(this.#nextMs(), this.nowMs);
      if (nextMs > endMs) {
        this.nowMs = endMs;
        return until();
      }
      roundsAtOneTime = nextMs > this.nowMs ? 0 : roundsAtOneTime + 1;
      if (roundsAtOneTime > 10_000) throw new Error(`time stands still at ${this.nowMs} ms`);
      this.nowMs = nextMs;
      this.#deliverDue();
      for (const { exchange } of this.sides) exchange.handleTimeout(this.nowMs);
      this.#settle();
    }
    return true;
  }

  #linkUp(side: Side, id: LinkId, traits: LinkTraits): void {
    const isToBoard = side === this.host && traits.kind === "serial";
    const receiveBytesMax = isToBoard ? SERIAL_RECEIVE_BYTES : 0;
    side.exchange.handleLinkUp({ id, traits, receiveBytesMax });
  }

  #nextMs(): number {
    const [device, host] = this.sides;
    const dueMs = Math.min(device.exchange.pollTimeoutMs(), host.exchange.pollTimeoutMs());
    return Math.min(this.#deliveries[0]?.atMs ?? Number.POSITIVE_INFINITY, dueMs);
  }

  #deliverDue(): void {
    while (this.#deliveries.length > 0 && this.#deliveries[0]!.atMs <= this.nowMs) {
      this.#deliveries.shift()!.deliver();
    }
  }

  #settle(): void {
    const writer = new ByteWriter(new Uint8Array(2_048));
    for (const [id, link] of this.#links) {
      for (const side of this.sides) {
        while (side.exchange.writeNext(id, writer, this.nowMs)) {
          this.#send(side, id, link, writer.written().slice());
          writer.reset(writer.bytes);
        }
        if (writer.position !== 0) throw new Error("nothing was written, and the writer has moved");
      }
    }
    for (const side of this.sides) side.drain();
  }

  #send(from: Side, id: LinkId, link: Link, bytes: Uint8Array): void {
    const to = from === this.device ? this.host : this.device;
    this.#check(from, link, bytes);
    const { loss = 0, duplicate = 0, jitterMs = 0 } = link.faults;
    const copies = this.#random() < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() < loss) continue;
      this.#after(this.latencyMs + Math.floor(this.#random() * jitterMs), () => {
        if (this.#links.get(id) === link) this.#deliver(to, id, bytes);
      });
    }
  }

  #check(from: Side, { traits }: Link, bytes: Uint8Array): void {
    const message = decoded(bytes);
    this.messages++;
    from.handleSent(message);
    const isToBoard = from === this.host && traits.kind === "serial";
    const most = isToBoard && message.kind === "chunk" ? SERIAL_RECEIVE_BYTES - 7 : 1_100;
    if (bytes.length > most) throw new Error(`a ${message.kind} of ${bytes.length} bytes`);
    if (message.kind !== "chunk") return;
    this.chunkBytes += message.body.length;
    const key = `${from === this.device} ${message.id}`;
    const end = message.offset + message.body.length;
    if (end > (this.#granted.get(key) ?? 0)) throw new Error(`a chunk up to ${end}: not granted`);
  }

  #deliver(to: Side, id: LinkId, bytes: Uint8Array): void {
    const message = decoded(bytes);
    if (message.kind === "chunk-ack") {
      const key = `${to === this.device} ${message.id}`;
      const end = message.next + message.windowBytes;
      this.#granted.set(key, Math.max(this.#granted.get(key) ?? 0, end));
    }
    to.exchange.handleMessage(id, message, this.nowMs);
  }

  #after(delayMs: number, deliver: () => void): void {
    this.#deliveries.push({ atMs: this.nowMs + delayMs, order: this.#order++, deliver });
    this.#deliveries.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  }
}

function decoded(bytes: Uint8Array): BlobMessage {
  const outcome = decodeMessage(bytes);
  if (!outcome.ok) throw new Error("a message that cannot be read");
  return outcome.value as Extract<Message, BlobMessage>;
}
