// Floats that were decimal numbers: 21.35 as float64 is 2135 hundredths, exactly. PROTOCOL 6.6.

/** Most decimals looked for. */
const DIGITS_MAX = 9;

/** One float in eight may be no such decimal. */
const OTHERS_SHARE = 1 / 8;

/** The number of steps of 1/`factor` in a float, NaN where it is not exactly a number of them. */
export function stepsOfFloat(value: number, factor: number, isSingle: boolean): number {
  const steps = Math.round(value * factor) + 0; // -0 becomes 0, and is not what it was
  const isExact = Object.is(floatOfSteps(steps, factor, isSingle), value);
  return isExact && Number.isSafeInteger(steps) ? steps : Number.NaN;
}

/** The inverse of `stepsOfFloat`. */
export function floatOfSteps(steps: number, factor: number, isSingle: boolean): number {
  return isSingle ? Math.fround(steps / factor) : steps / factor;
}

/** The fewest decimals that most of the first `count` of `values` have; -1 where they have none. */
export function digitsOf(values: Float64Array, count: number, isSingle: boolean): number {
  for (let digits = 0; digits <= DIGITS_MAX; digits++) {
    let others = 0;
    for (let row = 0; row < count; row++) {
      if (Number.isNaN(stepsOfFloat(values[row]!, 10 ** digits, isSingle))) others++;
    }
    if (others <= count * OTHERS_SHARE) return digits;
  }
  return -1;
}
