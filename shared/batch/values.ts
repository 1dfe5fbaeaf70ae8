// Integers to values, one or many at a time: the last step of decoding. PROTOCOL 5.1 and 6.4.

import { floatOfSteps } from "./decimal.ts";

/** How integers and values of a column relate: value = integer / factor where `isInverse`, else integer × factor. */
export interface StepScale {
  factor: number;
  isInverse: boolean;
  /** The value is rounded to a float32. */
  readonly isSingle: boolean;
}

export function valueOfInteger(
  integer: number,
  { factor, isInverse, isSingle }: StepScale,
): number {
  if (isSingle) return floatOfSteps(integer, factor, isSingle);
  return isInverse ? integer / factor : integer * factor;
}

/** The same for rows [from, end) of `numbers`, in place. */
export function integersToValues(
  numbers: Float64Array,
  from: number,
  end: number,
  { factor, isInverse, isSingle }: StepScale,
): void {
  if (isSingle) {
    for (let row = from; row < end; row++) numbers[row] = Math.fround(numbers[row]! / factor);
  } else if (!isInverse) {
    for (let row = from; row < end; row++) numbers[row] = numbers[row]! * factor;
  } else if (factor !== 1) {
    for (let row = from; row < end; row++) numbers[row] = numbers[row]! / factor;
  }
}
