// One live client: what it wants, and how much of it is on its way. A client that does not keep up
// misses ticks and is told how many; what it gets next is the newest, and nothing queues up for it.

import type { WebSocket } from "ws";
import type { LiveMessage } from "../documents.ts";
import { CLIENT_WAITING_BYTES_MAX } from "../limits.ts";
import type { Subscription, Tick } from "./subscription.ts";

export class LiveClient {
  subscription: Subscription | undefined;
  readonly #socket: WebSocket;
  /** The last tick that was sent, or had nothing in it for the client. */
  #sentSequence = 0;
  /** Ticks that were sent and not acknowledged. */
  readonly #unacknowledged: number[] = [];
  #skipped = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** From here on these ticks, those behind `sequence`. */
  subscribe(subscription: Subscription, sequence: number): void {
    this.subscription = subscription;
    this.#sentSequence = sequence;
    this.#unacknowledged.length = 0;
    this.#skipped = 0;
  }

  /** True where the tick was for the client, and it was too slow to get it. */
  handleTick(tick: Tick): boolean {
    if (this.subscription === undefined || tick.sequence <= this.#sentSequence) return false;
    const part = this.subscription.partOf(tick, this.#skipped);
    this.#sentSequence = tick.sequence;
    if (part === undefined) return false;
    if (!this.#hasRoom(this.subscription.window)) {
      this.#skipped++;
      return true;
    }
    this.#skipped = 0;
    if (this.subscription.window !== Number.POSITIVE_INFINITY) {
      this.#unacknowledged.push(tick.sequence);
    }
    this.send(part);
    return false;
  }

  /** A tick could not be made: the next one that is sent says so. */
  handleLoss(): void {
    this.#skipped++;
  }

  /** The client has dealt with everything up to this tick. */
  acknowledge(sequence: number): void {
    while (this.#unacknowledged.length > 0 && this.#unacknowledged[0]! <= sequence) {
      this.#unacknowledged.shift();
    }
  }

  send(message: LiveMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #hasRoom(window: number): boolean {
    const { bufferedAmount } = this.#socket;
    return bufferedAmount < CLIENT_WAITING_BYTES_MAX && this.#unacknowledged.length < window;
  }
}
