// Messages: what the twin decodes, refused with the same code, and encoded again the same message.

import { decodeMessage } from "../../../shared/message/decode.ts";
import type { Message } from "../../../shared/message/message.ts";
import { attempt } from "../../reference/batches.ts";
import * as twin from "../../reference/messages.ts";
import { encodedMessage, messageNotation, readVectors } from "../../shared/notation.ts";
import { must, mustEqual, type Target } from "../target.ts";

export function createTarget(): Target {
  return {
    inputBytesMax: 1_500,
    stepsMax: (bytes) => 2_000 + 80 * bytes,
    seeds: () => readVectors("messages").map(({ hex }) => Uint8Array.from(Buffer.from(hex, "hex"))),
    run: decode,
  };
}

function decode(input: Uint8Array): void {
  const decoded = decodeMessage(input);
  const found = decoded.ok ? { value: messageNotation(decoded.value) } : { error: decoded.code };
  mustEqual(
    found,
    attempt(() => twin.decodeMessage([...input])),
    "as the twin decodes",
  );
  if (!decoded.ok || !isOurs(decoded.value)) return;
  const again = decodeMessage(encodedMessage(decoded.value));
  must(again.ok, "what was decoded can be encoded");
  mustEqual(messageNotation(again.value), messageNotation(decoded.value), "the same once more");
}

/** A refusal of another version is never encoded here. */
function isOurs(message: Message): boolean {
  return message.kind !== "refuse" || message.version === 1;
}
