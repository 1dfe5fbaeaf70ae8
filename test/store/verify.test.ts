// What verification finds: each kind of damage done by hand to a sound store.

import { beforeEach, describe, expect, test } from "vitest";
import { BatchChecksum } from "../../host/store/checksum.ts";
import { batchId } from "../../host/store/schema.ts";
import type { Database } from "../../host/store/sqlite.ts";
import { type Verdict, verifyStore } from "../../host/store/verify.ts";
import { FakeDevice, META } from "./fake-device.ts";
import { openDatabase, openStore, storePath } from "./support.ts";

const EPOCH = "00000000000000a1";

let path: string;

/** Ten batches with a gap of 5 behind the fifth, in epoch 1: records 0 to 14. */
beforeEach(async () => {
  path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice({ epoch: EPOCH });
  const epochId = await device.begin(store);
  for (let count = 0; count < 10; count++) {
    if (count === 5) store.append(epochId, device.gap(5, 50), META);
    store.append(epochId, device.batch(), META);
  }
  await store.close();
});

async function damage(change: (database: Database) => void): Promise<Verdict> {
  const database = await openDatabase(path);
  change(database);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return verifyStore(path);
}

/** Stores the body of batch `from` again as batch `to`, its metadata with it. */
function repeat(database: Database, from: number, to: number, keepsChecksum: boolean): void {
  const { body, crc32c } = database
    .prepare("SELECT body, crc32c FROM batch WHERE id = ?")
    .get(batchId(1, from)) as { body: Uint8Array; crc32c: number };
  const crc = keepsChecksum ? crc32c : new BatchChecksum(EPOCH).of(to, body);
  database
    .prepare(
      "INSERT INTO batch SELECT ?, schema, first_ms, last_ms, rows, readings, link, received_us, ?, body, count, parts FROM batch WHERE id = ?",
    )
    .run(batchId(1, to), crc, batchId(1, from));
}

test("a sound store", async () => {
  const steps: number[] = [];
  const verdict = await verifyStore(path, ({ done, total }) => steps.push(done / total));
  expect(verdict).toEqual({
    ok: true,
    devices: 1,
    batches: 10,
    readings: 80,
    missing: 0,
    duplicates: 0,
    gapReadings: 50,
    keptAside: 0,
    checksumFailures: 0,
    undecodable: 0,
    faults: [],
    epochs: [
      {
        device: "shed",
        epoch: EPOCH,
        first: 0,
        next: 15,
        readings: 80,
        batches: 10,
        gaps: 1,
        gapReadings: 50,
        missing: 0,
        duplicates: 0,
        elsewhere: 0,
        keptAside: 0,
        checksumFailures: 0,
        undecodable: 0,
      },
    ],
  });
  expect(steps.at(-1)).toBeGreaterThan(0);
});

test("every flipped bit of a body", async () => {
  const database = await openDatabase(path);
  const id = batchId(1, 3);
  const { body } = database.prepare("SELECT body FROM batch WHERE id = ?").get(id) as {
    body: Uint8Array;
  };
  const update = database.prepare("UPDATE batch SET body = ? WHERE id = ?");
  for (let bit = 0; bit < body.length * 8; bit += 5) {
    const flipped = body.slice();
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    update.run(flipped, id);
    expect(await verifyStore(path)).toMatchObject({ ok: false, checksumFailures: 1 });
  }
});

describe("records that are not there", () => {
  test.each([0, 4, 14])("batch %i deleted", async (sequence) => {
    const verdict = await damage((database) =>
      database.exec(`DELETE FROM batch WHERE id = ${batchId(1, sequence)}`),
    );
    expect(verdict).toMatchObject({ ok: false, missing: 1, duplicates: 0, batches: 9 });
  });

  test("a gap deleted", async () => {
    const verdict = await damage((database) => database.exec("DELETE FROM gap"));
    expect(verdict).toMatchObject({ ok: false, missing: 5, gapReadings: 0 });
  });

  test("the epoch says that more was stored", async () => {
    const verdict = await damage((database) => database.exec("UPDATE epoch SET next = 17"));
    expect(verdict).toMatchObject({ ok: false, missing: 2 });
  });

  test("the epoch says that less was stored", async () => {
    const verdict = await damage((database) => database.exec("UPDATE epoch SET next = 14"));
    expect(verdict).toMatchObject({ ok: false, missing: 0 });
    expect(verdict.faults.join()).toContain("outside of [0, 14)");
  });
});

describe("records that are there twice", () => {
  test.each([true, false])(
    "the last batch again as the next (checksum kept: %s)",
    async (keeps) => {
      const verdict = await damage((database) => {
        repeat(database, 14, 15, keeps);
        database.exec("UPDATE epoch SET next = 16, batches = 11, readings = 88");
      });
      expect(verdict).toMatchObject({ ok: false, duplicates: 1, missing: 0 });
      expect(verdict.checksumFailures).toBe(keeps ? 1 : 0);
    },
  );

  test("an early batch again at the end", async () => {
    const verdict = await damage((database) => {
      repeat(database, 2, 15, false);
      database.exec("UPDATE epoch SET next = 16, batches = 11, readings = 88");
    });
    expect(verdict).toMatchObject({ ok: false, duplicates: 1, checksumFailures: 0 });
  });

  test("a batch inside of a gap", async () => {
    const verdict = await damage((database) => repeat(database, 4, 7, false));
    expect(verdict).toMatchObject({ ok: false, duplicates: 2 });
  });

  test("a gap over a batch", async () => {
    const verdict = await damage((database) =>
      database.exec("INSERT INTO gap VALUES (1, 3, 1, 0, 1, 1, 'outbox-full')"),
    );
    expect(verdict).toMatchObject({ ok: false, duplicates: 1 });
  });

  test("two gaps over each other", async () => {
    const verdict = await damage((database) =>
      database.exec("INSERT INTO gap VALUES (1, 6, 3, 0, 1, 1, 'outbox-full')"),
    );
    expect(verdict).toMatchObject({ ok: false, duplicates: 3 });
  });
});

describe("what does not agree", () => {
  test.each([
    ["a row's count of readings", "UPDATE batch SET readings = 7 WHERE id % 4294967296 = 3"],
    ["a row's count of rows", "UPDATE batch SET rows = 2 WHERE id % 4294967296 = 3"],
    ["a row's first time", "UPDATE batch SET first_ms = first_ms + 1 WHERE id % 4294967296 = 3"],
    ["a row's last time", "UPDATE batch SET last_ms = last_ms + 1 WHERE id % 4294967296 = 3"],
    ["the epoch's readings", "UPDATE epoch SET readings = 81"],
    ["the epoch's gap readings", "UPDATE epoch SET gap_readings = 51"],
    ["the epoch's last time", "UPDATE epoch SET last_ms = 1"],
    ["a batch of no epoch before", "UPDATE batch SET id = 5 WHERE id % 4294967296 = 14"],
    [
      "a batch of no epoch behind",
      "UPDATE batch SET id = 2 * 4294967296 WHERE id % 4294967296 = 14",
    ],
    ["a gap of no epoch", "INSERT INTO gap VALUES (2, 3, 1, 0, 1, 1, 'outbox-full')"],
    ["a gap of nothing", "UPDATE gap SET count = 0"],
  ])("%s", async (_, sql) => {
    const verdict = await damage((database) => database.exec(`PRAGMA foreign_keys = OFF; ${sql}`));
    expect(verdict.ok).toBe(false);
    expect(verdict.faults).not.toEqual([]);
  });

  test("a batch whose schema is gone", async () => {
    const verdict = await damage((database) =>
      database.exec("PRAGMA foreign_keys = OFF; DELETE FROM schema"),
    );
    expect(verdict).toMatchObject({ ok: false, undecodable: 10 });
  });

  test("two batches in each other's place, checksums recomputed", async () => {
    const verdict = await damage((database) => {
      repeat(database, 1, 100, false);
      repeat(database, 2, 101, false);
      database.exec(`DELETE FROM batch WHERE id IN (${batchId(1, 1)}, ${batchId(1, 2)})`);
      repeat(database, 100, 2, false);
      repeat(database, 101, 1, false);
      database.exec(`DELETE FROM batch WHERE id IN (${batchId(1, 100)}, ${batchId(1, 101)})`);
    });
    expect(verdict).toMatchObject({ ok: false, missing: 0, duplicates: 0, checksumFailures: 0 });
    expect(verdict.faults.join()).toContain("begins before the end of its predecessors");
  });
});

test("a page that was overwritten", async () => {
  const { openSync, writeSync, closeSync, statSync } = await import("node:fs");
  const { size } = statSync(path);
  const file = openSync(path, "r+");
  for (let page = 4_096 * 2; page < size; page += 4_096)
    writeSync(file, Buffer.alloc(64, 0xa5), 0, 64, page);
  closeSync(file);
  const verdict = await verifyStore(path);
  expect(verdict.ok).toBe(false);
  expect(verdict.faults.join()).toMatch(/SQLite finds|cannot be read/);
});
