// Work that grows with the square of the input.

import type { Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 500,
    stepsMax: (bytes) => 200 + 20 * bytes,
    seeds: () => [Uint8Array.of(1, 2, 3)],
    run: (input) => {
      for (let end = input.length; end > 0; end--) {
        for (let at = 0; at < end; at++);
      }
    },
  };
}
