// One client on a stream, TCP or serial: frames in, answers out. A client that does not read its
// answers is not read from any more; one that sends much takes turns with the others.

import { AnswerLine } from "./answer-line.ts";
import { type Framer, type FramerEvent, framerOf } from "./framing/framing.ts";
import {
  ANSWER_BYTES_WAITING_MAX,
  ANSWERS_WAITING_MAX,
  FRAMES_PER_TURN_MAX,
  INPUT_BYTES_WAITING_MAX,
} from "./limits.ts";
import type { PlainInput, PlainPeer } from "./plain-input.ts";

/** What carries the bytes. */
export interface StreamPort {
  /** Bytes that were written and have not left yet. */
  readonly unsentBytes: number;
  write(bytes: Uint8Array): void;
  /** Stops or goes on handing in bytes. */
  setPaused(isPaused: boolean): void;
  /** Sends what waits and closes. */
  end(): void;
}

export class PlainStream {
  readonly #input: PlainInput;
  readonly #peer: PlainPeer;
  readonly #port: StreamPort;
  readonly #framer: Framer;
  readonly #answers: AnswerLine;
  readonly #quietMs: number | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #waitingBytes = 0;
  #hasEnded = false;
  #isClosed = false;
  #isDraining = false;

  constructor(input: PlainInput, peer: PlainPeer, port: StreamPort) {
    const { framing, frameBytesMax } = input.spec;
    this.#input = input;
    this.#peer = peer;
    this.#port = port;
    this.#framer = framerOf(framing, frameBytesMax);
    this.#answers = new AnswerLine(
      (bytes) => port.write(bytes),
      () => this.#drain(),
    );
    const endsByQuiet = framing.kind === "raw" && framing.count === undefined;
    this.#quietMs = endsByQuiet ? framing.quietMs : undefined;
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#isClosed || this.#input.isStopped) return;
    this.#framer.handleBytes(bytes);
    if (this.#quietMs !== undefined) {
      clearTimeout(this.#quiet);
      this.#quiet = setTimeout(() => this.#handleQuiet(), this.#quietMs);
    }
    this.#drain();
  }

  /** The client sends nothing more; it may still read. */
  handleEnd(): void {
    this.#hasEnded = true;
    this.#framer.handleEnd();
    this.#drain();
  }

  /** What was written has left. */
  handleDrained(): void {
    this.#drain();
  }

  /** The port is gone. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#quiet);
    clearImmediate(this.#turn);
    this.#countWaiting(0);
  }

  get #isBlocked(): boolean {
    return (
      this.#answers.waiting >= ANSWERS_WAITING_MAX ||
      this.#port.unsentBytes > ANSWER_BYTES_WAITING_MAX
    );
  }

  #handleQuiet(): void {
    this.#framer.handleQuiet();
    this.#drain();
  }

  #drain(): void {
    if (this.#isClosed || this.#input.isStopped) return;
    if (this.#isDraining || this.#turn !== undefined) return;
    this.#isDraining = true;
    const isEmpty = this.#pollFrames();
    this.#isDraining = false;
    if (this.#isClosed) return;
    this.#countWaiting(this.#framer.waitingBytes);
    if (this.#input.waitingBytes > INPUT_BYTES_WAITING_MAX) {
      this.#giveUp("all clients together have too much waiting");
      return;
    }
    this.#port.setPaused(!isEmpty);
    if (!isEmpty && !this.#isBlocked) this.#continueLater();
    if (isEmpty && this.#hasEnded && this.#answers.waiting === 0) this.#port.end();
  }

  /** False where frames may be left. */
  #pollFrames(): boolean {
    for (let frames = 0; frames < FRAMES_PER_TURN_MAX; frames++) {
      if (this.#isBlocked) return false;
      const event = this.#framer.pollEvent();
      if (event === undefined) return true;
      this.#handleEvent(event);
      if (this.#isClosed) return true;
    }
    return false;
  }

  #handleEvent(event: FramerEvent): void {
    switch (event.kind) {
      case "frame":
        this.#input.handleFrame(event.bytes, this.#peer, this.#answers.next());
        break;
      case "skipped":
        this.#input.handleFault(event.why, this.#peer);
        break;
      case "broken":
        this.#giveUp(event.why);
        break;
    }
  }

  #giveUp(why: string): void {
    this.#input.handleFault(why, this.#peer);
    this.close();
    this.#port.end();
  }

  #continueLater(): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#drain();
    });
  }

  #countWaiting(bytes: number): void {
    this.#input.waitingBytes += bytes - this.#waitingBytes;
    this.#waitingBytes = bytes;
  }
}
