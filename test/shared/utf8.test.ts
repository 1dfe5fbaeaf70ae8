// UTF-8 against the platform's TextEncoder and strict TextDecoder.

import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8, utf8Length } from "../../shared/bytes/utf8.ts";
import { textOf } from "../reference/cbor.ts";
import "./arbitraries.ts";

/** An `expect` of its own for each of a hundred thousand would take longer than the decoding. */
function expectSame(bytes: Uint8Array): void {
  const [own, theirs] = [decodeUtf8(bytes), textOf([...bytes])];
  if (own !== theirs) expect(own, bytes.join(" ")).toBe(theirs);
}

test("encoding, lone surrogates included", () => {
  const anything = fc
    .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 })), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units));
  fc.assert(
    fc.property(fc.oneof(anything, fc.string({ unit: "binary" })), (text) => {
      const expected = new TextEncoder().encode(text);
      expect(encodeUtf8(text)).toEqual(expected);
      expect(utf8Length(text)).toBe(expected.length);
      expect(decodeUtf8(expected)).toBe(
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(expected),
      );
    }),
    { numRuns: 500 },
  );
});

test("decoding random bytes", () => {
  const lead = fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5);
  const byte = fc.oneof(lead, fc.integer({ min: 0x80, max: 0xbf }), fc.nat(255));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 8 }), (list) => expectSame(Uint8Array.from(list))),
    { numRuns: 2_000 },
  );
});

test("every pair of bytes, and every lead byte at the edges of what may follow", () => {
  for (let pair = 0; pair < 0x1_0000; pair++) expectSame(Uint8Array.of(pair >> 8, pair & 0xff));
  const edges = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
  for (let lead = 0xe0; lead <= 0xff; lead++) {
    for (const second of edges) {
      expectSame(Uint8Array.of(lead, second, 0x80));
      expectSame(Uint8Array.of(lead, second, 0xbf));
      expectSame(Uint8Array.of(lead, second, 0x80, 0x80));
      expectSame(Uint8Array.of(lead, second, 0xbf, 0xbf));
    }
  }
});

test("a byte order mark is a character as any other", () => {
  expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
});
