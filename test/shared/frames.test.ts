// The three framings against hostile lines: input in pieces of every kind, tails, flipped bits, and
// lengths that lie. What a decoder gives depends on the bytes, never on how they were cut.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDatagram } from "../../shared/frame/datagram.ts";
import type { FrameDecoder } from "../../shared/frame/frame.ts";
import { SerialDecoder } from "../../shared/frame/serial.ts";
import { StreamDecoder } from "../../shared/frame/stream.ts";
import {
  decodeSerial,
  decodeStream,
  encodeDatagram,
  encodeSerialFrame,
  encodeStreamFrame,
  type FrameNotation,
  SEGMENT_BYTES_MAX,
} from "../reference/frames.ts";
import { type Bytes, fromHex, toHex } from "../reference/numbers.ts";
import "./arbitraries.ts";
import { frameNotation, framesOf, readVectors } from "./notation.ts";

interface Framing {
  readonly name: string;
  readonly makeDecoder: () => FrameDecoder;
  readonly encode: (message: Bytes) => Bytes;
  readonly decode: (bytes: Bytes) => FrameNotation[];
}

const STREAM: Framing = {
  name: "stream",
  makeDecoder: () => new StreamDecoder(),
  encode: encodeStreamFrame,
  decode: decodeStream,
};

const SERIAL: Framing = {
  name: "serial",
  makeDecoder: () => new SerialDecoder(),
  encode: encodeSerialFrame,
  decode: decodeSerial,
};

const SHORT_BYTES_MAX = 80;

/** Messages begin with a code, which is a control character that text does not use. */
const message = fc
  .tuple(fc.constantFrom(0x01, 0x10, 0x13), fc.array(fc.nat(255), { maxLength: 300, size: "max" }))
  .map(([code, rest]) => [code, ...rest]);

function piecesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1]!, end));
}

describe.each([STREAM, SERIAL])("$name", ({ name, makeDecoder, encode, decode }) => {
  const next = encode([0x13, 0x2a]);

  test("every vector: whole, byte by byte, with a tail, and at every split", () => {
    for (const { name: title, hex } of readVectors(`frames-${name}`)) {
      const bytes = Uint8Array.from(fromHex(hex));
      const expected = decode([...bytes]);
      expect(framesOf(makeDecoder(), bytes), title).toEqual(expected);
      const single = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
      expect(framesOf(makeDecoder(), ...single), title).toEqual(expected);
      const tailed = Uint8Array.from([...bytes, ...next, 0xff, 0x7f]);
      expect(framesOf(makeDecoder(), tailed), title).toEqual(decode([...tailed]));
      if (bytes.length > SHORT_BYTES_MAX) continue;
      for (let at = 0; at <= tailed.length; at++) {
        const halves = framesOf(makeDecoder(), tailed.subarray(0, at), tailed.subarray(at));
        expect(halves, `${title}, split at ${at}`).toEqual(decode([...tailed]));
      }
    }
  });

  test("messages in pieces of any size come out whole", () => {
    const messages = fc.array(message, { maxLength: 6, size: "max" });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
        const bytes = Uint8Array.from(list.flatMap(encode));
        const expected = list.map((one) => ({ message: toHex(one) }));
        expect(framesOf(makeDecoder(), ...piecesOf(bytes, cuts))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("random bytes: as the twin, in pieces of any size", () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 0, 1, 2, 0x0a, 0x41));
    const bytes = fc.array(byte, { maxLength: 120, size: "max" });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 5 }), (list, cuts) => {
        const pieces = piecesOf(Uint8Array.from(list), cuts);
        expect(framesOf(makeDecoder(), ...pieces)).toEqual(decode(list));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Each single-bit error of `bytes`. */
function* flips(bytes: Bytes): Generator<{ bit: number; flipped: Uint8Array }> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    yield { bit, flipped };
  }
}

const SOUND_MESSAGES = readVectors("messages").filter(({ error }) => error === undefined);

describe("no flipped bit passes", () => {
  test("serial: noise or text, never a message, and the frame after the next delimiter is whole", () => {
    const other = encodeSerialFrame([0x13, 0x2a]);
    for (const { name, hex } of SOUND_MESSAGES) {
      const frame = encodeSerialFrame(fromHex(hex));
      if (frame.length > 150) continue;
      for (const { bit, flipped } of flips(frame)) {
        const found = framesOf(new SerialDecoder(), flipped, Uint8Array.from([...other, ...other]));
        const messages = found.filter((event) => "message" in event).map((event) => event.message);
        const isOuterZero = bit < 8 || bit >= 8 * (frame.length - 1);
        const isUnharmed = isOuterZero && messages[0] === hex;
        const expected = isUnharmed ? [hex, "132a", "132a"] : ["132a", "132a"];
        expect(messages, `${name}, bit ${bit}`).toEqual(expected);
      }
    }
  });

  test("datagram: noise", () => {
    for (const { name, hex } of SOUND_MESSAGES) {
      const datagram = encodeDatagram(fromHex(hex));
      if (datagram.length > 150) continue;
      for (const { bit, flipped } of flips(datagram)) {
        expect(decodeDatagram(flipped).kind, `${name}, bit ${bit}`).toBe("noise");
      }
    }
  });

  test("datagram: any two flipped bits", () => {
    const two = fc.tuple(message, fc.nat(), fc.nat());
    fc.assert(
      fc.property(two, ([one, first, second]) => {
        const bytes = Uint8Array.from(encodeDatagram(one));
        for (const bit of [first, second]) {
          const at = bit % (8 * bytes.length);
          bytes[at >> 3] = bytes[at >> 3]! ^ (1 << (at & 7));
        }
        const isSame = first % (8 * bytes.length) === second % (8 * bytes.length);
        expect(decodeDatagram(bytes).kind).toBe(isSame ? "message" : "noise");
      }),
      { numRuns: 500 },
    );
  });
});

describe("stream lengths that lie", () => {
  test("one beyond the limit breaks the stream, and nothing follows", () => {
    const decoder = new StreamDecoder(100);
    const first = framesOf(decoder, Uint8Array.from([...encodeStreamFrame([1]), 0, 0, 0, 101]));
    expect(first).toEqual([{ message: "01" }, { broken: "too-long" }]);
    expect(framesOf(decoder, Uint8Array.from(encodeStreamFrame([2])))).toEqual([]);
  });

  test("also where the header comes in pieces", () => {
    const decoder = new StreamDecoder();
    const pieces = [0xff, 0xff, 0xff, 0xff].map((byte) => Uint8Array.of(byte));
    expect(framesOf(decoder, ...pieces)).toEqual([{ broken: "too-long" }]);
  });

  test("a thousand announcements of 64 KiB take no memory", () => {
    const announcement = Uint8Array.of(0, 1, 0, 0, 0x10);
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 1_000 }, () => new StreamDecoder());
    for (const decoder of decoders) expect(framesOf(decoder, announcement)).toEqual([]);
    const taken = process.memoryUsage().arrayBuffers - before;
    expect(taken).toBeLessThan(decoders.length * 1_024);
  });

  test("a message lies in its decoder's input where it came whole: no copy", () => {
    const input = Uint8Array.from(encodeStreamFrame([1, 2, 3]));
    const decoder = new StreamDecoder();
    decoder.handleBytes(input);
    const event = decoder.pollFrame();
    expect(event?.kind === "message" && event.bytes.buffer === input.buffer).toBe(true);
  });
});

describe("serial lines", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const ping = Uint8Array.from(encodeSerialFrame([0x13, 0x2a]));

  test("text that no delimiter ends is given out once the line is quiet", () => {
    const decoder = new SerialDecoder();
    expect(framesOf(decoder, bytes("ets Jul 29 2019\r\nrst:0x1\r\n"))).toEqual([]);
    const event = decoder.handleQuiet();
    expect(event && frameNotation(event)).toEqual({
      text: toHex(bytes("ets Jul 29 2019\r\nrst:0x1\r\n")),
    });
    expect(decoder.handleQuiet()).toBeUndefined();
    expect(framesOf(decoder, ping)).toEqual([{ message: "132a" }]);
  });

  test("quiet gives out neither half a line nor half a frame", () => {
    for (const half of [bytes("no line end"), ping.subarray(0, 4), Uint8Array.of(1, 0x0a)]) {
      const decoder = new SerialDecoder();
      expect(framesOf(decoder, half)).toEqual([]);
      expect(decoder.handleQuiet()).toBeUndefined();
    }
  });

  test("a quiet line within a frame that is being received does not harm the frame", () => {
    for (let at = 0; at <= ping.length; at++) {
      const decoder = new SerialDecoder();
      const before = framesOf(decoder, ping.subarray(0, at));
      expect(decoder.handleQuiet()).toBeUndefined();
      expect([...before, ...framesOf(decoder, ping.subarray(at))]).toEqual([{ message: "132a" }]);
    }
  });

  test("endless noise is dropped in fixed memory and counted at the next delimiter", () => {
    const decoder = new SerialDecoder();
    const noise = new Uint8Array(100_000).fill(0x01);
    expect(framesOf(decoder, noise, noise, ping)).toEqual([
      { noise: "too-long", dropped: 200_000 },
      { message: "132a" },
    ]);
  });

  test("endless text comes in pieces, none lost", () => {
    const text = bytes("0123456789\n".repeat(1_000));
    const found = framesOf(new SerialDecoder(), text, ping);
    expect(found.at(-1)).toEqual({ message: "132a" });
    const pieces = found.slice(0, -1).map((event) => ("text" in event ? event.text : "?"));
    expect(pieces.join("")).toBe(toHex(text));
    expect(Math.max(...pieces.map((piece) => piece.length / 2))).toBe(SEGMENT_BYTES_MAX);
  });

  test("no message can be taken for text: its code is a control character", () => {
    for (const { name, hex } of SOUND_MESSAGES) {
      const frame = Uint8Array.from(encodeSerialFrame(fromHex(hex)));
      expect(framesOf(new SerialDecoder(), frame), name).toEqual([{ message: hex }]);
    }
  });
});
