// The live stream as the page has it: one WebSocket that comes back by itself, takes up where it was, and
// says when what it missed is gone, so that who shows something asks for it again.

import type { LiveMessage, SubscribeMessage, TickDocument } from "../http/documents.ts";

export type ConnectionState = "connecting" | "open" | "lost";

export type Wanted = Pick<SubscribeMessage, "devices" | "detail">;

/** Ticks on their way to us: a tab that sleeps, or is too slow, stops the stream and not the memory. */
const WINDOW = 8;

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;

export interface ConnectionListener {
  readonly handleTick?: (tick: TickDocument) => void;
  readonly handleState?: (state: ConnectionState) => void;
  /** Something was missed that does not come again by itself. */
  readonly handleMissed?: () => void;
}

export class LiveConnection {
  state: ConnectionState = "connecting";
  readonly #url: string;
  readonly #listeners = new Set<ConnectionListener>();
  #wanted: Wanted | undefined;
  #socket: WebSocket | undefined;
  #stream = "";
  #sequence = 0;
  #retryMs = RETRY_MS_MIN;
  /** The connection was lost, and what was missed is not known yet. */
  #isReturning = false;

  constructor(url: string) {
    this.#url = url;
    this.#connect();
  }

  /** Returns what ends the listening. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the page shows just now. */
  want(wanted: Wanted): void {
    this.#wanted = wanted;
    if (this.state === "open") this.#send({ type: "subscribe", ...wanted, window: WINDOW });
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#handle(JSON.parse(String(data)) as LiveMessage);
    socket.onclose = () => {
      this.#isReturning = true;
      this.#setState("lost");
      const jitter = 0.5 + Math.random();
      setTimeout(() => this.#connect(), this.#retryMs * jitter);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    };
  }

  #handle(message: LiveMessage): void {
    switch (message.type) {
      case "welcome":
        this.#handleWelcome(message.stream, message.sequence);
        break;
      case "subscribed":
        if (!message.isComplete && this.#isReturning) this.#tell("handleMissed");
        this.#isReturning = false;
        break;
      case "tick":
        this.#sequence = message.sequence;
        for (const { handleTick } of this.#listeners) handleTick?.(message);
        if (message.skipped > 0) this.#tell("handleMissed");
        this.#send({ type: "ack", sequence: message.sequence });
    }
  }

  #handleWelcome(stream: string, sequence: number): void {
    const resume = { stream: this.#stream, sequence: this.#sequence };
    const isKnown = this.#stream === stream;
    this.#stream = stream;
    if (!isKnown) this.#sequence = sequence;
    this.#retryMs = RETRY_MS_MIN;
    this.#setState("open");
    if (this.#wanted === undefined) return;
    const subscribe = { type: "subscribe", ...this.#wanted, window: WINDOW } as const;
    this.#send(isKnown ? { ...subscribe, resume } : subscribe);
  }

  #setState(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    for (const { handleState } of this.#listeners) handleState?.(state);
  }

  #tell(what: "handleMissed"): void {
    for (const listener of this.#listeners) listener[what]?.();
  }

  #send(message: SubscribeMessage | { readonly type: "ack"; readonly sequence: number }): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
