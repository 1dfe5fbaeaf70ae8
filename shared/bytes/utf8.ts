// UTF-8 (RFC 3629) without TextEncoder and TextDecoder, which XS lacks. Decoding is strict: overlong
// forms, surrogates and truncated sequences give undefined, never a replacement character.

const REPLACEMENT = 0xfffd;

/** Bytes that `text` takes in UTF-8. A lone surrogate counts as U+FFFD. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const code = codePointAt(text, index);
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (code > 0xffff) index++;
  }
  return length;
}

/** Writes `text` into `into` at `position`, where `utf8Length(text)` bytes must be free. Returns the position after it. */
function writeUtf8(text: string, into: Uint8Array, position: number): number {
  let at = position;
  for (let index = 0; index < text.length; index++) {
    const code = codePointAt(text, index);
    if (code < 0x80) {
      into[at++] = code;
      continue;
    }
    if (code > 0xffff) index++;
    at = writeMultiByte(code, into, at);
  }
  return at;
}

/** `text` as new bytes. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(text, bytes, 0);
  return bytes;
}

/** The text in `bytes`, or undefined where they are not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let text = "";
  let index = 0;
  while (index < bytes.length) {
    const length = sequenceLength(bytes[index]!);
    const code = length === 1 ? bytes[index]! : decodeMultiByte(bytes, index, length);
    if (code < 0) return undefined;
    text += String.fromCodePoint(code);
    index += length;
  }
  return text;
}

function codePointAt(text: string, index: number): number {
  const code = text.codePointAt(index)!;
  return code >= 0xd800 && code <= 0xdfff ? REPLACEMENT : code;
}

function writeMultiByte(code: number, into: Uint8Array, position: number): number {
  let at = position;
  if (code < 0x800) {
    into[at++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x1_0000) {
      into[at++] = 0xe0 | (code >> 12);
    } else {
      into[at++] = 0xf0 | (code >> 18);
      into[at++] = 0x80 | ((code >> 12) & 0x3f);
    }
    into[at++] = 0x80 | ((code >> 6) & 0x3f);
  }
  into[at++] = 0x80 | (code & 0x3f);
  return at;
}

/** By the lead byte; 0 for one that cannot lead. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** The code point, or -1 where the sequence is malformed. */
function decodeMultiByte(bytes: Uint8Array, index: number, length: number): number {
  if (length === 0 || index + length > bytes.length) return -1;
  let code = bytes[index]! & (0xff >> (length + 1));
  for (let offset = 1; offset < length; offset++) {
    const byte = bytes[index + offset]!;
    if ((byte & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (byte & 0x3f);
  }
  if (length === 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) return -1;
  if (length === 4 && (code < 0x1_0000 || code > 0x10_ffff)) return -1;
  return code;
}
