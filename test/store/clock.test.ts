// The clock of each epoch in the store: which samples stay, what readers make of them, and that all
// that is left after a crash is enough to go on.

import { copyFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openForWriting } from "../../host/store/open.ts";
import { PacketWriter } from "../../host/store/packet.ts";
import { StoreReader } from "../../host/store/reader.ts";
import type { ReadingsQuery } from "../../host/store/readings.ts";
import type { Store } from "../../host/store/store.ts";
import { verifyStore } from "../../host/store/verify.ts";
import { SAMPLES_MAX } from "../../host/time/clock-filter.ts";
import { ClockMap } from "../../host/time/clock-map.ts";
import type { UtcSample } from "../../host/time/utc-sample.ts";
import { Keeper } from "../time/keeper.ts";
import {
  BORN_US,
  chance,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  pingTimes,
  SimulatedClock,
} from "../time/simulated-clock.ts";
import { FakeDevice, META } from "./fake-device.ts";
import { openDatabase, openStore, storePath } from "./support.ts";

const CLOCK = new SimulatedClock({ steady: 40e-6, swing: 20e-6, periodMs: DAY_MS, phase: 1 });

function samplesOf(fromMs: number, toMs: number, seed = 1): UtcSample[] {
  const random = chance(seed);
  return pingTimes(fromMs, toMs).map((atMs) =>
    CLOCK.sample({ atMs, thereMs: 1 + 6 * random(), backMs: 1 + 6 * random() }),
  );
}

/** What the clock table holds of an epoch. */
async function storedSamples(path: string, epochId: number): Promise<UtcSample[]> {
  const database = await openDatabase(path);
  const rows = database
    .prepare(
      "SELECT device_ms AS deviceMs, utc_us AS utcUs, uncertainty_us AS uncertaintyUs FROM clock WHERE epoch = ? ORDER BY device_ms",
    )
    .all(epochId);
  database.close();
  return rows.map((row) => ({ ...(row as UtcSample) }));
}

interface Reading {
  readonly uptimeMs: number;
  readonly timeUs: number;
  readonly uncertaintyUs: number;
}

/** Every row asked for. Chunks share their arrays, so each is read before the next. */
function readingsOf(reader: StoreReader, query: ReadingsQuery = {}): Reading[] {
  const readings: Reading[] = [];
  for (const chunk of reader.readings(query)) {
    for (let row = chunk.firstRow; row < chunk.endRow; row++) {
      const [uptimeMs, timeUs] = [chunk.timesMs[row]!, chunk.timesUs![row]!];
      readings.push({ uptimeMs, timeUs, uncertaintyUs: chunk.uncertaintyUs! });
    }
  }
  return readings;
}

/** How far a reading's time is from the truth. */
function errorUs({ uptimeMs, timeUs }: Reading): number {
  return Math.abs(timeUs - CLOCK.utcUs(uptimeMs));
}

function isFalse(reading: Reading): boolean {
  return errorUs(reading) > reading.uncertaintyUs;
}

async function hoursOfReadings(store: Store): Promise<number> {
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  for (let batch = 0; batch < 200; batch++) {
    store.append(epochId, device.batch(), META);
    device.timeMs += 3 * MINUTE_MS;
  }
  return epochId;
}

test("readings that waited ten hours for the first ping have their true times", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const epochId = await hoursOfReadings(store);
  const samples = samplesOf(11 * HOUR_MS, 12 * HOUR_MS);
  store.putClock(epochId, samples[0]!);
  await store.flush();
  const reader = await StoreReader.open(path);
  const alone = readingsOf(reader);
  for (const sample of samples.slice(1)) store.putClock(epochId, sample);
  await store.flush();
  const measured = readingsOf(reader);
  for (const readings of [alone, measured]) {
    expect(readings).toHaveLength(600);
    expect(readings.filter(isFalse)).toEqual([]);
  }
  expect(alone[0]!.uncertaintyUs).toBeGreaterThan(3_900_000);
  expect(measured[599]!.uncertaintyUs).toBeLessThan(alone[599]!.uncertaintyUs / 2);
  reader.close();
});

describe("what is kept", () => {
  test("is what the filter keeps, whoever opens the store in between", async () => {
    const path = storePath();
    const keeper = new Keeper();
    const random = chance(4);
    let epochId = 0;
    for (let day = 0; day < 5; day++) {
      const store = await openStore({ path });
      epochId = await new FakeDevice().begin(store);
      const errorUs = random() < 0.5 ? 0 : 3_600e6;
      for (const sample of samplesOf(day * DAY_MS, (day + 0.4) * DAY_MS, day)) {
        const measured = { ...sample, utcUs: sample.utcUs + errorUs };
        store.putClock(epochId, measured);
        keeper.add(measured);
      }
      await store.close();
    }
    const stored = await storedSamples(path, epochId);
    expect(stored).toEqual(keeper.samples);
    expect(stored.length).toBeGreaterThan(300);
    expect(stored.length).toBeLessThan(SAMPLES_MAX);
    expect(await verifyStore(path)).toMatchObject({ ok: true });
  });

  test("belongs to its epoch: a device that booted again is measured anew", async () => {
    const path = storePath();
    const store = await openStore({ path });
    const [first, second] = [new FakeDevice(), new FakeDevice({ epoch: "00000000000000a2" })];
    const ids = [await first.begin(store), await second.begin(store)] as const;
    const bornAgainUs = BORN_US + 1e12;
    store.putClock(ids[0], { deviceMs: 1_000, utcUs: BORN_US + 1_000_000, uncertaintyUs: 10 });
    store.putClock(ids[1], { deviceMs: 1_000, utcUs: bornAgainUs + 1_000_000, uncertaintyUs: 10 });
    store.append(ids[0], first.batch(), META);
    store.append(ids[1], second.batch(), META);
    await store.flush();
    const reader = await StoreReader.open(path);
    expect(readingsOf(reader).map(({ timeUs }) => timeUs)).toEqual(
      [BORN_US, bornAgainUs].flatMap((us) => [us + 1e6, us + 2e6, us + 3e6]),
    );
    expect(reader.devices()[0]).toMatchObject({ storedUpToUs: bornAgainUs + 3_000_000 });
    reader.close();
  });

  test("is there after a crash", async () => {
    const path = storePath();
    const store = await openStore({ path });
    const epochId = await hoursOfReadings(store);
    for (const sample of samplesOf(0, HOUR_MS)) store.putClock(epochId, sample);
    await store.flush();
    const copy = storePath();
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
    const revived = await openStore({ path: copy });
    for (const sample of samplesOf(10 * HOUR_MS, 11 * HOUR_MS)) revived.putClock(epochId, sample);
    await revived.close();
    const keeper = new Keeper();
    for (const sample of samplesOf(0, HOUR_MS)) keeper.add(sample);
    for (const sample of samplesOf(10 * HOUR_MS, 11 * HOUR_MS)) keeper.add(sample);
    expect(await storedSamples(copy, epochId)).toEqual(keeper.samples);
  });

  test.each([
    ["an uptime beyond all sense", { deviceMs: Number.MAX_SAFE_INTEGER, utcUs: BORN_US }],
    ["an uptime below zero", { deviceMs: -1, utcUs: BORN_US }],
    ["no number", { deviceMs: Number.NaN, utcUs: BORN_US }],
    ["a UTC beyond all sense", { deviceMs: 1, utcUs: 2 ** 60 }],
  ])("is not %s", async (_, sample) => {
    const path = storePath();
    const store = await openStore({ path });
    const epochId = await hoursOfReadings(store);
    store.putClock(epochId, { ...sample, uncertaintyUs: 1 });
    await store.close();
    expect(await storedSamples(path, epochId)).toEqual([]);
  });

  test("stays readable, whatever uptimes a device claims", async () => {
    const path = storePath();
    const store = await openStore({ path });
    const epochId = await hoursOfReadings(store);
    const claims = [5, 2 ** 42, 7, 2 ** 42 - 1, 2 ** 42, 3, 2 ** 41, 2 ** 42];
    claims.forEach((deviceMs, index) => {
      const utcUs = BORN_US + index * 30_000_000;
      for (let more = 0; more < 50; more++) {
        store.putClock(epochId, { deviceMs: deviceMs + more, utcUs, uncertaintyUs: 2 ** 49 });
        store.putClock(epochId, { deviceMs: deviceMs + more, utcUs, uncertaintyUs: 1 });
      }
    });
    await store.close();
    const reader = await StoreReader.open(path);
    const times = readingsOf(reader).map(({ timeUs }) => timeUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    reader.close();
  });
});

test("a clock that is set moves what came before, in the store and for who reads it", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const epochId = await hoursOfReadings(store);
  for (const sample of samplesOf(0, 2 * HOUR_MS)) {
    store.putClock(epochId, { ...sample, utcUs: sample.utcUs - 86_400e6 });
  }
  await store.flush();
  const reader = await StoreReader.open(path);
  expect(errorUs(readingsOf(reader)[0]!)).toBeGreaterThan(86_000e6);
  for (const sample of samplesOf(2 * HOUR_MS, 10 * HOUR_MS)) store.putClock(epochId, sample);
  await store.flush();
  const readings = readingsOf(reader);
  expect(readings.filter(isFalse)).toEqual([]);
  expect(Math.max(...readings.map(({ uncertaintyUs }) => uncertaintyUs))).toBeLessThan(60_000);
  reader.close();
});

test("a range in UTC comes out to the microsecond, across drift and segments", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const epochId = await hoursOfReadings(store);
  for (const sample of samplesOf(HOUR_MS, 5 * HOUR_MS)) store.putClock(epochId, sample);
  await store.flush();
  const reader = await StoreReader.open(path);
  const timesOf = (query: ReadingsQuery) => readingsOf(reader, query).map(({ timeUs }) => timeUs);
  const all = timesOf({});
  expect(all).toHaveLength(600);
  for (const index of [0, 1, 2, 299, 300, 301, 598, 599]) {
    const atUs = all[index]!;
    expect(timesOf({ fromUs: atUs })).toEqual(all.slice(index));
    expect(timesOf({ fromUs: atUs + 1 })).toEqual(all.slice(index + 1));
    expect(timesOf({ toUs: atUs })).toEqual(all.slice(0, index));
    expect(timesOf({ fromUs: all[0]!, toUs: atUs + 1 })).toEqual(all.slice(0, index + 1));
  }
  reader.close();
});

test("latest values and gaps are told by the same map as readings", async () => {
  const path = storePath();
  const store = await openStore({ path });
  const device = new FakeDevice();
  const epochId = await device.begin(store);
  const samples = samplesOf(0, HOUR_MS);
  for (const sample of samples) store.putClock(epochId, sample);
  device.timeMs = 20 * MINUTE_MS;
  store.append(epochId, device.batch(), META);
  const gap = device.gap(2, 10);
  store.append(epochId, gap, META);
  await store.close();
  const keeper = new Keeper();
  for (const sample of samples) keeper.add(sample);
  const map = ClockMap.from(keeper.samples)!;
  const reader = await StoreReader.open(path);
  const [latest] = reader.latest("shed");
  const { utcUs: timeUs, uncertaintyUs } = map.utcOf(20 * MINUTE_MS + 2_000);
  expect(latest).toMatchObject({ timeUs, uncertaintyUs });
  expect(reader.devices()[0]).toMatchObject({ storedUpToUs: timeUs });
  expect(reader.gaps()[0]).toMatchObject({
    firstUs: map.utcOf(gap.firstMs).utcUs,
    lastUs: map.utcOf(gap.lastMs).utcUs,
  });
  reader.close();
});

test("a transaction that is rolled back takes its samples along", async () => {
  const path = storePath();
  const { writer, close } = await openForWriting(path);
  const device = new FakeDevice();
  const packet = new PacketWriter();
  packet.addOther({ kind: "resume", ask: 0, hello: device.hello(), receivedUs: 1 });
  writer.commit([packet.take()], { nowMs: 0 });
  const [first, second] = samplesOf(0, 60 * MINUTE_MS).filter((_, index) => index % 50 === 0);
  packet.addOther({ kind: "clock", epochId: 1, sample: first! });
  packet.addOther({ kind: "event", event: { atUs: Number.NaN, kind: "bad", text: "" } });
  const failing = packet.take();
  expect(() => writer.commit([failing], { nowMs: 0 })).toThrow();
  packet.addOther({ kind: "clock", epochId: 1, sample: second! });
  writer.commit([packet.take()], { nowMs: 0 });
  close();
  expect(await storedSamples(path, 1)).toEqual([second]);
});
