// Makes inputs of inputs: bytes changed, put in, taken out, moved, or taken from another input.

import type { Chance } from "../sim/chance.ts";

/** At the ends of ranges, and next to them. */
const BYTES = [0, 1, 2, 0x10, 0x12, 0x17, 0x18, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xfe, 0xff];
const WORDS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000];
const LONG_WORDS = [...WORDS, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

/** Mutations of one input: 1, 2, 4 ... of them, so that one alone is tried as often as many. */
const ROUNDS_POWER_MAX = 4;
const INSERTED_BYTES_MAX = 32;

export class Mutator {
  readonly #chance: Chance;
  readonly #texts: readonly Uint8Array[];
  readonly #bytesMax: number;

  constructor(chance: Chance, texts: readonly Uint8Array[], bytesMax: number) {
    this.#chance = chance;
    this.#texts = texts;
    this.#bytesMax = bytesMax;
  }

  /** A new input made of `input`, with parts of `other`. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    const rounds = 2 ** this.#chance.integer(0, ROUNDS_POWER_MAX);
    let mutated: Uint8Array = input.slice();
    for (let round = 0; round < rounds; round++) mutated = this.#once(mutated, other);
    return mutated.subarray(0, this.#bytesMax);
  }

  #once(input: Uint8Array, other: Uint8Array): Uint8Array {
    const chance = this.#chance;
    if (input.length === 0) return this.#insert(input, chance.bytes(chance.integer(1, 8)));
    const at = chance.integer(0, input.length - 1);
    switch (chance.integer(0, 12)) {
      case 0:
        input[at] = input[at]! ^ (1 << chance.integer(0, 7));
        return input;
      case 1:
        input[at] = chance.pick(BYTES);
        return input;
      case 2:
        input[at] = chance.integer(0, 255);
        return input;
      case 3:
        input[at] = input[at]! + chance.integer(-8, 8);
        return input;
      case 4:
        return this.#overwrite(input, numberBytes(chance.pick(WORDS), 2));
      case 5:
        return this.#overwrite(input, numberBytes(chance.pick(LONG_WORDS), 4));
      case 6:
        return this.#insert(input, chance.bytes(chance.integer(1, INSERTED_BYTES_MAX)));
      case 7:
        return this.#insert(input, new Uint8Array(chance.integer(1, 64)).fill(chance.pick(BYTES)));
      case 8:
      case 9:
        return this.#remove(input);
      case 10:
        return this.#insert(input, this.#rangeOf(input));
      case 11:
        return chance.is(0.5)
          ? this.#insert(input, this.#rangeOf(other))
          : this.#overwrite(input, this.#rangeOf(other));
      default:
        return this.#insert(input, this.#text());
    }
  }

  #text(): Uint8Array {
    return this.#texts.length === 0 ? Uint8Array.of(0x20) : this.#chance.pick(this.#texts);
  }

  #rangeOf(source: Uint8Array): Uint8Array {
    const [start, end] = this.#range(source);
    return source.slice(start, end);
  }

  /** Mostly short. */
  #range(source: Uint8Array): [start: number, end: number] {
    const start = this.#chance.integer(0, Math.max(0, source.length - 1));
    const longest = this.#chance.is(0.8) ? 16 : source.length;
    return [start, Math.min(source.length, start + this.#chance.integer(1, Math.max(1, longest)))];
  }

  #remove(input: Uint8Array): Uint8Array {
    const [start, end] = this.#range(input);
    return joined(input.subarray(0, start), input.subarray(end));
  }

  #insert(input: Uint8Array, inserted: Uint8Array): Uint8Array {
    const at = this.#chance.integer(0, input.length);
    return joined(input.subarray(0, at), inserted, input.subarray(at));
  }

  #overwrite(input: Uint8Array, bytes: Uint8Array): Uint8Array {
    const at = this.#chance.integer(0, input.length - 1);
    input.set(bytes.subarray(0, input.length - at), at);
    return input;
  }
}

/** Big-endian, as the protocol writes them. */
function numberBytes(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => value >>> (8 * (length - 1 - index)));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
