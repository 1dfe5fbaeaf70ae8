// Predictors of numbers: how much of a residual the expected value follows, and how much the slope.
// PROTOCOL 6.4.

/** Fractions of a step that an expected value has. */
export const FRACTION_BITS = 8;
export const FRACTION_ONE = 1 << FRACTION_BITS;
/** Where a fraction begins: so that an expected value is rounded, not cut off. */
export const FRACTION_HALF = FRACTION_ONE >> 1;

/**
 * By number: what of a residual goes into the expected value, in 256ths. 1 is the last value itself, 0
 * a constant, what lies between a running mean over 2, 4, 8 ... values. Those from 8 on have a slope.
 */
export const GAINS = [256, 128, 64, 32, 16, 8, 4, 0, 256, 256, 256, 192, 128, 96, 64, 32] as const;

/** By number: what of a residual goes into the slope, in 256ths. */
export const SLOPE_GAINS = [0, 0, 0, 0, 0, 0, 0, 0, 256, 128, 32, 64, 32, 16, 8, 2] as const;

/** The last value. */
export const PREDICTOR_LAST = 0;

/** Predictors of times: those without a slope, for the period is theirs. */
export const TIME_PREDICTORS = 8;

/** Integers from here on are written whole and leave no trace, so that differences stay below 2^53. */
export const LEVEL_MAX = 2 ** 51;

/** What an integer leaves behind as the expected one. */
export function levelOf(integer: number): number {
  return Math.abs(integer) < LEVEL_MAX ? integer : 0;
}

/** Latest uptime in a batch, for the same reason: 142,000 years. */
export const TIME_MS_MAX = 2 ** 52;
