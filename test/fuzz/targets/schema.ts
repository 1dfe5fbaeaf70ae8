// Schemas: what the twin decodes, and encoded again the same bytes where they were canonical.

import { decodeSchema, encodeSchema } from "../../../shared/channel.ts";
import { attempt } from "../../reference/batches.ts";
import * as twin from "../../reference/schemas.ts";
import { readVectors } from "../../shared/notation.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 1_150,
    stepsMax: (bytes) => 5_000 + 150 * bytes,
    seeds: () => readVectors("schemas").map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
    run: decode,
  };
}

function decode(input: Uint8Array): void {
  const channels = decodeSchema(input);
  const found = channels === undefined ? { error: "schema" } : { value: channels };
  mustEqual(
    found,
    attempt(() => twin.decodeSchema([...input])),
    "as the twin decodes",
  );
  if (channels === undefined) return;
  const again = decodeSchema(encodeSchema(channels));
  must(again !== undefined, "what was decoded can be encoded");
  mustEqual(again, channels, "the same once more");
}
