// CBOR: what the twin decodes, nothing else, and encoded again the same value.

import { decodeCbor, encodeCbor } from "../../../shared/message/cbor.ts";
import { attempt } from "../../reference/batches.ts";
import * as twin from "../../reference/cbor.ts";
import { readVectors, valueNotation } from "../../shared/notation.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 1_500,
    stepsMax: (bytes) => 1_000 + 60 * bytes,
    seeds: () => readVectors("cbor").map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
    run: decode,
  };
}

function decode(input: Uint8Array): void {
  const value = decodeCbor(input);
  const found = value === undefined ? { error: "malformed" } : { value: valueNotation(value) };
  mustEqual(
    found,
    attempt(() => twin.decodeCbor([...input])),
    "as the twin decodes",
  );
  if (value === undefined) return;
  const again = decodeCbor(encodeCbor(value));
  must(again !== undefined, "what was decoded can be encoded");
  mustEqual(valueNotation(again), valueNotation(value), "encoded and decoded, the same");
}
