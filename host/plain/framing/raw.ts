// Bytes without any framing: a frame is a fixed number of them, or what comes until the line is quiet.

import { ByteQueue } from "./byte-queue.ts";
import type { Framer, FramerEvent } from "./framing.ts";

export class RawFramer implements Framer {
  readonly #queue = new ByteQueue();
  readonly #count: number;
  readonly #endsByQuiet: boolean;
  /** What is there is a frame, however little it is. */
  #isDue = false;
  #hasEnded = false;

  /** Frames of `count` bytes; with `endsByQuiet` that is the most, and a frame may be shorter. */
  constructor(count: number, endsByQuiet: boolean) {
    this.#count = count;
    this.#endsByQuiet = endsByQuiet;
  }

  get waitingBytes(): number {
    return this.#queue.length;
  }

  handleBytes(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  handleQuiet(): void {
    this.#isDue = this.#endsByQuiet;
  }

  handleEnd(): void {
    this.#hasEnded = true;
  }

  pollEvent(): FramerEvent | undefined {
    const queue = this.#queue;
    if (queue.length >= this.#count) return { kind: "frame", bytes: queue.take(this.#count) };
    const isDue = this.#isDue || this.#hasEnded;
    this.#isDue = false;
    if (!isDue || queue.length === 0) return undefined;
    const bytes = queue.take(queue.length);
    if (this.#endsByQuiet) return { kind: "frame", bytes };
    return {
      kind: "skipped",
      why: `it ended ${this.#count - bytes.length} bytes short of a frame`,
    };
  }
}
