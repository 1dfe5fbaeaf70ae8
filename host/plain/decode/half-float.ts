// IEEE 754 half floats, struct's "e": Node 20 has no Float16Array.

const FRACTION_BITS = 10;
const EXPONENT_MAX = 31;
const BIAS = 15;
const SIGN = 0x8000;
const INFINITY = EXPONENT_MAX << FRACTION_BITS;

/** The number that 16 bits stand for. */
export function halfValue(bits: number): number {
  const sign = (bits & SIGN) === 0 ? 1 : -1;
  const exponent = (bits >> FRACTION_BITS) & EXPONENT_MAX;
  const fraction = bits & (2 ** FRACTION_BITS - 1);
  if (exponent === EXPONENT_MAX)
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - BIAS - FRACTION_BITS);
  return sign * (2 ** FRACTION_BITS + fraction) * 2 ** (exponent - BIAS - FRACTION_BITS);
}

/** The bits nearest to a number, halves to even; infinity beyond the largest. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return INFINITY | 1;
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  const size = Math.abs(value);
  const exponent = Math.max(1 - BIAS, Math.floor(Math.log2(size)));
  if (size === Number.POSITIVE_INFINITY || exponent > BIAS) return sign | INFINITY;
  const steps = roundHalfEven(size * 2 ** (FRACTION_BITS - exponent));
  // A carry out of the fraction goes on into the exponent, as it should.
  const scaled = steps + (exponent + BIAS - 1) * 2 ** FRACTION_BITS;
  return sign | Math.min(scaled, INFINITY);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
