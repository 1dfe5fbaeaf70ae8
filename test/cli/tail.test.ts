// `senda tail`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { Store } from "../../host/store/store.ts";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import { isHarmless, jsonLines, linesOf } from "./support/lines.ts";
import { climateRows, makeStore, NOON_MS, TestDevice } from "./support/test-store.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/senda.js", import.meta.url));

const folder = temporaryFolder();
const db = join(folder, "store.db");

beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, { name: "kitchen" });
    kitchen.setClock();
    for (let batch = 0; batch < 5; batch++) kitchen.batch(climateRows(4, 4 * batch));
    const shed = await TestDevice.begin(store, { name: "shed", epoch: "00000000000000b2" });
    shed.setClock(NOON_MS + 18_500);
    shed.batch(climateRows(2));
  });
});

/** A running tail, line by line. */
function startTail(...args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, "tail", ...args]);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const closed = once(child, "close");
  return {
    line: async () => (await lines.next()).value as string,
    stop: async () => {
      child.kill("SIGINT");
      const [status] = await closed;
      return { status, stderr };
    },
  };
}

test("begins with the newest rows of all devices, in order of time", async () => {
  const { status, stdout } = await runSenda("tail", "--rows", "4", "--samples", "4", "--db", db);
  expect(status).toBe(0);
  expect(linesOf(stdout)).toEqual([
    "2026-05-04T12:00:19.000Z kitchen temperature=20.18 °C pressure=101318 Pa door=false",
    "2026-05-04T12:00:19.500Z shed temperature=20.00 °C pressure=101300 Pa door=false",
    "2026-05-04T12:00:20.000Z kitchen temperature=20.19 °C pressure=101319 Pa door=true",
    "2026-05-04T12:00:20.500Z shed temperature=20.01 °C pressure=101301 Pa door=true",
  ]);
});

test("--json gives one row a line, of the devices named", async () => {
  const args = ["shed", "--json", "--rows", "2", "--samples", "2", "--db", db];
  const { stdout } = await runSenda("tail", ...args);
  expect(jsonLines(stdout)).toMatchObject([
    { device: "shed", uncertaintyMs: 2.2, values: { temperature: 20 } },
    { device: "shed", uncertaintyMs: 2.2, values: { temperature: 20.01 } },
  ]);
});

test("follows what is stored, gaps and new devices with it, until Ctrl-C, which is success", async () => {
  const path = join(folder, "live.db");
  const store = await Store.open({ path });
  const kitchen = await TestDevice.begin(store, { name: "kitchen" });
  kitchen.setClock();
  kitchen.batch(climateRows(3));
  await kitchen.flush();
  const tail = startTail("--rows", "1", "--db", path);
  expect(await tail.line()).toContain("kitchen temperature=20.02");
  kitchen.batch(climateRows(1, 3));
  await kitchen.flush();
  expect(await tail.line()).toContain("12:00:04.000Z kitchen temperature=20.03");
  kitchen.gap(7);
  kitchen.batch(climateRows(1, 4));
  const late = await TestDevice.begin(store, { name: "la\x07te", epoch: "00000000000000b2" });
  late.batch(climateRows(1));
  await late.flush();
  expect(await tail.line()).toContain("12:00:12.000Z kitchen temperature=20.04");
  const line = await tail.line();
  expect(line).toContain("up 0:00:01.000 la\\x07te temperature=20.00");
  expect(isHarmless(line)).toBe(true);
  const { status, stderr } = await tail.stop();
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr:
      "kitchen: 2026-05-04 12:00:05.000  7 readings dropped until 12:00:11.000: outbox full\n",
  });
  await store.close();
});

test("readings that come late into an earlier epoch are followed too", async () => {
  const path = join(folder, "late.db");
  const store = await Store.open({ path });
  const first = await TestDevice.begin(store, { name: "kitchen" });
  const second = await TestDevice.begin(store, { name: "kitchen", epoch: "00000000000000b2" });
  for (const device of [first, second]) device.setClock();
  second.batch(climateRows(1));
  await second.flush();
  const tail = startTail("--json", "--db", path);
  expect(await tail.line()).toContain('"temperature":20}'.slice(0, -1));
  first.batch(climateRows(1, 50));
  await first.flush();
  expect(JSON.parse(await tail.line())).toMatchObject({ values: { temperature: 20.5 } });
  expect(await tail.stop()).toEqual({ status: 0, stderr: "" });
  await store.close();
});

test("an unknown device: the names that there are", async () => {
  const { status, stderr } = await runSenda("tail", "attic", "--db", db);
  expect(status).toBe(1);
  expect(stderr).toBe('senda: the store has no device "attic"; there are "kitchen", "shed"\n');
});
