// COBS, both ways: bytes stuffed and unstuffed, and whatever comes taken for stuffed bytes.

import { cobsLengthMax, decodeCobs, encodeCobs } from "../../../shared/frame/cobs.ts";
import { attempt } from "../../reference/batches.ts";
import * as twin from "../../reference/frames.ts";
import { readVectors } from "../../shared/notation.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 1_100,
    stepsMax: (bytes) => 100 + 20 * bytes,
    seeds: () => readVectors("cobs").map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
    run: (input) => {
      checkThereAndBack(input);
      checkDecoded(input);
    },
  };
}

function checkThereAndBack(plain: Uint8Array): void {
  const stuffed = new Uint8Array(cobsLengthMax(plain.length) + 1).fill(0xa5);
  const end = encodeCobs(plain, 0, plain.length, stuffed, 0);
  must(stuffed.at(-1) === 0xa5, "no longer than was said");
  must(!stuffed.subarray(0, end).includes(0), "no zero");
  const length = decodeCobs(stuffed, end);
  must(Buffer.compare(stuffed.subarray(0, length), plain) === 0, "back as it was");
}

function checkDecoded(input: Uint8Array): void {
  const expected = attempt(() => twin.decodeCobs([...input]));
  const length = decodeCobs(input, input.length);
  const found = length < 0 ? { error: "cobs" } : { value: [...input.subarray(0, length)] };
  mustEqual(found, expected, "as the twin unstuffs");
}
