// `senda query --buckets`.

import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import { jsonLines, linesOf } from "./support/lines.ts";
import { makeStore, NOON_MS, TestDevice } from "./support/test-store.ts";

const db = join(temporaryFolder(), "store.db");

/** 120 rows a second apart, with 30 readings dropped after the first 60. */
beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, {
      name: "kitchen",
      channels: [
        { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
        { name: "door", kind: "boolean", unit: "" },
        { name: "note", kind: "text", unit: "" },
      ],
    });
    kitchen.setClock();
    for (let row = 0; row < 120; row++) {
      if (row === 60) kitchen.gap(30);
      kitchen.batch([[20 + row / 100, row % 2 === 0, `row ${row}`]]);
    }
  });
});

const query = (...args: readonly string[]) =>
  runSenda("query", "kitchen", "--db", db, "--buckets", ...args);

test("all readings in two buckets, for programs", async () => {
  const { stdout } = await query("2", "--json");
  expect(jsonLines(stdout)).toEqual([
    {
      time: "2026-05-04T12:00:01.000Z",
      seconds: expect.closeTo(75, 0),
      device: "kitchen",
      uncertaintyMs: expect.any(Number),
      dropped: 30,
      values: {
        temperature: {
          count: 60,
          min: 20,
          max: 20.59,
          mean: expect.closeTo(20.295, 9),
          last: 20.59,
        },
        door: { count: 60, min: 0, max: 1, mean: 0.5, last: 0 },
      },
    },
    expect.objectContaining({ dropped: 0, time: "2026-05-04T12:01:15.500Z" }),
  ]);
});

test("a range, and one channel, for people", async () => {
  const from = new Date(NOON_MS + 1_000).toISOString();
  const to = new Date(NOON_MS + 61_000).toISOString();
  const { stdout } = await query("2", "temperature", "--from", from, "--to", to);
  expect(linesOf(stdout)).toEqual([
    "from (UTC)               temperature (°C)    min   mean    max  dropped",
    "2026-05-04 12:00:01.000             20.29  20.00  20.14  20.29",
    "2026-05-04 12:00:31.000             20.59  20.30  20.45  20.59",
    expect.stringMatching(/^2 buckets of 30 s, times ± [\d.]+ ms$/),
  ]);
});

test("what was dropped is told, also where a bucket has nothing else", async () => {
  const from = new Date(NOON_MS + 61_000).toISOString();
  const to = new Date(NOON_MS + 91_000).toISOString();
  const { stdout } = await query("3", "--from", from, "--to", to);
  expect(stdout).toContain("1 bucket of 10 s; 30 readings dropped in 1 gap");
});

test("a text has no smallest value; a time without readings says so", async () => {
  const { status, stderr } = await query("2", "note");
  expect([status, stderr]).toEqual([1, expect.stringContaining('"note" is text')]);
  const { stdout } = await query("2", "--from", "2020-01-01", "--to", "2020-01-02");
  expect(stdout).toContain("No readings of kitchen in that time.");
});
