// UTF-8: what Node's own decoder takes, and nothing else.

import { decodeUtf8, encodeUtf8, utf8Length } from "../../../shared/bytes/utf8.ts";
import { must, type Target } from "../target.ts";

const TEXTS = ["", "a", "ä€😀", "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}", "\ufeffx"];
const MALFORMED = ["c080", "e08080", "eda080", "f08080", "f4908080", "80", "e282", "ff", "c2"];

export function createTarget(): Target {
  const node = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return {
    inputBytesMax: 200,
    stepsMax: (bytes) => 100 + 20 * bytes,
    seeds: () => [...TEXTS.map((text) => Buffer.from(text)), ...MALFORMED.map(fromHex)],
    run: (input) => decode(input, node),
  };
}

type Decoder = InstanceType<typeof TextDecoder>;

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function decode(input: Uint8Array, node: Decoder): void {
  const text = decodeUtf8(input);
  must(text === textOf(input, node), "as Node decodes");
  if (text === undefined) return;
  must(Buffer.compare(encodeUtf8(text), input) === 0, "encoded again, the same bytes");
  must(utf8Length(text) === input.length, "its length is known before");
}

function textOf(bytes: Uint8Array, node: Decoder): string | undefined {
  try {
    return node.decode(bytes);
  } catch {
    return undefined;
  }
}
