// Stand-ins for TextEncoder and TextDecoder, which XS lacks and the CBOR library names. The firmware
// build puts them in place of the globals (`inject` in build.mjs). They hold no state, so they
// survive preloading into ROM.

import { decodeUtf8, encodeUtf8 } from "../../shared/bytes/utf8.ts";

export class TextEncoder {
  encode(text: string): Uint8Array {
    return encodeUtf8(text);
  }
}

export class TextDecoder {
  /** Throws on malformed UTF-8; messages are checked before they reach the library (shared/message/cbor.ts). */
  decode(bytes: Uint8Array): string {
    const text = decodeUtf8(bytes);
    if (text === undefined) throw new TypeError("malformed UTF-8");
    return text;
  }
}
