// A bug behind a word of six bytes: chance alone finds it once in 2^48 inputs, coverage a byte at a time.

import type { Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 20,
    stepsMax: () => 1_000,
    seeds: () => [Uint8Array.of(1, 2, 3, 4, 5, 6)],
    run: (input) => {
      if (input[0] !== 0x73 || input[1] !== 0x8e || input[2] !== 0x6e) return;
      if (input[3] !== 0xd4 || input[4] !== 0x61 || input[5] !== 0xff) return;
      throw new Error("the word was said");
    },
  };
}
