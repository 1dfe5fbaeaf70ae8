// The framing of datagrams: as it comes, and with a checksum that is right.

import { decodeDatagram, endDatagram } from "../../../shared/frame/datagram.ts";
import * as twin from "../../reference/frames.ts";
import { frameNotation, readVectors } from "../../shared/notation.ts";
import { mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 1_300,
    stepsMax: (bytes) => 200 + 10 * bytes,
    seeds: () =>
      readVectors("frames-datagram").map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
    run: (input) => {
      check(input);
      const sound = new Uint8Array(input.length + 4);
      sound.set(input);
      endDatagram(sound, input.length);
      check(sound);
    },
  };
}

function check(datagram: Uint8Array): void {
  const found = [frameNotation(decodeDatagram(datagram))];
  mustEqual(found, twin.decodeDatagram([...datagram]), "as the twin reads");
}
