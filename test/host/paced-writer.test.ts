// Pieces for a receiver with little room, on a virtual clock.

import { expect, test } from "vitest";
import { PacedWriter } from "../../host/links/paced-writer.ts";

function pacedTo(pieceBytesMax: number) {
  const sent: { atMs: number; length: number }[] = [];
  const blocked: boolean[] = [];
  let nowMs = 0;
  let alarms: { atMs: number; callback: () => void }[] = [];
  const writer = new PacedWriter(
    {
      write: (bytes) => sent.push({ atMs: nowMs, length: bytes.length }),
      baud: 115_200,
      handleBlocked: (isBlocked) => blocked.push(isBlocked),
      after: (delayMs, callback) => alarms.push({ atMs: nowMs + delayMs, callback }),
    },
    pieceBytesMax,
  );
  const runAll = () => {
    while (alarms.length > 0) {
      const [next, ...others] = alarms;
      alarms = others;
      nowMs = next!.atMs;
      next!.callback();
    }
  };
  return { writer, sent, blocked, runAll };
}

test("a frame longer than the receiver's room goes in pieces, with time to read each", () => {
  const { writer, sent, blocked, runAll } = pacedTo(96);
  writer.write(new Uint8Array(200));
  expect(sent).toEqual([{ atMs: 0, length: 96 }]);
  expect(blocked).toEqual([true]);
  runAll();
  expect(sent).toEqual([
    { atMs: 0, length: 96 },
    { atMs: 19, length: 96 },
    { atMs: 38, length: 8 },
  ]);
  expect(blocked).toEqual([true, false]);
});

test("a short frame goes at once, the next one waits until it was read", () => {
  const { writer, sent, runAll } = pacedTo(96);
  writer.write(new Uint8Array(10));
  writer.write(new Uint8Array(10));
  expect(sent).toHaveLength(1);
  runAll();
  expect(sent).toEqual([
    { atMs: 0, length: 10 },
    { atMs: 11, length: 10 },
  ]);
});

test("a receiver without a limit gets everything at once", () => {
  const { writer, sent, blocked } = pacedTo(96);
  writer.limit(0);
  writer.write(new Uint8Array(5_000));
  writer.write(new Uint8Array(5_000));
  expect(sent.map(({ length }) => length)).toEqual([5_000, 5_000]);
  expect(blocked).toEqual([]);
});
