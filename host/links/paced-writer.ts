// Writing to a receiver with little room: an ESP32's UART keeps 128 bytes and says nothing when they
// overflow (docs/decisions/0005-io-classes.md). Frames go out in pieces that fit, and after each piece
// the receiver gets the time that the line takes for it and a moment to read.

/** How long a device may take to come to its serial port: a turn of its loop, a garbage collection. */
const READ_MS = 10;

/** Ten bits on the line for each byte: start, eight, stop. */
const BITS_PER_BYTE = 10;

export interface PacedWriterOptions {
  readonly write: (bytes: Uint8Array) => void;
  readonly baud: number;
  /** Called with true when bytes begin to wait, with false when none do any more. */
  readonly handleBlocked: (isBlocked: boolean) => void;
  /** `setTimeout`, or a test's own. */
  readonly after?: (delayMs: number, callback: () => void) => void;
}

export class PacedWriter {
  readonly #options: PacedWriterOptions;
  readonly #after: (delayMs: number, callback: () => void) => void;
  /** Most bytes on their way at a time; 0 for no limit. */
  #pieceBytesMax: number;
  #waiting: Uint8Array[] = [];
  #isResting = false;

  constructor(options: PacedWriterOptions, pieceBytesMax: number) {
    this.#options = options;
    this.#pieceBytesMax = pieceBytesMax;
    this.#after = options.after ?? ((delayMs, callback) => setTimeout(callback, delayMs));
  }

  /** What the device's hello says of its receiver. */
  limit(pieceBytesMax: number): void {
    this.#pieceBytesMax = pieceBytesMax;
  }

  /** Sends `bytes`, which are the writer's from here on. */
  write(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#sendNext();
    if (this.#waiting.length > 0) this.#options.handleBlocked(true);
  }

  #sendNext(): void {
    const first = this.#waiting[0];
    if (this.#isResting || first === undefined) return;
    const length =
      this.#pieceBytesMax === 0 ? first.length : Math.min(this.#pieceBytesMax, first.length);
    this.#options.write(first.subarray(0, length));
    if (length < first.length) this.#waiting[0] = first.subarray(length);
    else this.#waiting.shift();
    if (this.#pieceBytesMax === 0) this.#sendNext();
    else this.#rest(length);
  }

  #rest(sentBytes: number): void {
    this.#isResting = true;
    const lineMs = (1_000 * BITS_PER_BYTE * sentBytes) / this.#options.baud;
    this.#after(Math.ceil(lineMs) + READ_MS, () => {
      this.#isResting = false;
      const wasWaiting = this.#waiting.length > 0;
      this.#sendNext();
      if (wasWaiting && this.#waiting.length === 0) this.#options.handleBlocked(false);
    });
  }
}
