// `senda verify`.

import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { loadSqlite } from "../../host/store/sqlite.ts";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import { isHarmless, jsonLines, linesOf } from "./support/lines.ts";
import { climateRows, makeStore, TestDevice } from "./support/test-store.ts";

const folder = temporaryFolder();
const db = join(folder, "store.db");

beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, { name: "kit\x1bchen" });
    kitchen.setClock();
    for (let batch = 0; batch < 50; batch++) kitchen.batch(climateRows(20, 20 * batch));
    kitchen.gap(120);
    const shed = await TestDevice.begin(store, { name: "shed", epoch: "00000000000000b2" });
    shed.batch(climateRows(2));
  });
});

/** A copy of the store that `sql` was let loose on. */
async function damaged(name: string, sql: string): Promise<string> {
  const path = join(folder, name);
  copyFileSync(db, path);
  const open = await loadSqlite();
  const database = open(path);
  database.exec(sql);
  database.close();
  return path;
}

test("a sound store", async () => {
  const { status, stdout } = await runSenda("verify", "--db", db);
  const lines = linesOf(stdout);
  expect(status).toBe(0);
  expect(isHarmless(stdout)).toBe(true);
  expect(lines[0]).toMatch(/^device +epochs +batches +readings +dropped +missing +twice +damaged$/);
  expect(lines[1]).toMatch(/^kit\\x1bchen +1 +50 +3,000 +120 +0 +0 +0$/);
  expect(lines.pop()).toBe(
    `${db} is sound: 3,006 readings in 51 batches, none missing, none twice, none damaged. Devices dropped 120 readings.`,
  );
});

test("--json is one object with all that programs ask for", async () => {
  const { status, stdout } = await runSenda("verify", "--db", db, "--json");
  const [verdict, ...rest] = jsonLines(stdout);
  expect({ status, rest }).toEqual({ status: 0, rest: [] });
  expect(verdict).toMatchObject({
    ok: true,
    devices: 2,
    batches: 51,
    readings: 3_006,
    missing: 0,
    duplicates: 0,
    gapReadings: 120,
    checksumFailures: 0,
    epochs: [
      { device: "kit\x1bchen", epoch: "00000000000000a1", first: 0, next: 51, readings: 3_000 },
      { device: "shed", epoch: "00000000000000b2", first: 0, next: 1, readings: 6 },
    ],
  });
});

test.each<[string, string, Record<string, number>, RegExp]>([
  ["lost", "DELETE FROM batch WHERE id % 4294967296 = 7", { missing: 1 }, /1 record missing/],
  [
    "changed",
    "UPDATE batch SET crc32c = crc32c + 1 WHERE id % 4294967296 = 7",
    { checksumFailures: 1 },
    /1 batch damaged/,
  ],
  ["shifted", "UPDATE epoch SET next = next - 1 WHERE id = 1", {}, /NOT sound/],
])("a batch that was %s: exit status 1, and what is wrong", async (name, sql, counts, sentence) => {
  const path = await damaged(`${name}.db`, sql);
  const human = await runSenda("verify", "--db", path);
  expect(human.status).toBe(1);
  expect(human.stdout).toContain("is NOT sound");
  expect(human.stdout).toMatch(sentence);
  expect(human.stdout).toMatch(/^- kit\\x1bchen, epoch 00000000000000a1: /m);
  const json = await runSenda("verify", "--db", path, "--json");
  expect(json.status).toBe(1);
  expect(jsonLines(json.stdout)[0]).toMatchObject({ ok: false, ...counts });
});

test("pages that were overwritten, and a file that was cut short", async () => {
  const overwritten = join(folder, "overwritten.db");
  const bytes = readFileSync(db);
  const pages = bytes.length / 4_096;
  bytes.fill(0x5a, 4_096 * (pages - 3), 4_096 * (pages - 1));
  writeFileSync(overwritten, bytes);
  const cut = join(folder, "cut.db");
  copyFileSync(db, cut);
  truncateSync(cut, 4_096 * (pages - 2));
  for (const path of [overwritten, cut]) {
    const { status, stdout, stderr } = await runSenda("verify", "--db", path);
    expect(status).toBe(1);
    expect(stdout + stderr).toMatch(/is NOT sound|^senda: .*(cannot be read|damaged|cut)/);
    expect(stderr).not.toMatch(/^ +at /m);
  }
});

test.each(["devices", "status", "query", "tail", "export"])(
  "senda %s on a damaged store ends with a sentence",
  async (command) => {
    const path = join(folder, `damaged-${command}.db`);
    const bytes = readFileSync(db);
    bytes.fill(0x5a, 4_096);
    writeFileSync(path, bytes);
    const args = command === "query" ? ["shed"] : [];
    const { status, stderr } = await runSenda(command, ...args, "--db", path);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^senda: .*cannot be read.*senda verify.*\n$/);
  },
);

test("no file, and no database", async () => {
  const path = join(folder, "letter.txt");
  writeFileSync(path, "Dear reader, this is no database, however long you look at it.\n");
  for (const name of [path, join(folder, "absent.db")]) {
    const { status, stdout, stderr } = await runSenda("verify", "--db", name, "--json");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^senda: .*\n$/);
  }
});
