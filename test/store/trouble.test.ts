// A store that cannot write says so, acknowledges nothing, and goes on when it can.

import { expect, test } from "vitest";
import { verifyStore } from "../../host/store/verify.ts";
import { FakeDevice, META } from "./fake-device.ts";
import {
  commitsOf,
  nextTrouble,
  openDatabase,
  openStore,
  storedNext,
  storePath,
} from "./support.ts";

test("a full store stops, and goes on once it may grow", async () => {
  const path = storePath();
  const store = await openStore({ path, sizeBytesMax: 200_000 });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  await store.flush();
  const commits = commitsOf(store);
  const began = nextTrouble(store);
  for (let count = 0; count < 5_000; count++) store.append(epochId, device.batch(), META);
  expect(await began).toMatchObject({
    isOver: false,
    text: expect.stringMatching(/cannot be written: .*full; make room or raise the limit/),
  });
  expect(storedNext(commits, epochId)).toBeLessThan(5_000);
  expect(store.waiting).toBeGreaterThan(0);
  const over = nextTrouble(store);
  store.setSizeBytesMax(100_000_000);
  expect(await over).toMatchObject({ isOver: true });
  await store.flush();
  expect(storedNext(commits, epochId)).toBe(5_000);
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 5_000 });
});

test("records that come during the trouble are stored after it", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  await store.flush();
  const commits = commitsOf(store);
  const intruder = await openDatabase(path);
  intruder.exec("BEGIN IMMEDIATE");
  const began = nextTrouble(store);
  store.append(epochId, device.batch(), META);
  const { text } = await began;
  expect(text).toContain("another program holds it locked");
  for (let count = 0; count < 50; count++) store.append(epochId, device.batch(), META);
  const resumed = store.resume(device.hello(), 1);
  expect(commits).toEqual([]);
  const over = nextTrouble(store);
  intruder.exec("ROLLBACK");
  expect((await over).text).toMatch(/written again, after/);
  expect(await resumed).toMatchObject({ next: 51 });
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 51 });
});

test("events and clock samples that come during the trouble are bounded", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const epochId = await new FakeDevice().begin(store);
  await store.flush();
  const intruder = await openDatabase(path);
  intruder.exec("BEGIN IMMEDIATE");
  const began = nextTrouble(store);
  store.putEvent({ atUs: 1, kind: "refused", text: "a stranger" });
  await began;
  const before = store.waiting;
  for (let count = 0; count < 20_000; count++) {
    store.putEvent({ atUs: count, kind: "refused", text: "a stranger" });
    store.putClock(epochId, { deviceMs: count, utcUs: count * 1_000, uncertaintyUs: 100 });
  }
  expect(store.waiting - before).toBe(10_000);
  const over = nextTrouble(store);
  intruder.exec("ROLLBACK");
  await over;
  await store.flush();
  store.putEvent({ atUs: 1, kind: "refused", text: "another" });
  expect(store.waiting).toBe(1);
});

test("closing in trouble tells what was not stored, and keeps what was", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  await store.flush();
  const intruder = await openDatabase(path);
  intruder.exec("BEGIN IMMEDIATE");
  const began = nextTrouble(store);
  store.append(epochId, device.batch(), META);
  await began;
  const flushed = expect(store.flush()).rejects.toMatchObject({ code: "not-written" });
  await expect(store.close()).rejects.toThrow(/2 operations were not stored/);
  await flushed;
  intruder.exec("ROLLBACK");
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 1 });
});
