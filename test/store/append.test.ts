// What goes in: in order, once, checked, and told of when it is on disk.

import { describe, expect, test } from "vitest";
import { StoreReader } from "../../host/store/reader.ts";
import { verifyStore } from "../../host/store/verify.ts";
import { FakeDevice, META } from "./fake-device.ts";
import { commitsOf, openDatabase, openStore, storedNext, storePath } from "./support.ts";

test("batches are told of once they are on disk, and are there after reopening", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let count = 0; count < 100; count++) store.append(epochId, device.batch(), META);
  expect(store.waiting).toBe(101);
  await store.flush();
  expect(store.waiting).toBe(0);
  expect(commits.reduce((sum, { batches }) => sum + batches, 0)).toBe(100);
  expect(storedNext(commits, epochId)).toBe(100);
  expect(commits.flatMap(({ latest }) => latest).slice(-1)).toEqual([
    {
      epochId,
      device: "shed",
      lastMs: 300_000,
      values: { temperature: 3, door: "open", note: "row 299" },
    },
  ]);
  await store.close();
  const again = await openStore({ path });
  const resumed = await again.resume(device.hello(), META.receivedUs);
  expect(resumed).toEqual({ epochId, next: 100, schemas: [0] });
  await again.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 100, readings: 800 });
});

test("many batches of one turn come to few commits", async () => {
  const store = await openStore({ path: storePath() });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let count = 0; count < 3_000; count++) store.append(epochId, device.batch(1), META);
  await store.flush();
  expect(commits.length).toBeLessThan(30);
  expect(storedNext(commits, epochId)).toBe(3_000);
});

test("the bytes handed in may change at once", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  const batch = device.batch();
  store.append(epochId, batch, META);
  batch.body.fill(0xee);
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 1 });
});

test("a record that comes again is told of as stored again: whoever sends it was never told", async () => {
  const store = await openStore({ path: storePath() });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  const batch = device.batch();
  store.append(epochId, batch, META);
  await store.flush();
  const told = commits.length;
  store.append(epochId, batch, META);
  await store.flush();
  expect(commits.slice(told).flatMap(({ stored }) => stored)).toEqual([
    { epochId, next: 1, readings: 0 },
  ]);
});

test("duplicates are counted, not stored", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const commits = commitsOf(store);
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  const [one, two] = [device.batch(), device.batch()];
  for (const batch of [one, one, two, one, two]) store.append(epochId, batch, META);
  await store.flush();
  expect(commits.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(3);
  expect(commits.flatMap(({ refused }) => refused)).toEqual([]);
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 2, duplicates: 0 });
});

describe("a batch that nobody can ever read is refused, and its successors wait", () => {
  test.each([
    ["without a head", (body: Uint8Array) => body.subarray(0, 2), /head that cannot be read/],
    ["empty", () => new Uint8Array(0), /head that cannot be read/],
    ["of no schema", (body: Uint8Array) => body.with(3, 9), /needs schema 9/],
  ])("%s", async (_, spoil, fault) => {
    const path = storePath();
    const store = await openStore({ path });
    const commits = commitsOf(store);
    const device = new FakeDevice();
    const epochId = await device.begin(store);
    store.append(epochId, device.batch(), META);
    const [bad, next] = [device.batch(), device.batch()];
    store.append(epochId, { ...bad, body: spoil(bad.body) }, META);
    store.append(epochId, next, META);
    await store.flush();
    const refused = commits.flatMap((commit) => commit.refused);
    expect(refused).toEqual([{ epochId, sequence: 1, fault: expect.stringMatching(fault) }]);
    store.append(epochId, bad, META);
    store.append(epochId, next, META);
    await store.close();
    expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 3 });
    const reader = await StoreReader.open(path);
    expect(reader.events({ device: "shed" })[0]).toMatchObject({ kind: "refused" });
    reader.close();
  });

  test("of an epoch that is none", async () => {
    const store = await openStore({ path: storePath() });
    const commits = commitsOf(store);
    const device = new FakeDevice();
    store.append(99, device.batch(), META);
    store.append(99, device.gap(1, 1), META);
    store.putSchema(99, 0, new Uint8Array(3));
    store.putClock(99, { deviceMs: 0, utcUs: 0, uncertaintyUs: 0 });
    await store.flush();
    expect(commits.flatMap(({ refused }) => refused)).toMatchObject([
      { epochId: 99, sequence: 0 },
      { epochId: 99, sequence: 1 },
    ]);
  });
});

test("gaps take their place in the sequence", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  const gap = device.gap(5, 60);
  store.append(epochId, gap, META);
  store.append(epochId, gap, META);
  store.append(epochId, device.batch(), META);
  await store.close();
  const verdict = await verifyStore(path);
  expect(verdict).toMatchObject({ ok: true, batches: 2, gapReadings: 60, missing: 0 });
  expect(verdict.epochs).toMatchObject([{ first: 0, next: 7, gaps: 1 }]);
  const reader = await StoreReader.open(path);
  expect(reader.gaps()).toMatchObject([
    { device: "shed", sequence: 1, count: 5, readings: 60, firstMs: 4_000, reason: "outbox-full" },
  ]);
  expect(reader.gaps({ device: "other" })).toEqual([]);
  reader.close();
});

test("gaps that claim more readings than a number can count", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.gap(1, Number.MAX_SAFE_INTEGER), META);
  store.append(epochId, device.gap(1, Number.MAX_SAFE_INTEGER), META);
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, gapReadings: Number.MAX_SAFE_INTEGER });
  const reader = await StoreReader.open(path);
  expect(reader.devices()).toMatchObject([{ gapReadings: Number.MAX_SAFE_INTEGER }]);
  reader.close();
});

test("events are bounded, the oldest go", async () => {
  const path = storePath();
  const store = await openStore({ path });
  store.putEvent({ atUs: 1, kind: "first", text: "a" });
  await store.flush();
  const database = await openDatabase(path);
  database.exec("INSERT INTO event (id, at_us, kind, text) VALUES (100000, 2, 'middle', 'b')");
  store.putEvent({ atUs: 3, device: "shed", kind: "last", text: "c" });
  await store.close();
  const reader = await StoreReader.open(path);
  expect(reader.events().map(({ kind }) => kind)).toEqual(["last", "middle"]);
  expect(reader.events({ countMax: 1 })).toEqual([
    { atUs: 3, device: "shed", kind: "last", text: "c" },
  ]);
  reader.close();
});

test("nothing is taken after close", async () => {
  const store = await openStore({ path: storePath() });
  await store.close();
  await store.close();
  expect(() => store.append(1, new FakeDevice().batch(), META)).toThrow(/closed/);
  await expect(store.flush()).rejects.toThrow(/closed/);
});
