// The framing of serial lines, cut anywhere.

import { SerialDecoder } from "../../../shared/frame/serial.ts";
import { decodeSerial, encodeSerialFrame } from "../../reference/frames.ts";
import { checkPieces, framingSeeds } from "../framing.ts";
import type { Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 5_000,
    stepsMax: (bytes) => 1_000 + 60 * bytes,
    seeds: () => [...framingSeeds("frames-serial"), Uint8Array.of(0, ...encodeSerialFrame([0x13]))],
    run: (input) => checkPieces(input, () => new SerialDecoder(), decodeSerial),
  };
}
