// Kinds and modes of columns as small integers, so that no loop compares texts, and the two ways from
// a value to an integer and back. PROTOCOL 5.1 and 6.4.

import { type Channel, isIntegral } from "../channel.ts";

/** How a column is written, by the number that its head has (PROTOCOL 6.4). */
export const MODE_RUNS = 0;
export const MODE_RESIDUALS = 1;
export const MODE_PALETTE = 2;
export const MODE_PALETTE_OF_DIFFERENCES = 3;
export const MODE_BITS = 2;
/** Floats bit by bit; not in the head as such. */
export const MODE_XOR = 4;
/** Text, bytes and structured values; not in the head, for they know no other. */
export const MODE_PAYLOADS = 5;

/** Whether a column has a value in each row, by the number that its head has. */
export const PRESENCE_YES = 0;
export const PRESENCE_NO = 1;
/** Each row says so. */
export const PRESENCE_BY_ROW = 2;
export const PRESENCE_BITS = 2;

export const PREDICTOR_BITS = 4;
export const TIME_PREDICTOR_BITS = 3;
export const SCALE_BITS = 6;
export const DIGITS_BITS = 4;

/** The length in an escape that says: the integer itself follows. */
export const LENGTH_WHOLE = 63;

export function isFloat(channel: Channel): boolean {
  return channel.kind === "float32" || channel.kind === "float64";
}

export function isPayload(channel: Channel): boolean {
  return !isIntegral(channel.kind) && !isFloat(channel);
}

/** Bits that an index below `count` takes. */
export function indexBits(count: number): number {
  return count < 2 ? 0 : 32 - Math.clz32(count - 1);
}

/** How values and steps relate: value = steps / factor where `isInverse`, else steps × factor. */
export interface StepFactor {
  readonly factor: number;
  readonly isInverse: boolean;
}

/** That of a number's resolution, as `stepsOf` and `valueOfSteps` have it; 1 for other kinds. */
export function stepFactorOf({ resolution = 1 }: Channel): StepFactor {
  const inverse = Math.round(1 / resolution);
  const isInverse = inverse * resolution === 1;
  return { factor: isInverse ? inverse : resolution, isInverse };
}
