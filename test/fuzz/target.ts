// What can be fuzzed: something that takes bytes. Where it takes operations, they are read out of the
// bytes (choices.ts), so that one mutator and one measure of coverage serve for all.

export interface Target {
  /** Puts one input through. Throws where a promise is broken: whatever it throws is a finding. */
  run(input: Uint8Array): void;
  /** Inputs to begin with; the better they reach into the code, the sooner something is found. */
  seeds(): Iterable<Uint8Array>;
  /** Longest input worth trying. */
  readonly inputBytesMax: number;
  /**
   * Most steps (functions entered and rounds of loops, of the code under test) that an input of so many
   * bytes may take; linear in them. What takes more counts as endless.
   */
  stepsMax(inputBytes: number): number;
}

/** What a target file exports as its default: a target afresh, without anything of an earlier one. */
export type CreateTarget = () => Target;

/** Throws where `isTrue` is not so. A target's invariants; `assert` of shared/ is for the code itself. */
export function must(isTrue: boolean, promise: string): asserts isTrue {
  if (!isTrue) throw new Error(`broken promise: ${promise}`);
}

/** Throws where two things differ as JSON, which keeps the order of fields. */
export function mustEqual(found: unknown, expected: unknown, promise: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`broken promise: ${promise}: ${left}, expected ${right}`);
}
