// How epochs begin and go on, and what the store says to a hello.

import { expect, test } from "vitest";
import { StoreReader } from "../../host/store/reader.ts";
import { verifyStore } from "../../host/store/verify.ts";
import { encodeSchema, schemaHash } from "../../shared/channel.ts";
import { FakeDevice, META, SCHEMA } from "./fake-device.ts";
import { openStore, storePath } from "./support.ts";

test("an unknown epoch begins at the oldest record that the device has", async () => {
  const store = await openStore({ path: storePath() });
  const device = new FakeDevice({ first: 40 });
  const hello = device.hello({ next: 50 });
  expect(await store.resume(hello, 1)).toEqual({ epochId: 1, next: 40, schemas: [] });
});

test("a resume sees the records handed in before it", async () => {
  const store = await openStore({ path: storePath() });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let count = 0; count < 10; count++) store.append(epochId, device.batch(), META);
  expect(await store.resume(device.hello(), 1)).toEqual({ epochId, next: 10, schemas: [0] });
});

test("records that another store acknowledged become a gap of their own kind", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  for (let count = 0; count < 4; count++) device.batch();
  expect(await store.resume(device.hello(), 7)).toMatchObject({ epochId, next: 5 });
  store.append(epochId, device.batch(), META);
  await store.close();
  const verdict = await verifyStore(path);
  expect(verdict).toMatchObject({ ok: true, batches: 2, missing: 0, gapReadings: 0 });
  expect(verdict.epochs).toMatchObject([{ elsewhere: 4, gaps: 1, next: 6 }]);
  const reader = await StoreReader.open(path);
  expect(reader.gaps()).toMatchObject([
    { sequence: 1, count: 4, readings: 0, firstMs: null, firstUs: null, reason: "elsewhere" },
  ]);
  reader.close();
});

test("a device that counts from below what is stored changes nothing", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let count = 0; count < 3; count++) store.append(epochId, device.batch(), META);
  const resumed = await store.resume(device.hello({ first: 0, next: 1 }), 1);
  expect(resumed).toEqual({ epochId, next: 3, schemas: [] });
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 3 });
});

test("an epoch belongs to its device", async () => {
  const store = await openStore({ path: storePath() });
  const one = await new FakeDevice({ name: "one" }).begin(store);
  const two = await new FakeDevice({ name: "two" }).begin(store);
  expect(two).not.toBe(one);
});

test("a schema that the device brought before is known by its hash", async () => {
  const store = await openStore({ path: storePath() });
  await new FakeDevice().begin(store);
  const reborn = new FakeDevice({ epoch: "00000000000000a2" });
  const hash = schemaHash(SCHEMA);
  const schemas = [
    { number: 0, hash: hash ^ 1 },
    { number: 4, hash },
  ];
  const { epochId, schemas: known } = await store.resume(reborn.hello({ schemas }), 1);
  expect(known).toEqual([4]);
  const other = new FakeDevice({ name: "other" });
  expect(await store.resume(other.hello(), 1)).toMatchObject({ schemas: [] });
  store.putSchema(epochId, 0, encodeSchema([{ name: "x", kind: "boolean", unit: "" }]));
  expect((await store.resume(reborn.hello({ schemas: [] }), 1)).schemas.toSorted()).toEqual([0, 4]);
});

test("a number that the hello gives another schema is not known", async () => {
  const store = await openStore({ path: storePath() });
  const device = new FakeDevice();
  await device.begin(store);
  const other = encodeSchema([{ name: "x", kind: "boolean", unit: "" }]);
  const schemas = [{ number: 0, hash: schemaHash(other) }];
  expect((await store.resume(device.hello({ schemas }), 1)).schemas).toEqual([]);
});

test("batches keep the schema that was in force when they came", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  store.append(epochId, device.batch(), META);
  store.putSchema(epochId, 0, encodeSchema([{ name: "x", kind: "boolean", unit: "" }]));
  await store.close();
  expect(await verifyStore(path)).toMatchObject({ ok: true, batches: 1 });
});

test("devices that appear and restart are events", async () => {
  const path = storePath();
  const store = await openStore({ path });
  await new FakeDevice().begin(store);
  await new FakeDevice().begin(store);
  await new FakeDevice({ epoch: "00000000000000a2" }).begin(store);
  await store.close();
  const reader = await StoreReader.open(path);
  expect(reader.events().map(({ kind }) => kind)).toEqual(["restarted", "appeared"]);
  expect(reader.devices()).toMatchObject([{ name: "shed", firmware: "1.0", epochs: 2 }]);
  reader.close();
});
