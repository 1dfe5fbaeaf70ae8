// What the targets of framings have in common: bytes of a line in pieces. The first byte of an input
// says how many pieces; then come the cuts, a byte each, and the line.

import type { FrameDecoder } from "../../shared/frame/frame.ts";
import type { FrameNotation } from "../reference/frames.ts";
import { framesOf, readVectors } from "../shared/notation.ts";
import { Choices } from "./choices.ts";
import { mustEqual } from "./target.ts";

const CUTS_MAX = 4;

/** What the decoder gives depends on the bytes, never on the cuts, and is what the twin gives. */
export function checkPieces(
  input: Uint8Array,
  createDecoder: () => FrameDecoder,
  twin: (bytes: number[]) => FrameNotation[],
): void {
  const choices = new Choices(input);
  const cuts = Array.from({ length: choices.below(CUTS_MAX + 1) }, () => choices.byte());
  const line = choices.rest();
  const expected = twin([...line]);
  mustEqual(framesOf(createDecoder(), line), expected, "as the twin reads the line");
  mustEqual(framesOf(createDecoder(), ...piecesOf(line, cuts)), expected, "the same in pieces");
}

function piecesOf(line: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = cuts.map((cut) => Math.floor((cut * line.length) / 255));
  ends.push(line.length);
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => line.subarray(ends[index - 1] ?? 0, end));
}

/** The lines of the vectors: whole, and cut in two places. */
export function framingSeeds(vectors: string): Uint8Array[] {
  return readVectors(vectors).flatMap(({ hex }) => {
    const line = Buffer.from(hex, "hex");
    return [Uint8Array.of(0, ...line), Uint8Array.of(2, 30, 200, ...line)];
  });
}
