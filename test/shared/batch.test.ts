// The batch encoder within its byte budget, values that no channel can carry, and a decoder that
// makes no room on the word of a header. What bytes mean is in vectors.test.ts and twin.test.ts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { type Channel, type ChannelValue, stepsOf, valueOfSteps } from "../../shared/channel.ts";
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from "../../shared/limits.ts";
import type { BatchNotation } from "../reference/batches.ts";
import { batch } from "./arbitraries.ts";
import { batchNotation, rowFromNotation } from "./notation.ts";

const INTEGER: Channel = { name: "count", kind: "integer", unit: "" };

function encoderOf(channels: readonly Channel[], bytesMax = BATCH_BYTES_MAX): BatchEncoder {
  return new BatchEncoder({ channels, schema: 0, bytesMax });
}

/** The values of one channel, as a batch of them comes back; undefined where it was missing. */
function throughOneChannel(channel: Channel, ...values: (ChannelValue | undefined)[]) {
  const encoder = encoderOf([channel]);
  for (const value of values) expect(encoder.append(0, [value])).toBe("appended");
  const columns = new BatchColumns();
  expect(decodeBatch(encoder.take(), [channel], columns)).toBe(true);
  const back = values.map((_, row) => columns.valueAt(channel, 0, row));
  return { back, unrepresentable: encoder.unrepresentable };
}

describe("budget", () => {
  test("no batch is longer than allowed, and all rows are in one batch or are oversize", () => {
    fc.assert(
      fc.property(
        batch,
        fc.integer({ min: 20, max: 300 }),
        ({ channels, batch: one }, bytesMax) => {
          const list = channels as Channel[];
          const encoder = new BatchEncoder({ channels: list, schema: one.schema, bytesMax });
          const kept: BatchNotation["rows"] = [];
          const decoded: BatchNotation["rows"] = [];
          const close = () => {
            const { rows, readings } = encoder;
            const bytes = encoder.take();
            expect(bytes.length).toBeLessThanOrEqual(bytesMax);
            const columns = new BatchColumns();
            const notation = batchNotation(bytes, list, columns)!;
            expect([columns.rows, columns.readings]).toEqual([rows, readings]);
            decoded.push(...notation.rows);
          };
          for (const row of one.rows) {
            const values = rowFromNotation(row.values);
            let outcome = encoder.append(row.timeMs, values);
            if (outcome === "full") {
              close();
              outcome = encoder.append(row.timeMs, values);
            }
            expect(outcome).not.toBe("full");
            if (outcome === "appended") kept.push(row);
            else expect([encoder.rows, encoder.take().length]).toEqual([0, 0]);
          }
          if (encoder.rows > 0) close();
          expect(decoded).toEqual(kept);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a full batch holds BATCH_ROWS_MAX rows and can be decoded", () => {
    const encoder = encoderOf([INTEGER], 20_000);
    for (let row = 0; row < BATCH_ROWS_MAX; row++) {
      expect(encoder.append(1_000 * row, [row])).toBe("appended");
    }
    expect(encoder.append(1_000 * BATCH_ROWS_MAX, [0])).toBe("full");
    const columns = new BatchColumns();
    expect(decodeBatch(encoder.take(), [INTEGER], columns)).toBe(true);
    expect(columns.rows).toBe(BATCH_ROWS_MAX);
    expect(columns.timesMs[BATCH_ROWS_MAX - 1]).toBe(1_000 * (BATCH_ROWS_MAX - 1));
    expect(columns.timesMs.length).toBe(BATCH_ROWS_MAX);
  });

  test("each batch of an encoder can be decoded alone, whatever came before it", () => {
    const encoder = encoderOf([INTEGER]);
    const batches = [[1_000_000], [1, 2], [5], [1_000_000, 2]].map((values, index) => {
      for (const value of values) expect(encoder.append(1_000 * index, [value])).toBe("appended");
      return { values, bytes: encoder.take().slice() };
    });
    for (const { values, bytes } of batches.reverse()) {
      const rows = batchNotation(bytes, [INTEGER])!.rows;
      expect(rows.map((row) => row.values[0])).toEqual(values);
    }
  });

  test("after a row that did not fit, nothing more goes in before the batch is taken", () => {
    const text: Channel = { name: "t", kind: "text", unit: "" };
    const encoder = encoderOf([text], 60);
    expect(encoder.append(0, ["short"])).toBe("appended");
    expect(encoder.append(1, ["x".repeat(50)])).toBe("full");
    expect(encoder.append(1, ["short"])).toBe("full");
    expect(batchNotation(encoder.take(), [text])!.rows).toHaveLength(1);
    expect(encoder.append(1, ["x".repeat(60)])).toBe("oversize");
    expect(encoder.append(1, ["x".repeat(30)])).toBe("appended");
    expect(batchNotation(encoder.take(), [text])!.rows[0]!.values).toEqual(["x".repeat(30)]);
  });

  test("a clock that runs backwards, or that has fractions, is our own mistake", () => {
    const encoder = encoderOf([INTEGER]);
    encoder.append(1_000, [1]);
    expect(() => encoder.append(999, [2])).toThrow("broken promise");
    expect(() => encoder.append(1_000.5, [2])).toThrow("broken promise");
    expect(() => encoder.append(2 ** 52 + 1, [2])).toThrow("broken promise");
    encoder.take();
    expect(encoder.append(999, [2])).toBe("appended");
  });
});

describe("values that a channel cannot carry are missing, and counted", () => {
  const cases: [string, Channel, ChannelValue[]][] = [
    [
      "number",
      { name: "x", kind: "number", unit: "", resolution: 0.01 },
      [Number.NaN, Number.POSITIVE_INFINITY, 1e16, "21", true],
    ],
    ["integer", INTEGER, [0.5, Number.NaN, 2 ** 53, -(2 ** 53), "1", false]],
    ["boolean", { name: "x", kind: "boolean", unit: "" }, [0, 1, "true", null]],
    [
      "enumeration",
      { name: "x", kind: "enumeration", unit: "", labels: ["a", "b"] },
      [2, -1, 0.5, Number.NaN, "a", "length"],
    ],
    ["text", { name: "x", kind: "text", unit: "" }, ["é".repeat(257), 1, Uint8Array.of(1)]],
    ["float32", { name: "x", kind: "float32", unit: "" }, ["1", true, null]],
    ["bytes", { name: "x", kind: "bytes", unit: "" }, [new Uint8Array(513), "ff"]],
    [
      "structured",
      { name: "x", kind: "structured", unit: "" },
      [
        [[[[[[[[1]]]]]]]],
        "x".repeat(511),
        "\ufefftext",
        new Array(1_025).fill(0),
        (() => 1) as unknown as ChannelValue,
        (2n ** 60n) as unknown as ChannelValue,
        new Map([[1, 2]]) as unknown as ChannelValue,
      ],
    ],
  ];

  test.each(cases)("%s", (_, channel, values) => {
    const { back, unrepresentable } = throughOneChannel(channel, ...values);
    expect(back).toEqual(values.map(() => undefined));
    expect(unrepresentable).toBe(values.length);
  });

  test("a row that came twice, for it did not fit at first, counts once", () => {
    const encoder = encoderOf([INTEGER, { ...INTEGER, name: "other" }], 28);
    expect(encoder.append(0, [1, 2])).toBe("appended");
    while (encoder.append(0, [2 ** 50 + encoder.rows, 0.5]) === "appended");
    const { unrepresentable, rows } = encoder;
    encoder.take();
    expect(unrepresentable).toBe(rows - 1);
    expect(encoder.append(0, [2 ** 20, 0.5])).toBe("appended");
    expect(encoder.unrepresentable).toBe(rows);
  });

  test("-0 becomes 0 in integral channels and stays in floats", () => {
    expect(Object.is(throughOneChannel(INTEGER, -0).back[0], 0)).toBe(true);
    const float: Channel = { name: "x", kind: "float32", unit: "" };
    expect(Object.is(throughOneChannel(float, -0).back[0], -0)).toBe(true);
  });
});

describe("steps of a resolution", () => {
  test("decimal values come back as they were written", () => {
    for (const resolution of [1, 0.1, 0.01, 0.001, 0.5, 0.25, 5, 10]) {
      const digits = Math.max(0, Math.ceil(-Math.log10(resolution)) + 1);
      for (let steps = -5_000; steps <= 5_000; steps += 7) {
        const written = Number((steps * resolution).toFixed(digits));
        expect(stepsOf(written, resolution)).toBe(steps + 0);
        expect(valueOfSteps(steps, resolution)).toBe(written);
      }
    }
  });

  test("between two steps the nearest is taken, half-way the upper one", () => {
    expect([2.4, 2.5, 2.6, -2.4, -2.5, -2.6].map((value) => stepsOf(value, 1))).toEqual([
      2, 3, 3, -2, -2, -3,
    ]);
  });
});

describe("a decoder makes no room on the word of a header", () => {
  test("rows that the bits cannot hold", () => {
    const columns = new BatchColumns();
    const claims = Uint8Array.from([2, 0x10, 0x00, 0, 0, 0, 0, 0, 0, 1]);
    expect(decodeBatch(claims, [INTEGER], columns)).toBe(false);
    expect(columns.timesMs.length).toBe(64);
    expect(columns.columns.length).toBe(0);
  });

  test("columns follow the schema at hand, not the one before it", () => {
    const columns = new BatchColumns();
    const text: Channel = { name: "t", kind: "text", unit: "" };
    const encoder = encoderOf([text, INTEGER]);
    encoder.append(0, ["x", 1]);
    expect(decodeBatch(encoder.take(), [text, INTEGER], columns)).toBe(true);
    const narrow = encoderOf([INTEGER]);
    narrow.append(0, [7]);
    narrow.append(0, [undefined]);
    expect(batchNotation(narrow.take(), [INTEGER], columns)?.rows).toEqual([
      { timeMs: 0, values: [7] },
      { timeMs: 0, values: [{ missing: true }] },
    ]);
  });
});

test("decoded bytes are a copy, even where the batch came as a Node Buffer", () => {
  const channel: Channel = { name: "raw", kind: "bytes", unit: "" };
  const encoder = encoderOf([channel]);
  encoder.append(0, [Uint8Array.of(1, 2, 3)]);
  const buffer = Buffer.from(encoder.take());
  const columns = new BatchColumns();
  expect(decodeBatch(buffer, [channel], columns)).toBe(true);
  buffer.fill(0);
  expect(columns.valueAt(channel, 0, 0)).toEqual(Uint8Array.of(1, 2, 3));
});
