// The seal's own messages: none throws, and what one decodes is what it was made of.

import { concat } from "../../../shared/seal/crypto.ts";
import {
  type Admit,
  type Deny,
  decodeAdmit,
  decodeDeny,
  decodeKnock,
  decodeSealed,
  encodeAdmit,
  encodeDeny,
  encodeKnock,
  isSealMessage,
  type Knock,
  SEAL_CODES,
} from "../../../shared/seal/seal-message.ts";
import { readVectors } from "../../shared/notation.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 150,
    stepsMax: (bytes) => 2_000 + 100 * bytes,
    seeds,
    run: decode,
  };
}

function* seeds(): Generator<Uint8Array> {
  for (const { hex } of readVectors("messages")) yield Uint8Array.from(Buffer.from(hex, "hex"));
  const random = new Uint8Array(16).fill(7);
  yield concat(encodeKnock("cellar", random), random);
  yield concat(encodeAdmit(random, random, 0xdeadbeef), random);
  yield concat(Uint8Array.of(SEAL_CODES.sealed, 1, 2, 3, 4, 0x80, 1), new Uint8Array(20));
  yield encodeDeny({ reason: "busy", retryAfterMs: 300, about: random });
}

function decode(input: Uint8Array): void {
  if (!isSealMessage(input)) return;
  if (input[0] === SEAL_CODES.knock) checkKnock(input, decodeKnock(input));
  if (input[0] === SEAL_CODES.admit) checkAdmit(input, decodeAdmit(input));
  if (input[0] === SEAL_CODES.deny) checkDeny(decodeDeny(input));
  if (input[0] !== SEAL_CODES.sealed) return;
  const sealed = decodeSealed(input);
  if (sealed === undefined) return;
  mustEqual([...concat(sealed.head, sealed.body)], [...input], "head and body are all of it");
  must(Number.isSafeInteger(sealed.counter), "a counter counts");
}

/** Of a name there is one form: whoever repeats a knock in another is somebody else. */
function checkKnock(input: Uint8Array, knock: Knock | undefined): void {
  if (knock === undefined) return;
  const again = concat(encodeKnock(knock.device, knock.random), knock.proof);
  mustEqual([...again], [...input], "the same knock once more");
}

function checkAdmit(input: Uint8Array, admit: Admit | undefined): void {
  if (admit === undefined) return;
  const { deviceRandom, hostRandom, token, proof } = admit;
  const again = concat(encodeAdmit(deviceRandom, hostRandom, token), proof);
  mustEqual([...again], [...input], "the same admit once more");
}

function checkDeny(deny: Deny | undefined): void {
  if (deny === undefined || deny.about.length > 16) return;
  mustEqual(decodeDeny(encodeDeny(deny)), deny, "the same denial once more");
}
