// How an event of a simulated IO object reaches the firmware: never from inside a constructor or a
// `write`, always from a turn of its own, several events of one turn merged into one delivery, and
// with nothing above it that could swallow an exception of the firmware's.
// modMessagePostToMachine as lwip/tcp.c uses it, docs/decisions/0005-io-classes.md.

export const READABLE = 1;
export const WRITABLE = 2;
export const ERROR = 4;

/** The events that wait for one IO object, as a set of the bits above. */
export class EventPost {
  readonly #deliver: (due: number) => void;
  #due = 0;

  constructor(deliver: (due: number) => void) {
    this.#deliver = deliver;
  }

  /** Has `event` delivered soon, together with what else is posted until then. */
  post(event: number): void {
    if (this.#due === 0) setImmediate(() => this.#flush());
    this.#due |= event;
  }

  /** Whether `event` is posted and not yet delivered. */
  has(event: number): boolean {
    return (this.#due & event) !== 0;
  }

  #flush(): void {
    const due = this.#due;
    this.#due = 0;
    this.#deliver(due);
  }
}
