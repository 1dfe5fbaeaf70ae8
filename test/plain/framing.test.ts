// The framings of plain clients: the same frames come out however the network cuts the bytes, and
// nothing that a client claims makes room for more than it sent.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Framer,
  type FramerEvent,
  type Framing,
  frameOf,
  framerOf,
} from "../../host/plain/framing/framing.ts";

const FRAME_BYTES_MAX = 1_000;

function poll(framer: Framer): FramerEvent[] {
  const events: FramerEvent[] = [];
  for (let event = framer.pollEvent(); event !== undefined; event = framer.pollEvent()) {
    events.push(event);
  }
  return events;
}

/** All events of a stream that comes in pieces of these sizes, over and over, and ends. */
function readAll(framing: Framing, stream: Uint8Array, sizes: readonly number[]): FramerEvent[] {
  const framer = framerOf(framing, FRAME_BYTES_MAX);
  const events: FramerEvent[] = [];
  for (let start = 0, piece = 0; start < stream.length; piece++) {
    const size = sizes[piece % sizes.length]!;
    framer.handleBytes(stream.subarray(start, start + size));
    events.push(...poll(framer));
    start += size;
  }
  framer.handleEnd();
  return [...events, ...poll(framer)];
}

function textsOf(events: readonly FramerEvent[]): string[] {
  return events.map((event) =>
    event.kind === "frame" ? Buffer.from(event.bytes).toString("utf8") : `${event.kind}!`,
  );
}

const texts = fc.array(
  fc.string({ unit: "grapheme", maxLength: 60 }).filter((text) => !/[\r\n]/.test(text)),
  { maxLength: 20 },
);
const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 10 });

const FRAMINGS: readonly [string, Framing][] = [
  ["length4", { kind: "length4" }],
  ["header10", { kind: "header10", countsCharacters: false }],
  ["header10chars", { kind: "header10", countsCharacters: true }],
  ["line", { kind: "line" }],
];

describe.each(FRAMINGS)("%s", (_name, framing) => {
  test("frames come out as they were sent, however the bytes were cut", () => {
    fc.assert(
      fc.property(texts, sizes, (sent, cuts) => {
        const stream = Buffer.concat(sent.map((text) => frameOf(framing, Buffer.from(text))));
        expect(textsOf(readAll(framing, stream, cuts))).toEqual(sent);
        expect(textsOf(readAll(framing, stream, [1]))).toEqual(sent);
      }),
    );
  });

  test("a frame as large as allowed passes, one byte more does not", () => {
    const fits = frameOf(framing, Buffer.alloc(FRAME_BYTES_MAX, "x"));
    const over = frameOf(framing, Buffer.alloc(FRAME_BYTES_MAX + 1, "x"));
    for (const cuts of [[1], [7], [10_000]]) {
      expect(readAll(framing, fits, cuts)).toMatchObject([{ kind: "frame" }]);
      const [event, ...more] = readAll(framing, over, cuts);
      expect(more).toEqual([]);
      expect(event).toMatchObject({ why: expect.stringContaining("frame=") });
    }
  });

  test("any bytes at all: no exception, no more room than came", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), sizes, (stream, cuts) => {
        const framer = framerOf(framing, FRAME_BYTES_MAX);
        for (let start = 0, piece = 0; start < stream.length; piece++) {
          const size = cuts[piece % cuts.length]!;
          framer.handleBytes(stream.subarray(start, start + size));
          poll(framer);
          expect(framer.waitingBytes).toBeLessThanOrEqual(FRAME_BYTES_MAX + 70);
          start += size;
        }
        framer.handleEnd();
        poll(framer);
        expect(framer.waitingBytes).toBe(0);
      }),
    );
  });
});

test("length4: a length of 4 GiB is refused when it is read, and what follows is not believed", () => {
  const stream = Buffer.concat([Buffer.from("ffffffff", "hex"), Buffer.alloc(200, "x")]);
  const [event, ...more] = readAll({ kind: "length4" }, stream, [1]);
  expect(event).toMatchObject({ kind: "broken", why: expect.stringContaining("4294967295") });
  expect(more).toEqual([]);
});

describe("header10", () => {
  const bytes: Framing = { kind: "header10", countsCharacters: false };
  const characters: Framing = { kind: "header10", countsCharacters: true };
  const theirs = (text: string) => Buffer.from(`${String([...text].length).padEnd(10)}${text}`);

  test("a client that counts characters sends what cannot be read by bytes, and is told what to do", () => {
    const stream = Buffer.concat(["Maria", "María", "Juan"].map(theirs));
    const [first, second, third, ...more] = readAll(bytes, stream, [1]);
    expect(textsOf([first!, second!])).toEqual(["Maria", "Marí"]);
    expect(third).toMatchObject({ kind: "broken", why: expect.stringContaining("header10chars") });
    expect(more).toEqual([]);
    expect(textsOf(readAll(characters, stream, [1]))).toEqual(["Maria", "María", "Juan"]);
  });

  test("a client that counts bytes, read by characters, is told so too", () => {
    const stream = Buffer.concat(
      ["María", "Juan"].map((text) => frameOf(bytes, Buffer.from(text))),
    );
    const events = readAll(characters, stream, [3]);
    expect(events.at(-1)).toMatchObject({ why: expect.stringContaining("framing=header10") });
  });

  test.each([
    "12x       ",
    "          ",
    "-1        ",
    "1 2       ",
    "0x10      ",
    "\0\0\0\x05abcdef",
  ])("%j is no header", (header) => {
    const [event] = readAll(bytes, Buffer.from(`${header}abcdef`), [100]);
    expect(event).toMatchObject({ kind: "broken" });
  });

  test("padding on either side, and empty texts", () => {
    const stream = Buffer.from("         3abc0         0000000002de");
    expect(textsOf(readAll(bytes, stream, [4]))).toEqual(["abc", "", "de"]);
  });
});

describe("line", () => {
  test("CR LF ends a line too, an overlong line is left out, the last one needs no end", () => {
    const stream = Buffer.from(`one\r\n${"x".repeat(5_000)}\ntwo\n\nthree`);
    for (const cuts of [[1], [64], [10_000]]) {
      expect(textsOf(readAll({ kind: "line" }, stream, cuts))).toEqual([
        "one",
        "skipped!",
        "two",
        "",
        "three",
      ]);
    }
  });
});

describe("raw", () => {
  test("by count", () => {
    const framing: Framing = { kind: "raw", count: 4, quietMs: 50 };
    const events = readAll(framing, Buffer.from("abcdefghij"), [3]);
    expect(textsOf(events)).toEqual(["abcd", "efgh", "skipped!"]);
  });

  test("by quiet", () => {
    const framer = framerOf({ kind: "raw", count: undefined, quietMs: 50 }, FRAME_BYTES_MAX);
    framer.handleBytes(Buffer.from("Hola "));
    expect(poll(framer)).toEqual([]);
    framer.handleBytes(Buffer.from("Mundo!"));
    framer.handleQuiet();
    expect(textsOf(poll(framer))).toEqual(["Hola Mundo!"]);
    framer.handleQuiet();
    expect(poll(framer)).toEqual([]);
  });
});
