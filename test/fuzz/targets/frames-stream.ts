// The framing of streams, cut anywhere.

import { StreamDecoder } from "../../../shared/frame/stream.ts";
import { decodeStream } from "../../reference/frames.ts";
import { checkPieces, framingSeeds } from "../framing.ts";
import type { Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 2_000,
    stepsMax: (bytes) => 500 + 20 * bytes,
    seeds: () => framingSeeds("frames-stream").filter(({ length }) => length < 3_000),
    run: (input) => checkPieces(input, () => new StreamDecoder(), decodeStream),
  };
}
