// Batches that came whole and cannot be stored: they are kept aside, accounted for, and do not stop
// their epoch.

import { describe, expect, test } from "vitest";
import { StoreReader } from "../../host/store/reader.ts";
import { batchId } from "../../host/store/schema.ts";
import type { Database } from "../../host/store/sqlite.ts";
import { type Verdict, verifyStore } from "../../host/store/verify.ts";
import type { BatchMessage } from "../../shared/message/message.ts";
import { FakeDevice, META } from "./fake-device.ts";
import { commitsOf, openDatabase, openStore, storedNext, storePath } from "./support.ts";

function cutShort(batch: BatchMessage): BatchMessage {
  return { ...batch, body: batch.body.subarray(0, batch.body.length - 1) };
}

/** A store with batches 0 and 2, and 1 kept aside. */
async function storeWithRefused(): Promise<string> {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  store.append(epochId, cutShort(device.batch()), META);
  store.append(epochId, device.batch(), META);
  await store.close();
  return path;
}

test("a batch that its schema does not decode is on disk, byte for byte, before it counts as stored", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  const bad = cutShort(device.batch());
  store.append(epochId, bad, META);
  await store.flush();
  expect(storedNext(commits, epochId)).toBe(2);
  expect(commits.flatMap(({ refused }) => refused)).toEqual([]);
  expect(commits.flatMap(({ keptAside = [] }) => keptAside)).toEqual([
    { epochId, sequence: 1, fault: expect.stringContaining("cannot be decoded") },
  ]);
  const database = await openDatabase(path);
  const row = database.prepare("SELECT * FROM refused").get();
  expect(row).toMatchObject({ id: batchId(epochId, 1), received_us: META.receivedUs });
  expect((row as { body: Uint8Array }).body).toEqual(new Uint8Array(bad.body));
});

test("its epoch goes on, a gap stands for it, and it comes again as a duplicate", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  const bad = cutShort(device.batch());
  store.append(epochId, bad, META);
  store.append(epochId, bad, META);
  store.append(epochId, device.batch(), META);
  await store.flush();
  expect(storedNext(commits, epochId)).toBe(2);
  expect(commits.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(1);
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 1, keptAside: 1, missing: 0 });
  const reader = await StoreReader.open(path);
  expect(reader.gaps()).toMatchObject([
    { sequence: 0, count: 1, firstMs: null, reason: "refused" },
  ]);
  reader.close();
});

test("a batch that begins before the end of its predecessor is kept aside with its count of readings", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  const { timeMs } = device;
  device.timeMs = 500;
  store.append(epochId, device.batch(3), META);
  device.timeMs = timeMs;
  store.append(epochId, device.batch(), META);
  await store.close();
  const verdict = await verifyStore(path);
  expect(verdict).toMatchObject({ ok: true, batches: 2, keptAside: 1 });
  expect(verdict.gapReadings).toBeGreaterThanOrEqual(6);
});

test("the operator is told of the first of an epoch, however many follow", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let count = 0; count < 30; count++) {
    store.append(epochId, cutShort(device.batch()), META);
    if (count % 10 === 0) await store.flush();
  }
  await store.close();
  expect(commits.flatMap(({ keptAside = [] }) => keptAside)).toHaveLength(1);
  const reader = await StoreReader.open(path);
  const events = reader.events().filter(({ kind }) => kind === "refused");
  expect(events).toMatchObject([{ device: "shed", text: expect.stringContaining("kept aside") }]);
  reader.close();
});

test("a thousand are kept of an epoch; then it waits, as nothing more may be acknowledged", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let count = 0; count < 1_002; count++) {
    store.append(epochId, cutShort(device.batch(1)), META);
  }
  await store.close();
  expect(storedNext(commits, epochId)).toBe(1_000);
  expect(commits.flatMap(({ refused }) => refused)).toMatchObject([{ sequence: 1_000 }]);
  expect(await verifyStore(path)).toMatchObject({ ok: true, keptAside: 1_000 });
});

test("a store of before there was a table for them is read, and gets it from its next writer", async () => {
  const path = storePath();
  await (await openStore({ path })).close();
  const database = await openDatabase(path);
  database.exec("DROP TABLE refused");
  database.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, keptAside: 0 });
  const store = await openStore({ path });
  const device = new FakeDevice();
  store.append(await device.begin(store), cutShort(device.batch()), META);
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, keptAside: 1 });
});

describe("verification finds", () => {
  async function damaged(change: (database: Database) => void): Promise<Verdict> {
    const path = await storeWithRefused();
    const database = await openDatabase(path);
    change(database);
    database.close();
    return verifyStore(path);
  }

  test("one that is gone", async () => {
    const verdict = await damaged((database) => database.exec("DELETE FROM refused"));
    expect(verdict).toMatchObject({ ok: false, missing: 1, keptAside: 0 });
  });

  test("one that was changed", async () => {
    const verdict = await damaged((database) =>
      database.exec("UPDATE refused SET body = zeroblob(length(body))"),
    );
    expect(verdict).toMatchObject({ ok: false, checksumFailures: 1 });
  });

  test("one without its gap", async () => {
    const verdict = await damaged((database) => database.exec("DELETE FROM gap"));
    expect(verdict).toMatchObject({ ok: false, missing: 1 });
    expect(verdict.faults).toContainEqual(expect.stringContaining("have no gap in their place"));
  });
});
