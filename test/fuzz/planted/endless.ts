// A loop without an end, in code that catches whatever is thrown.

import type { Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 20,
    stepsMax: (bytes) => 100 + 10 * bytes,
    seeds: () => [Uint8Array.of(1, 2, 3)],
    run: (input) => {
      try {
        for (let at = 0; at < input.length; at += input[at] === 0x80 ? 0 : 1);
      } catch {
        return;
      }
    },
  };
}
