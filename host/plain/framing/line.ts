// Lines that end with LF or CR LF. A line that is too long is left out up to its end; what follows is
// read as if nothing had been.

import { ByteQueue } from "./byte-queue.ts";
import type { Framer, FramerEvent } from "./framing.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineFramer implements Framer {
  readonly #queue = new ByteQueue();
  readonly #frameBytesMax: number;
  /** Bytes that are known to hold no end of a line. */
  #scannedBytes = 0;
  #isSkipping = false;
  #hasEnded = false;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  get waitingBytes(): number {
    return this.#queue.length;
  }

  handleBytes(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  handleQuiet(): void {}

  handleEnd(): void {
    this.#hasEnded = true;
  }

  pollEvent(): FramerEvent | undefined {
    const queue = this.#queue;
    const end = queue.indexOf(LINE_FEED, this.#scannedBytes);
    if (end >= 0) return this.#takeLine(end, 1);
    this.#scannedBytes = queue.length;
    // One more for the CR of a line that is just as long as allowed.
    if (queue.length > this.#frameBytesMax + 1) return this.#skip();
    return this.#hasEnded && queue.length > 0 ? this.#takeLine(queue.length, 0) : undefined;
  }

  #takeLine(end: number, endBytes: number): FramerEvent | undefined {
    const line = this.#queue.take(end + endBytes).subarray(0, end);
    this.#scannedBytes = 0;
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return this.pollEvent();
    }
    const bytes = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
    if (bytes.length <= this.#frameBytesMax) return { kind: "frame", bytes };
    return { kind: "skipped", why: this.#tooLong() };
  }

  #skip(): FramerEvent | undefined {
    this.#queue.drop(this.#queue.length);
    this.#scannedBytes = 0;
    if (this.#isSkipping) return undefined;
    this.#isSkipping = true;
    return { kind: "skipped", why: this.#tooLong() };
  }

  #tooLong(): string {
    return `a line longer than the ${this.#frameBytesMax} bytes that \`frame=\` allows`;
  }
}
