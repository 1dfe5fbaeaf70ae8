// `senda devices`.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import { isHarmless, jsonLines, linesOf } from "./support/lines.ts";
import { CLIMATE, climateRows, makeStore, NOON_MS, TestDevice } from "./support/test-store.ts";

const folder = temporaryFolder();
const db = join(folder, "store.db");
const HOSTILE = "evil\x1b]0;owned\x07\x9b31m\u202etxt\n2026";

beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, { name: "kitchen" });
    kitchen.setClock();
    kitchen.batch(climateRows(10));
    kitchen.gap(120);
    const shed = await TestDevice.begin(store, { name: "shed", epoch: "00000000000000b2" });
    shed.batch(climateRows(2));
    await TestDevice.begin(store, { name: HOSTILE, epoch: "00000000000000c3" });
  });
});

test("lists every device with what it has stored and dropped", async () => {
  const { status, stdout, stderr } = await runSenda("devices", "--db", db);
  const lines = linesOf(stdout);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^device +firmware +readings +dropped +stored up to +last seen/);
  expect(lines.find((line) => line.startsWith("kitchen"))).toMatch(/test 1\.0 +30 +120 +#1, \S/);
  expect(lines.find((line) => line.startsWith("shed"))).toMatch(/test 1\.0 +6 +0 +#0, no UTC yet/);
});

test("a name cannot steer the terminal", async () => {
  const { stdout } = await runSenda("devices", "--db", db);
  expect(isHarmless(stdout)).toBe(true);
  expect(stdout).toContain("evil\\x1b]0;owned\\x07\\x9b31m\\u202etxt\\x0a2026");
});

test("--json gives one object a line, times in ISO 8601, and null where none is known", async () => {
  const { status, stdout } = await runSenda("devices", "--db", db, "--json");
  const devices = jsonLines(stdout);
  expect(status).toBe(0);
  expect(isHarmless(stdout)).toBe(true);
  expect(devices.map(({ name }) => name).sort()).toEqual([HOSTILE, "kitchen", "shed"].sort());
  expect(devices.find(({ name }) => name === "kitchen")).toMatchObject({
    firmware: "test 1.0",
    epochs: 1,
    batches: 1,
    readings: 30,
    gapReadings: 120,
    epoch: "00000000000000a1",
    next: 2,
    firstSeen: new Date(NOON_MS).toISOString(),
    storedUpTo: new Date(NOON_MS + 10_000).toISOString(),
    channels: CLIMATE.map(({ name, unit, kind }) => expect.objectContaining({ name, unit, kind })),
  });
  expect(devices.find(({ name }) => name === "shed")).toMatchObject({ storedUpTo: null });
});

describe("what cannot be read is said in a sentence", () => {
  test("no file", async () => {
    const path = join(folder, "absent.db");
    const { status, stdout, stderr } = await runSenda("devices", "--db", path);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^senda: .*absent\.db.*\n$/);
  });

  test("not a database", async () => {
    const path = join(folder, "letter.txt");
    writeFileSync(path, "Dear reader,\nthis is no database at all, but long enough to be one.\n");
    const { status, stdout, stderr } = await runSenda("devices", "--db", path);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^senda: .*letter\.txt is no SQLite database.*\n$/);
  });

  test("an empty file", async () => {
    const path = join(folder, "empty.db");
    writeFileSync(path, "");
    const { status, stderr } = await runSenda("devices", "--db", path);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^senda: .*empty\.db.*empty.*\n$/);
  });
});

test("a store without devices says so", async () => {
  const path = join(folder, "fresh.db");
  await makeStore(path, async () => {});
  const { status, stdout } = await runSenda("devices", "--db", path);
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: "No device has sent anything to this store yet.\n",
  });
  expect(await runSenda("devices", "--db", path, "--json")).toMatchObject({
    status: 0,
    stdout: "",
  });
});
