// What a plain server answers, frame by frame, for a client that waits for it.

import { type Framer, type Framing, framerOf } from "../framing/framing.ts";
import { FRAME_BYTES_MAX } from "../limits.ts";

/** An answer; or that there will be none any more, or that none came in time. */
export type AnswerOutcome = Uint8Array | "ended" | "late";

export class AnswerReader {
  readonly #framer: Framer;
  readonly #quietMs: number | undefined;
  readonly #frames: Uint8Array[] = [];
  #quiet: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(framing: Framing) {
    this.#framer = framerOf(framing, FRAME_BYTES_MAX);
    const endsByQuiet = framing.kind === "raw" && framing.count === undefined;
    this.#quietMs = endsByQuiet ? framing.quietMs : undefined;
  }

  handleBytes(bytes: Uint8Array): void {
    this.#framer.handleBytes(bytes);
    if (this.#quietMs !== undefined) {
      clearTimeout(this.#quiet);
      this.#quiet = setTimeout(() => this.#handleQuiet(), this.#quietMs);
    }
    this.#drain();
  }

  handleDatagram(datagram: Uint8Array): void {
    this.#frames.push(datagram);
    this.#wake();
  }

  handleEnd(): void {
    clearTimeout(this.#quiet);
    this.#hasEnded = true;
    this.#framer.handleEnd();
    this.#drain();
  }

  handleError(error: Error): void {
    this.#error ??= error;
    this.handleEnd();
  }

  /** The next answer; waits for it so long. Rejects where the connection failed. */
  async next(waitMs: number): Promise<AnswerOutcome> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, waitMs);
    try {
      for (;;) {
        const frame = this.#frames.shift();
        if (frame !== undefined) return frame;
        if (this.#error !== undefined) throw this.#error;
        if (this.#hasEnded) return "ended";
        if (isLate) return "late";
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #handleQuiet(): void {
    this.#framer.handleQuiet();
    this.#drain();
  }

  #drain(): void {
    const framer = this.#framer;
    for (let event = framer.pollEvent(); event !== undefined; event = framer.pollEvent()) {
      if (event.kind === "frame") this.#frames.push(event.bytes);
      else this.#error ??= new AnswerError(`the answer cannot be read: ${event.why}`);
    }
    this.#wake();
  }
}

/** The server's answer is not in the framing expected; the text can be shown to the user. */
class AnswerError extends Error {
  override name = "LinkError";
}
