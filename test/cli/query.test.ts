// `senda query`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { Channel } from "../../shared/channel.ts";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import { isHarmless, jsonLines, linesOf } from "./support/lines.ts";
import { climateRows, makeStore, NOON_MS, TestDevice } from "./support/test-store.ts";

const folder = temporaryFolder();
const db = join(folder, "store.db");

const WORDS: readonly Channel[] = [
  { name: "note", kind: "text", unit: "" },
  { name: "__proto__", kind: "enumeration", unit: "", labels: ["open", "half open"] },
  { name: "level", kind: "float64", unit: "1" },
];

beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, { name: "kitchen" });
    kitchen.setClock();
    kitchen.batch(climateRows(10));
    kitchen.gap(120);
    kitchen.batch(climateRows(10, 10));
    const shed = await TestDevice.begin(store, { name: "shed", epoch: "00000000000000b2" });
    shed.batch(climateRows(2));
    shed.gap(3, "damaged");
    const words = await TestDevice.begin(store, {
      name: "words",
      channels: WORDS,
      epoch: "00000000000000c3",
    });
    words.setClock();
    words.batch([
      ["\x1b[31mred\r\n", 0, Number.NaN],
      ["温度計", 1, 0.1],
      [undefined, undefined, undefined],
    ]);
    const busy = await TestDevice.begin(store, { name: "busy", epoch: "00000000000000d4" });
    busy.setClock();
    for (let batch = 0; batch < 1_000; batch++) busy.batch(climateRows(20));
  });
});

test("rows in time order with milliseconds, units in the title, and the gap where it is", async () => {
  const { status, stdout } = await runSenda("query", "kitchen", "--db", db);
  const lines = linesOf(stdout);
  expect(status).toBe(0);
  expect(lines[0]).toMatch(/^time \(UTC\) +temperature \(°C\) +pressure \(Pa\) +door$/);
  expect(lines[1]).toMatch(/^2026-05-04 12:00:01\.000 +20\.00 +101300 +false$/);
  expect(lines[11]).toBe(
    "2026-05-04 12:00:11.000  120 readings dropped until 12:02:10.000: outbox full",
  );
  expect(lines[12]).toMatch(/^2026-05-04 12:02:11\.000 +20\.10 /);
  expect(lines.slice(-1)).toEqual(["20 rows, times ± 16 ms"]);
  expect(lines).toHaveLength(23);
});

test("--from includes, --to excludes, channels come in the order asked for", async () => {
  const args = ["--from", "2026-05-04T12:00:03Z", "--to", "2026-05-04T12:00:05Z"];
  const { stdout } = await runSenda("query", "kitchen", "door", "temperature", ...args, "--db", db);
  const lines = linesOf(stdout);
  expect(lines[0]).toMatch(/door +temperature/);
  expect(lines).toHaveLength(4);
  expect(lines[1]).toMatch(/12:00:03\.000 +false +20\.02$/);
  expect(lines[2]).toMatch(/12:00:04\.000 +true +20\.03$/);
});

test("--json gives one row a line", async () => {
  const { stdout } = await runSenda("query", "kitchen", "--limit", "2", "--db", db, "--json");
  expect(jsonLines(stdout)).toEqual([
    {
      time: new Date(NOON_MS + 1_000).toISOString(),
      device: "kitchen",
      uncertaintyMs: 3,
      values: { temperature: 20, pressure: 101_300, door: false },
    },
    {
      time: new Date(NOON_MS + 2_000).toISOString(),
      device: "kitchen",
      uncertaintyMs: 3,
      values: { temperature: 20.01, pressure: 101_301, door: true },
    },
  ]);
});

test("--limit says that there is more, unless there is not", async () => {
  const cut = await runSenda("query", "kitchen", "--limit", "3", "--db", db);
  const whole = await runSenda("query", "kitchen", "--limit", "20", "--db", db);
  expect(linesOf(cut.stdout).pop()).toBe("3 rows, times ± 3.0 ms; there are more");
  expect(linesOf(whole.stdout).pop()).toBe("20 rows, times ± 16 ms");
});

test("without a UTC: uptime for people, null and uptimeMs for programs, and its gaps too", async () => {
  const human = await runSenda("query", "shed", "--db", db);
  const json = await runSenda("query", "shed", "--db", db, "--json");
  const lines = linesOf(human.stdout);
  expect(lines[1]).toMatch(/^up 0:00:01\.000 +20\.00/);
  expect(lines[3]).toBe(
    "up 0:00:03.000  3 readings dropped until up 0:00:05.000: damaged on the device",
  );
  expect(human.stdout + json.stdout).not.toContain("1970");
  expect(jsonLines(json.stdout)[0]).toMatchObject({ time: null, uptimeMs: 1_000, device: "shed" });
});

test("text cannot steer the terminal, and is whole in JSON", async () => {
  const human = await runSenda("query", "words", "--db", db);
  const json = await runSenda("query", "words", "--db", db, "--json");
  expect(isHarmless(human.stdout + json.stdout)).toBe(true);
  expect(human.stdout).toContain("\\x1b[31mred\\x0d\\x0a");
  const rows = jsonLines(json.stdout).map(({ values }) => Object.entries(values as object));
  expect(rows).toEqual([
    [
      ["note", "\x1b[31mred\r\n"],
      ["__proto__", "open"],
      ["level", null],
    ],
    [
      ["note", "温度計"],
      ["__proto__", "half open"],
      ["level", 0.1],
    ],
  ]);
});

test("columns stay aligned beside wide characters", async () => {
  const { stdout } = await runSenda("query", "words", "note", "level", "--db", db);
  const [, red, wide] = linesOf(stdout);
  const narrowWidth = red!.indexOf("not a number") + "not a number".length;
  expect(wide!.length + "温度計".length).toBe(narrowWidth);
});

test("nothing found is no failure", async () => {
  const { status, stdout } = await runSenda("query", "kitchen", "--to", "2020-01-01", "--db", db);
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: "No readings of kitchen in that time.\n",
  });
});

test.each([
  [
    ["attic"],
    'senda: the store has no device "attic"; there are "busy", "kitchen", "shed", "words"\n',
  ],
  [
    ["kitchen", "temp"],
    'senda: kitchen has no channel "temp"; there are "temperature", "pressure", "door"\n',
  ],
])("an unknown name %j: those that there are", async (args, sentence) => {
  const { status, stdout, stderr } = await runSenda("query", ...args, "--db", db);
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "", stderr: sentence });
});

test("a reader that has seen enough is no error", async () => {
  const program = fileURLToPath(new URL("../../dist/senda.js", import.meta.url));
  for (const flag of ["--json", "--limit=100000"]) {
    const args = [program, "query", "busy", flag, "--db", db];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const closed = once(child, "close");
    await once(child.stdout, "data");
    child.stdout.destroy();
    expect([await closed, stderr]).toEqual([[0, null], ""]);
  }
});
