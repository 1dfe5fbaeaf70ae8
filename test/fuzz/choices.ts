// Reads choices out of a fuzzer's input: each takes a byte or some, so that a mutation of the input is
// another choice. When the input is used up, `isEmpty` says so and every choice is 0.

export class Choices {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#position >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#position++] ?? 0;
  }

  /** From 0 up to, not including, `count`, which is at most 256. */
  below(count: number): number {
    return this.byte() % count;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** An integer from 0 to 2^53 - 1; small ones and those next to powers of two come often. */
  integer(): number {
    const kind = this.byte();
    if (kind < 0x80) return kind;
    if (kind < 0xc0) return (kind % 0x40) * 0x100 + this.byte();
    const power = 2 ** Math.min(kind % 0x40, 53);
    return Math.max(0, Math.min(power + this.byte() - 0x80, Number.MAX_SAFE_INTEGER));
  }

  /** The next `count` bytes, fewer where there are fewer; a copy. */
  bytes(count: number): Uint8Array {
    const taken = this.#bytes.slice(this.#position, this.#position + count);
    this.#position += count;
    return taken;
  }

  /** All that is left; a copy. */
  rest(): Uint8Array {
    return this.bytes(Math.max(0, this.#bytes.length - this.#position));
  }
}
