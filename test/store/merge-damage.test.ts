// What verification finds in a store of merged batches: each kind of damage done by hand.

import { beforeEach, expect, test } from "vitest";
import { BatchChecksum } from "../../host/store/checksum.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { batchId } from "../../host/store/schema.ts";
import type { Database } from "../../host/store/sqlite.ts";
import { type Verdict, verifyStore } from "../../host/store/verify.ts";
import { mergeAll, steadyStretch, storeLife } from "./merging.ts";
import { openDatabase, storePath } from "./support.ts";

let path: string;

/** Records 0 to 319 in epoch 1, a row each: two merged batches and 64 as they came. */
beforeEach(async () => {
  path = storePath();
  await storeLife(path, { epoch: "00000000000000a1", stretches: [steadyStretch(320)] });
  await mergeAll(path);
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 320, readings: 640 });
});

async function damage(change: (database: Database) => void): Promise<Verdict> {
  const database = await openDatabase(path);
  change(database);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return verifyStore(path);
}

const MERGED = batchId(1, 128);

test("every flipped bit of a merged batch", async () => {
  const database = await openDatabase(path);
  const { body } = database.prepare("SELECT body FROM batch WHERE id = ?").get(MERGED) as {
    body: Uint8Array;
  };
  const update = database.prepare("UPDATE batch SET body = ? WHERE id = ?");
  for (let bit = 0; bit < body.length * 8; bit += 97) {
    const flipped = body.slice();
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    update.run(flipped, MERGED);
    expect(await verifyStore(path)).toMatchObject({ ok: false, checksumFailures: 1 });
  }
});

test("a merged batch deleted", async () => {
  const verdict = await damage((database) =>
    database.exec(`DELETE FROM batch WHERE id = ${MERGED}`),
  );
  expect(verdict).toMatchObject({ ok: false, missing: 128, duplicates: 0 });
});

test("a batch that was merged, and is there by itself too", async () => {
  const verdict = await damage((database) =>
    database.exec(`INSERT INTO batch SELECT ${batchId(1, 200)}, schema, first_ms, last_ms, rows, readings,
      link, received_us, crc32c, body, 1, NULL FROM batch WHERE id = ${batchId(1, 300)}`),
  );
  expect(verdict).toMatchObject({ ok: false, duplicates: 1 });
});

test("a batch that was stored twice is not hidden by merging", async () => {
  const twice = storePath();
  await storeLife(twice, { epoch: "00000000000000a1", stretches: [steadyStretch(200)] });
  const database = await openDatabase(twice);
  const { body } = database.prepare("SELECT body FROM batch WHERE id = ?").get(batchId(1, 199)) as {
    body: Uint8Array;
  };
  const crc = new BatchChecksum("00000000000000a1").of(200, body);
  database
    .prepare(`INSERT INTO batch SELECT id + 1, schema, first_ms, last_ms, rows, readings, link, received_us,
      ?, body, count, parts FROM batch WHERE id = ?`)
    .run(crc, batchId(1, 199));
  database.exec("UPDATE epoch SET next = 201, latest_next = 201, batches = 201, readings = 402");
  database.close();
  await storeLife(twice, { epoch: "00000000000000a2", stretches: [steadyStretch(1)] });
  expect(await verifyStore(twice)).toMatchObject({ ok: false, duplicates: 1 });
  await mergeAll(twice);
  expect(await verifyStore(twice)).toMatchObject({ ok: false, duplicates: 1, missing: 0 });
});

test("a merged batch again behind the end", async () => {
  const verdict = await damage((database) => {
    database.exec(`INSERT INTO batch SELECT ${batchId(1, 320)}, schema, first_ms, last_ms, rows, readings,
      link, received_us, crc32c, body, count, parts FROM batch WHERE id = ${MERGED}`);
    database.exec("UPDATE epoch SET next = 448, batches = 448, readings = 896");
  });
  expect(verdict).toMatchObject({ ok: false, duplicates: 1, checksumFailures: 1 });
});

test.each([
  ["deleted", "DELETE FROM summary"],
  ["without its blocks", "DELETE FROM summary_blocks"],
  [
    "with blocks of none",
    "INSERT INTO summary_blocks SELECT id + 1, blocks_crc32c, blocks FROM summary_blocks",
  ],
  ["that says more", "UPDATE summary SET next = next + 1"],
  ["that says less", "UPDATE summary SET next = next - 128"],
  ["of another time", "UPDATE summary SET first_ms = first_ms + 1"],
  ["of another place", "UPDATE summary SET id = id + 4294967296"],
  ["with other totals", "UPDATE summary SET totals = x'00'"],
  ["with other blocks", "UPDATE summary_blocks SET blocks = x'00'"],
  [
    "that is there twice",
    "INSERT INTO summary SELECT id + 128, schema, next, first_ms, last_ms, totals_crc32c, totals FROM summary",
  ],
])("a summary %s", async (_, sql) => {
  const verdict = await damage((database) => database.exec(sql));
  expect(verdict).toMatchObject({ ok: false, missing: 0, duplicates: 0, checksumFailures: 0 });
  expect(verdict.faults.join()).toContain("summar");
});

test.each([
  ["totals", "summary"],
  ["blocks", "summary_blocks"],
])("every flipped bit of a summary's %s", async (column, table) => {
  const database = await openDatabase(path);
  const { body } = database.prepare(`SELECT ${column} AS body FROM ${table}`).get() as {
    body: Uint8Array;
  };
  const update = database.prepare(`UPDATE ${table} SET ${column} = ?`);
  for (let bit = 0; bit < body.length * 8; bit += 7) {
    const flipped = body.slice();
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    update.run(flipped);
    expect(await verifyStore(path)).toMatchObject({ ok: false, checksumFailures: 0 });
  }
});

test.each([
  ["fewer records", "count = 127", { missing: 1 }],
  ["more records", "count = 129", { duplicates: 1 }],
  ["no records", "count = 0", { missing: 128 }],
  ["other parts", "parts = x'7f01017e'", {}],
  ["parts that are cut short", "parts = x'80'", {}],
  ["parts of none", "parts = NULL", {}],
  ["other rows", "rows = 127", {}],
  ["another last time", "last_ms = last_ms - 1", {}],
])("a merged batch that says it has %s", async (_, change, expected) => {
  const verdict = await damage((database) =>
    database.exec(`UPDATE batch SET ${change} WHERE id = ${MERGED}`),
  );
  expect(verdict).toMatchObject({ ok: false, ...expected });
  expect(verdict.faults).not.toEqual([]);
  const reader = await StoreReader.open(path);
  const rows = [...reader.readings({ onDamage: () => {} })].length;
  reader.close();
  expect(rows).toBeGreaterThan(0);
});
