// Merging keeps every reading: whatever a device sent, readers see the same before, between and after.

import fc from "fast-check";
import { expect, test } from "vitest";
import { StoreFollower } from "../../host/store/follower.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { verifyStore } from "../../host/store/verify.ts";
import { exportOf, mergeAll, steadyStretch, storeLife, stretch } from "./merging.ts";
import { openDatabase, storePath } from "./support.ts";

const FIRST_LIFE = "00000000000000a1";
const SECOND_LIFE = "00000000000000a2";

async function batchRows(path: string): Promise<{ count: number; rows: number }[]> {
  const database = await openDatabase(path);
  const rows = database.prepare("SELECT count, rows FROM batch ORDER BY id").all();
  database.close();
  return rows.map((row) => ({ ...(row as { count: number; rows: number }) }));
}

async function devicesOf(path: string) {
  const reader = await StoreReader.open(path);
  const devices = reader.devices();
  const latest = reader.latest("shed");
  reader.close();
  return { devices, latest };
}

test("any readings, in records of any sizes, with gaps and new schemas between", async () => {
  const lives = fc.tuple(
    fc.array(stretch, { minLength: 1, maxLength: 3 }),
    fc.array(stretch, { minLength: 1, maxLength: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(lives, async ([first, second]) => {
      const path = storePath();
      await storeLife(path, { epoch: FIRST_LIFE, stretches: first });
      await storeLife(path, { epoch: SECOND_LIFE, stretches: second });
      const [text, known, verdict] = [
        await exportOf(path),
        await devicesOf(path),
        await verifyStore(path),
      ];
      expect(verdict.faults).toEqual([]);
      await mergeAll(path);
      expect(await exportOf(path)).toBe(text);
      expect(await verifyStore(path)).toEqual(verdict);
      expect(await devicesOf(path)).toEqual(known);
      const before = await batchRows(path);
      await mergeAll(path);
      expect(await batchRows(path)).toEqual(before);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test("one-row batches become batches of 128 rows; the newest epoch keeps a rest", async () => {
  const path = storePath();
  await storeLife(path, { epoch: FIRST_LIFE, stretches: [steadyStretch(300)] });
  await mergeAll(path);
  const rest = new Array(300 - 256).fill({ count: 1, rows: 1 });
  const full = { count: 128, rows: 128 };
  expect(await batchRows(path)).toEqual([full, full, ...rest]);
  await storeLife(path, { epoch: SECOND_LIFE, stretches: [steadyStretch(1)] });
  await mergeAll(path);
  expect((await batchRows(path)).slice(0, 3)).toEqual([full, full, { count: 44, rows: 44 }]);
});

test("batches that are damaged, and those beside them, stay as they came", async () => {
  const path = storePath();
  await storeLife(path, { epoch: FIRST_LIFE, stretches: [steadyStretch(256)] });
  const database = await openDatabase(path);
  database.exec("UPDATE batch SET crc32c = crc32c + 1 WHERE id % 4294967296 = 5");
  database.close();
  await mergeAll(path);
  const rows = await batchRows(path);
  expect(rows.length).toBe(129);
  expect(await verifyStore(path)).toMatchObject({ checksumFailures: 1, missing: 0 });
  expect(await mergeAll(path)).toBeLessThan(4);
});

test("a reader in the midst of its pages, while all is merged, reads every row once", async () => {
  const path = storePath();
  await storeLife(path, { epoch: FIRST_LIFE, stretches: [steadyStretch(1_000, [1, 2, 1])] });
  const reader = await StoreReader.open(path);
  const times: number[] = [];
  for (const { timesMs, firstRow, endRow } of reader.readings()) {
    times.push(...timesMs.slice(firstRow, endRow));
    if (times.length > 150 && times.length < 153) await mergeAll(path);
  }
  reader.close();
  expect(times).toEqual(Array.from({ length: 1_000 }, (_, index) => index * 1_000));
});

test("a follower whose place is within a merged batch neither loses nor repeats rows", async () => {
  const path = storePath();
  const life = (rows: number) => ({
    epoch: FIRST_LIFE,
    stretches: [steadyStretch(rows, [2, 1, 1, 5])],
  });
  for (const seen of [2, 48, 128, 130, 201]) {
    const ownPath = `${path}-${seen}`;
    await storeLife(ownPath, life(seen));
    const follower = await StoreFollower.open(ownPath, []);
    const times = [...follower.pollNew()].length === 0 ? [] : await exportedTimes(ownPath);
    expect(times.length).toBe(seen);
    await storeLife(ownPath, life(600)); // what came before comes again, and is dropped
    await mergeAll(ownPath);
    for (const item of follower.pollNew()) {
      expect(item.kind).toBe("chunk");
      if (item.kind !== "chunk") continue;
      const { timesMs, firstRow, endRow } = item.chunk;
      times.push(...timesMs.slice(firstRow, endRow));
    }
    follower.close();
    expect(times).toEqual(Array.from({ length: 600 }, (_, index) => index * 1_000));
  }
});

async function exportedTimes(path: string): Promise<number[]> {
  const reader = await StoreReader.open(path);
  const times: number[] = [];
  for (const { timesMs, firstRow, endRow } of reader.readings()) {
    times.push(...timesMs.slice(firstRow, endRow));
  }
  reader.close();
  return times;
}

test("newest rows first, while all is merged between two batches", async () => {
  const path = storePath();
  await storeLife(path, { epoch: FIRST_LIFE, stretches: [steadyStretch(300)] });
  const follower = await StoreFollower.open(path, []);
  const times: number[] = [];
  for (const epoch of [...follower.begin()]) {
    for (const { timesMs, firstRow, endRow } of follower.backwards(epoch)) {
      times.push(...[...timesMs.slice(firstRow, endRow)].reverse());
      if (times.length === 100) await mergeAll(path);
    }
  }
  follower.close();
  expect(times).toEqual(Array.from({ length: 300 }, (_, index) => (299 - index) * 1_000));
});

test("a store of before batches were merged is read as it is, and merged once it has a writer", async () => {
  const path = storePath();
  await storeLife(path, { epoch: FIRST_LIFE, stretches: [steadyStretch(300)] });
  const database = await openDatabase(path);
  for (const column of [
    "batch DROP COLUMN count",
    "batch DROP COLUMN parts",
    "epoch DROP COLUMN merged",
  ])
    database.exec(`ALTER TABLE ${column}`);
  database.exec("DROP TABLE summary; DROP TABLE summary_blocks");
  database.close();
  const text = await exportOf(path);
  expect(await verifyStore(path)).toMatchObject({ ok: true, readings: 600 });
  const follower = await StoreFollower.open(path, []);
  expect([...follower.pollNew()].length).toBe(300);
  await mergeAll(path);
  await storeLife(path, { epoch: FIRST_LIFE, stretches: [steadyStretch(301)] });
  expect([...follower.pollNew()].length).toBe(1);
  follower.close();
  expect((await batchRows(path)).length).toBe(2 + 45);
  expect((await exportOf(path)).startsWith(text)).toBe(true);
  expect(await verifyStore(path)).toMatchObject({ ok: true, readings: 602 });
});
