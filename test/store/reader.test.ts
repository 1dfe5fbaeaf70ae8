// Reading: times, ranges, channels, latest values, and all that while a collector writes.

import { execFileSync } from "node:child_process";
import { copyFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openForWriting } from "../../host/store/open.ts";
import { PacketWriter } from "../../host/store/packet.ts";
import { StoreReader } from "../../host/store/reader.ts";
import type { ReadingsQuery } from "../../host/store/readings.ts";
import { formatTime, rowsOf } from "../../host/store/rows.ts";
import type { Store } from "../../host/store/store.ts";
import { FakeDevice, META, SCHEMA } from "./fake-device.ts";
import { openDatabase, openStore, storePath } from "./support.ts";

/** UTC at which the devices here were switched on. */
const BORN_US = 1_760_000_000_000_000;

async function openReader(path: string): Promise<StoreReader> {
  return StoreReader.open(path);
}

/** A store with 100 batches of 3 rows, one row a second from the first second on. */
async function fill(path: string, { hasClock = true } = {}): Promise<Store> {
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  if (hasClock) {
    store.putClock(epochId, { deviceMs: 5_000, utcUs: BORN_US + 5_000_000, uncertaintyUs: 900 });
  }
  for (let count = 0; count < 100; count++) store.append(epochId, device.batch(), META);
  await store.flush();
  return store;
}

/** Uptimes in seconds of the rows that a query yields. */
function secondsOf(reader: StoreReader, query: ReadingsQuery): number[] {
  const seconds: number[] = [];
  for (const { firstRow, endRow, timesMs } of reader.readings(query)) {
    for (let row = firstRow; row < endRow; row++) seconds.push(timesMs[row]! / 1_000);
  }
  return seconds;
}

describe("readings", () => {
  test("all of them, in order, with UTC and its uncertainty", async () => {
    const path = storePath();
    await fill(path);
    const reader = await openReader(path);
    expect(secondsOf(reader, {})).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    const [chunk] = reader.readings();
    expect(chunk).toMatchObject({ device: "shed", sequence: 0, uncertaintyUs: 900 + 400 });
    expect(chunk!.timesUs![0]).toBe(BORN_US + 1_000_000);
    reader.close();
  });

  test("every range comes out exactly", async () => {
    const path = storePath();
    await fill(path);
    const reader = await openReader(path);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [3, 5],
      [4, 7],
      [100, 200],
      [299, 301],
      [300, 400],
      [301, 400],
      [17, 17],
    ] as const) {
      const query = { fromUs: BORN_US + from * 1_000_000, toUs: BORN_US + to * 1_000_000 };
      const wanted = Array.from({ length: 300 }, (_, index) => index + 1);
      expect(secondsOf(reader, query)).toEqual(
        wanted.filter((second) => second >= from && second < to),
      );
    }
    expect(secondsOf(reader, { fromUs: BORN_US + 299_500_000 })).toEqual([300]);
    expect(secondsOf(reader, { toUs: BORN_US + 2_000_000 })).toEqual([1]);
    reader.close();
  });

  test("of a device and of channels", async () => {
    const path = storePath();
    const store = await fill(path);
    const other = new FakeDevice({ name: "barn", epoch: "00000000000000b1" });
    const epochId = await other.begin(store);
    store.append(epochId, other.batch(), META);
    await store.flush();
    const reader = await openReader(path);
    expect(secondsOf(reader, { device: "barn" })).toEqual([1, 2, 3]);
    expect(secondsOf(reader, { device: "nobody" })).toEqual([]);
    expect(secondsOf(reader, { channels: ["nothing"] })).toEqual([]);
    const [chunk] = reader.readings({ channels: ["door"] });
    expect(chunk!.columns.map(({ channel, index }) => [channel.name, index])).toEqual([
      ["door", 1],
    ]);
    reader.close();
  });

  test("as rows", async () => {
    const path = storePath();
    await fill(path);
    const reader = await openReader(path);
    const [chunk] = reader.readings({ channels: ["temperature", "note"] });
    const common = { device: "shed", time: "2025-10-09T08:53:21.000Z", uptimeMs: 1_000 };
    expect([...rowsOf(chunk!)].slice(0, 3)).toEqual([
      { ...common, channel: "temperature", value: 0.01, unit: "Cel" },
      { ...common, channel: "note", value: "row 1", unit: "" },
      {
        ...common,
        time: "2025-10-09T08:53:22.000Z",
        uptimeMs: 2_000,
        channel: "temperature",
        value: 0.02,
        unit: "Cel",
      },
    ]);
    reader.close();
  });

  test("without a clock there is no time, and no time is in a range", async () => {
    const path = storePath();
    await (await fill(path, { hasClock: false })).close();
    const reader = await openReader(path);
    const [chunk] = reader.readings();
    expect(chunk).toMatchObject({ timesUs: undefined, uncertaintyUs: undefined });
    expect([...rowsOf(chunk!)][0]).toMatchObject({ time: null, uptimeMs: 1_000 });
    expect(secondsOf(reader, { fromUs: 0 })).toEqual([]);
    expect(reader.latest("shed")[0]).toMatchObject({ timeUs: null, uptimeMs: 300_000 });
    expect(reader.devices()[0]).toMatchObject({ storedUpToUs: null });
    reader.close();
  });

  test("a damaged batch is told of or throws, and is never handed out", async () => {
    const path = storePath();
    const store = await fill(path);
    await store.close();
    const database = await openDatabase(path);
    database.exec(
      "UPDATE batch SET body = CAST(substr(body, 1, 12) || x'ff' || substr(body, 14) AS BLOB) WHERE id % 4294967296 = 50",
    );
    database.close();
    const reader = await openReader(path);
    expect(() => secondsOf(reader, {})).toThrow(/batch 50 of shed.* is damaged/);
    const told: string[] = [];
    expect(secondsOf(reader, { onDamage: (text) => told.push(text) })).toHaveLength(297);
    expect(told).toHaveLength(1);
    reader.close();
  });

  test("a reader that pauses sees what came meanwhile and keeps the log from growing", async () => {
    const path = storePath();
    const store = await openStore({ path });
    const device = new FakeDevice();
    const epochId = await device.begin(store);
    store.append(epochId, device.batch(), META);
    await store.flush();
    const reader = await openReader(path);
    const chunks = reader.readings();
    expect(chunks.next().done).toBe(false);
    for (let count = 0; count < 1_000; count++) store.append(epochId, device.batch(), META);
    await store.flush();
    expect(secondsOf(reader, {})).toHaveLength(3_003);
    await store.close();
    reader.close();
  });
});

test("times beyond what a date can say are none", () => {
  expect(formatTime(BORN_US + 1_999)).toBe("2025-10-09T08:53:20.001Z");
  expect(formatTime(9e18)).toBeNull();
});

describe("latest values", () => {
  test("are there after close, for each channel its own", async () => {
    const path = storePath();
    await (await fill(path)).close();
    const reader = await openReader(path);
    expect(reader.latest("shed")).toEqual([
      expect.objectContaining({ channel: "temperature", value: 3, uptimeMs: 300_000 }),
      expect.objectContaining({ channel: "door", value: "open", uptimeMs: 300_000 }),
      {
        channel: "note",
        unit: "",
        value: "row 299",
        epoch: "00000000000000a1",
        uptimeMs: 299_000,
        timeUs: BORN_US + 299_000_000,
        uncertaintyUs: 900 + 29_400,
      },
    ]);
    expect(reader.latest("nobody")).toEqual([]);
    reader.close();
  });

  test("are brought up to date when a store opens that was never closed", async () => {
    const path = storePath();
    await fill(path);
    const copy = storePath();
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
    await openStore({ path: copy });
    const reader = await openReader(copy);
    expect(reader.latest("shed").map(({ value }) => value)).toEqual([3, "open", "row 299"]);
    reader.close();
  });

  test("trail a live device by a second at most", async () => {
    const path = storePath();
    const { writer, close } = await openForWriting(path);
    const device = new FakeDevice();
    const packet = new PacketWriter();
    packet.addOther({ kind: "resume", ask: 0, hello: device.hello(), receivedUs: 1 });
    packet.addOther({ kind: "schema", epochId: 1, number: 0, body: SCHEMA });
    packet.addBatch(1, 0, device.batch(1).body, META);
    writer.commit([packet.take()], { nowMs: 0 });
    const reader = await openReader(path);
    expect(reader.latest("shed")).toEqual([]);
    expect(writer.commitDueAtMs).toBe(1_000);
    writer.commit([], { nowMs: 1_000 });
    expect(reader.latest("shed")).toMatchObject([{ value: 0.01 }, { value: "shut" }, {}]);
    expect(writer.commitDueAtMs).toBeUndefined();
    reader.close();
    close();
  });

  test("the later epoch's stand", async () => {
    const path = storePath();
    const store = await fill(path);
    const reborn = new FakeDevice({ epoch: "00000000000000a2" });
    const epochId = await reborn.begin(store);
    store.append(epochId, reborn.batch(1), META);
    await store.close();
    const reader = await openReader(path);
    expect(reader.latest("shed").map(({ uptimeMs }) => uptimeMs)).toEqual([1_000, 1_000, 1_000]);
    reader.close();
  });
});

test("devices are summed up", async () => {
  const path = storePath();
  const store = await fill(path);
  const reader = await openReader(path);
  expect(reader.devices()).toEqual([
    {
      name: "shed",
      delivery: "exactly once",
      firmware: "1.0",
      firstSeenUs: META.receivedUs,
      lastSeenUs: META.receivedUs,
      epochs: 1,
      batches: 100,
      readings: 800,
      gapReadings: 0,
      epoch: "00000000000000a1",
      next: 100,
      storedUpToUs: BORN_US + 300_000_000,
      channels: [
        { name: "temperature", unit: "Cel", kind: "number", resolution: 0.01 },
        { name: "door", unit: "", kind: "enumeration", resolution: null },
        { name: "note", unit: "", kind: "text", resolution: null },
      ],
    },
  ]);
  reader.close();
  await store.close();
});

test("a reader in the writer's process leaves the writer's locks alone", async () => {
  const path = storePath();
  const store = await fill(path);
  (await openReader(path)).close();
  // The last connection to close takes the log away; this one must find that it is not the last.
  const program = `
    const sqlite = process.getBuiltinModule("node:sqlite") ?? require("@photostructure/sqlite");
    const database = new sqlite.DatabaseSync(process.argv[1]);
    database.exec("SELECT count(*) FROM batch");
    database.close();`;
  execFileSync(process.execPath, ["-e", program, path], { stdio: "pipe" });
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  await store.close();
});
