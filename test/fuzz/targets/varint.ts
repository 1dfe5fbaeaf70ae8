// Reading integers: what the twin reads, and written again the same bytes.

import {
  ByteReader,
  ByteWriter,
  unzigzag,
  varintLength,
  zigzag,
} from "../../../shared/bytes/cursor.ts";
import { attempt } from "../../reference/batches.ts";
import { Source } from "../../reference/numbers.ts";
import { readVectors } from "../../shared/notation.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 40,
    stepsMax: (bytes) => 200 + 20 * bytes,
    seeds: () => readVectors("varint").map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
    run: readAll,
  };
}

/** One integer after another, up to the first that is malformed. */
function readAll(input: Uint8Array): void {
  const reader = new ByteReader(input);
  while (reader.remaining > 0) {
    const start = reader.position;
    const value = reader.readVarint();
    const rest = [...input.subarray(start)];
    const expected = attempt(() => Number(new Source(rest, "malformed").varint()));
    mustEqual(reader.failed ? { error: "malformed" } : { value }, expected, "as the twin reads");
    if (reader.failed) return;
    checkWritten(value, input.subarray(start, reader.position));
  }
}

function checkWritten(value: number, bytes: Uint8Array): void {
  const writer = new ByteWriter(new Uint8Array(8));
  writer.writeVarint(value);
  mustEqual([...writer.written()], [...bytes], "written as it was read");
  must(varintLength(value) === bytes.length, "its length is known before");
  if (value <= 2 ** 52) must(unzigzag(zigzag(-value)) === 0 - value, "zigzag and back");
}
