// Chance in a simulated world: one seeded stream, and streams of their own for those whose draws
// should not disturb each other's.

import { mulberry32 } from "../../device/sensors/mulberry32.ts";

const U32 = 0x1_0000_0000;

export class Chance {
  /** From 0 up to, not including, 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = mulberry32(seed);
    this.next(); // neighbouring seeds begin with similar numbers
  }

  is(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  /** A fraction from `min` up to `max`. */
  between(min: number, max: number): number {
    return min + (max - min) * this.next();
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor((max - min + 1) * this.next());
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(list.length * this.next())]!;
  }

  /** Waits between things that happen every `mean` on average, whenever they like. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  u32(): number {
    return Math.floor(U32 * this.next());
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = Math.floor(256 * this.next());
    return bytes;
  }

  /** A stream of its own, seeded from this one. */
  fork(): Chance {
    return new Chance(this.u32());
  }
}
