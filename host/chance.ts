// Chance that nobody can guess, from where a simulated world can put its own.

import { randomInt } from "node:crypto";

export function randomBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => randomInt(0, 0x100));
}

/** A session's token of PROTOCOL 3.5: its first byte is that of no seal. */
export function randomToken(): number {
  return randomInt(0x8000_0000, 0x1_0000_0000);
}
