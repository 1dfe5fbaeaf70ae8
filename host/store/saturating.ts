// Sums of what devices claim. A device may claim any number of dropped readings; the sum stays one
// that JavaScript can read back from the store.

/** The sum, or the largest safe integer where it would be larger. */
export function addSaturating(sum: number, more: number): number {
  return Math.min(sum + more, Number.MAX_SAFE_INTEGER);
}
