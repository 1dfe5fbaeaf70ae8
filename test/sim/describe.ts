// Messages in a few words, for stories.

import { decodeMessage } from "../../shared/message/decode.ts";
import type { Message } from "../../shared/message/message.ts";
import { isSealMessage } from "../../shared/seal/seal-message.ts";

const TOKEN_BYTES = 4;

const SEALS: Readonly<Record<number, string>> = {
  24: "knock",
  25: "admit",
  26: "sealed",
  28: "deny",
};

/** One message as it travels; where it is a datagram's, behind its token. */
export function describeMessage(bytes: Uint8Array, isDatagram: boolean): string {
  if (isSealMessage(bytes)) return SEALS[bytes[0]!]!;
  const decoded = decodeMessage(isDatagram ? bytes.subarray(TOKEN_BYTES) : bytes);
  return decoded.ok ? describe(decoded.value) : `(${decoded.code})`;
}

function describe(message: Message): string {
  switch (message.kind) {
    case "hello":
      return `hello: epoch ${message.epoch}, has ${message.first} to before ${message.next}`;
    case "welcome":
      return `welcome: stored before ${message.next}`;
    case "batch":
      return `batch ${message.sequence}`;
    case "gap":
      return `gap ${message.sequence} for ${message.count}, ${message.readings} readings`;
    case "ack":
      return `ack: stored before ${message.next}${bitsOf(message.bitmap)}`;
    case "bye":
      return `bye: ${message.reason}`;
    case "refuse":
      return `refuse: ${message.code} ${message.detail}`;
    case "schema":
    case "want":
    case "command":
    case "result":
    case "progress":
      return `${message.kind} ${message.number}`;
    default:
      return `${message.kind} ${message.id}`;
  }
}

function bitsOf(bitmap: Uint8Array): string {
  if (bitmap.length === 0) return "";
  const bits = [...bitmap].map((byte) => byte.toString(2).padStart(8, "0").split("").reverse());
  return `, has ${bits.flat().join("").replace(/0+$/, "")}`;
}
