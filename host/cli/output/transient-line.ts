// One line on a terminal that is written over and over while something takes long, and gone at the
// end. On anything but a terminal it does not show.

import { monotonicMs } from "../../clock.ts";
import { truncate } from "../../terminal/width.ts";
import { widthOf } from "./terminal.ts";

/** What ends sooner needs no progress. */
const PATIENCE_MS = 500;
const REDRAW_MS = 200;

export class TransientLine {
  readonly #stream: NodeJS.WriteStream;
  #drawAtMs = monotonicMs() + PATIENCE_MS;
  #isDrawn = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Shows the line that `makeText` gives, if it is time to. */
  show(makeText: () => string): void {
    if (!this.#stream.isTTY || monotonicMs() < this.#drawAtMs) return;
    this.#drawAtMs = monotonicMs() + REDRAW_MS;
    this.#isDrawn = true;
    this.#stream.write(`\r${truncate(makeText(), widthOf(this.#stream) - 1)}\x1b[K`);
  }

  clear(): void {
    if (this.#isDrawn) this.#stream.write("\r\x1b[K");
    this.#isDrawn = false;
  }
}
