// Which decoders there are, and what each makes of a frame. None of them throws.

import { decodeCbor } from "../../../shared/message/cbor.ts";
import type { Decoded, PlainDecoder } from "../value.ts";
import { refused } from "../value.ts";
import { decodeJson } from "./json.ts";
import { decodePickle } from "./pickle.ts";
import { decodeStructRows } from "./struct.ts";
import type { StructFormat } from "./struct-format.ts";
import { decodeNumbers } from "./text.ts";
import { matchPattern, type TextPattern } from "./text-pattern.ts";

export type Decoding =
  | { readonly kind: "json" | "cbor" | "text" | "pickle" | "none" }
  | { readonly kind: "pattern"; readonly pattern: TextPattern }
  | { readonly kind: "struct"; readonly format: StructFormat }
  /** Frames are kept as files in this folder. */
  | { readonly kind: "file"; readonly folder: string };

/** The decoder; undefined where frames hold no values. */
export function decoderOf(decoding: Decoding): PlainDecoder | undefined {
  switch (decoding.kind) {
    case "json":
      return (frame) => onText(frame, decodeJson);
    case "text":
      return (frame) => onText(frame, decodeNumbers);
    case "pattern":
      return (frame) => onText(frame, (text) => matchPattern(decoding.pattern, text));
    case "cbor":
      return decodeCborFrame;
    case "struct":
      return (frame) => decodeStructRows(decoding.format, frame);
    case "pickle":
      return decodePickle;
    default:
      return undefined;
  }
}

function onText(frame: Uint8Array, decode: (text: string) => Decoded): Decoded {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(frame);
  } catch {
    return refused("it is not UTF-8 text");
  }
  return decode(text);
}

function decodeCborFrame(frame: Uint8Array): Decoded {
  const value = decodeCbor(frame);
  return value === undefined
    ? refused(
        "it is not CBOR of the kind that is read here: one item, definite lengths, text keys, no tags, no half floats",
      )
    : { ok: true, value };
}
