// The loop: an input that did something new is kept, and new inputs are made of those that were kept.
// An input that makes the target throw, or take too many steps, is a finding; it is cut down to what
// matters. The same seed and number of inputs give the same findings on every machine.

import { Chance } from "../sim/chance.ts";
import type { LoadedTarget } from "./bundle.ts";
import { Mutator } from "./mutator.ts";

/** The later an input was kept, the less has been made of it yet: of those, more often. */
const RECENT_PART = 0.2;
const RECENT_CHANCE = 0.4;

/** Runs spent on cutting a finding down. */
const REDUCING_RUNS_MAX = 4_000;

/** Another input that ends in the same way is no news; so many ways are enough for a day. */
const FINDINGS_MAX = 10;

export interface Finding {
  readonly input: Uint8Array;
  readonly error: Error;
}

export class Fuzzer {
  readonly findings: Finding[] = [];
  /** What was kept, in order. */
  readonly corpus: Uint8Array[] = [];
  inputs = 0;
  /** Most steps that a byte of input took, in the inputs of some length. */
  stepsPerByteMax = 0;

  readonly #loaded: LoadedTarget;
  readonly #chance: Chance;
  readonly #mutator: Mutator;
  readonly #known = new Set<string>();

  constructor(loaded: LoadedTarget, seed: number) {
    this.#loaded = loaded;
    this.#chance = new Chance(seed);
    const { target, texts } = loaded;
    this.#mutator = new Mutator(this.#chance, texts, target.inputBytesMax);
  }

  /** Tries inputs as they are: the target's own and those of its corpus. */
  begin(inputs: Iterable<Uint8Array>): void {
    for (const input of [...this.#loaded.target.seeds(), ...inputs]) this.#try(input);
    if (this.corpus.length === 0) this.corpus.push(new Uint8Array(0));
  }

  /** Tries so many inputs, fewer where enough was found. */
  run(inputs: number): void {
    for (let count = 0; count < inputs && !this.isDone; count++) this.#try(this.#next());
  }

  get isDone(): boolean {
    return this.findings.length >= FINDINGS_MAX;
  }

  /** The smallest inputs that together pass every counter that the corpus passes. */
  distilled(): Uint8Array[] {
    const { coverage } = this.#loaded;
    const bySize = this.corpus.toSorted((a, b) => a.length - b.length);
    coverage.forget();
    const chosen: Uint8Array[] = [];
    for (const input of bySize) {
      const before = coverage.passed;
      this.#errorOf(input);
      coverage.learn();
      if (coverage.passed > before) chosen.push(input);
    }
    return chosen;
  }

  #next(): Uint8Array {
    const { corpus } = this;
    const chance = this.#chance;
    const isRecent = chance.is(RECENT_CHANCE);
    const first = isRecent ? Math.floor((1 - RECENT_PART) * corpus.length) : 0;
    const parent = corpus[chance.integer(first, corpus.length - 1)]!;
    return this.#mutator.mutate(parent, chance.pick(corpus));
  }

  #try(input: Uint8Array): void {
    const { coverage } = this.#loaded;
    this.inputs++;
    const error = this.#errorOf(input);
    const stepsPerByte = coverage.steps / Math.max(64, input.length);
    this.stepsPerByteMax = Math.max(this.stepsPerByteMax, stepsPerByte);
    const isNews = coverage.learn();
    if (error !== undefined) this.#note(input, error);
    else if (isNews) this.corpus.push(input.slice());
  }

  /** What the target throws at `input`, of which it gets a copy. */
  #errorOf(input: Uint8Array): Error | undefined {
    const { target, coverage } = this.#loaded;
    coverage.begin(target.stepsMax(input.length));
    let thrown: Error | undefined;
    try {
      target.run(input.slice());
    } catch (error) {
      thrown = error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
    }
    return coverage.end() ?? thrown;
  }

  #note(input: Uint8Array, error: Error): void {
    const way = wayOf(error);
    if (this.#known.has(way)) return;
    this.#known.add(way);
    const reduced = this.#reduce(input, way);
    this.findings.push({ input: reduced, error: this.#errorOf(reduced) ?? error });
  }

  /** Leaves out whatever can be left out, then makes zeros of the rest where that can be. */
  #reduce(input: Uint8Array, way: string): Uint8Array {
    let smallest = input;
    let runs = 0;
    const isSame = (candidate: Uint8Array): boolean => {
      const error = runs++ < REDUCING_RUNS_MAX ? this.#errorOf(candidate) : undefined;
      return error !== undefined && wayOf(error) === way;
    };
    for (let length = input.length >> 1; length > 0; length >>= 1) {
      for (let at = 0; at + length <= smallest.length; ) {
        const shorter = without(smallest, at, length);
        if (isSame(shorter)) smallest = shorter;
        else at += length;
      }
    }
    for (let at = 0; at < smallest.length; at++) {
      const candidate = smallest.with(at, 0);
      if (smallest[at] !== 0 && isSame(candidate)) smallest = candidate;
    }
    return smallest;
  }
}

function without(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
}

/** Two findings with the same way are taken for one: the kind of error, and where it was thrown. */
function wayOf(error: Error): string {
  const where = error.stack?.split("\n").find((line) => line.includes("    at ")) ?? "";
  const promise = error.message.split(":").slice(0, 2).join(":").replace(/\d+/g, "0");
  return error.constructor.name === "TooManySteps" ? "too many steps" : `${promise} ${where}`;
}
