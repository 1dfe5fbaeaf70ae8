// From the tick counter to the outbox: uptime, sampler, batcher.

import { expect, test } from "vitest";
import { Batcher } from "../../device/batcher.ts";
import { UptimeClock } from "../../device/platform/uptime.ts";
import { Sampler } from "../../device/sampler.ts";
import { RandomSensor } from "../../device/sensors/random.ts";
import type { Sensor } from "../../device/sensors/sensor.ts";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import type { Channel } from "../../shared/channel.ts";
import { BATCH_BYTES_MAX } from "../../shared/limits.ts";
import { Outbox } from "../../shared/outbox.ts";

/** A sensor that tells the time at which it was read. */
function timeSensor(name: string): Sensor {
  return { channels: [{ name, kind: "integer", unit: "ms" }], read: (nowMs) => [nowMs] };
}

test("uptime goes on across the wrap of the 32-bit ticks", () => {
  let ticks = 0x7fff_fff0;
  const clock = new UptimeClock(() => ticks);
  expect(clock.nowMs()).toBe(0);
  ticks = 0x7fff_ffff;
  expect(clock.nowMs()).toBe(15);
  ticks = -0x8000_0000;
  expect(clock.nowMs()).toBe(16);
  ticks = -0x7fff_fff0;
  expect(clock.nowMs()).toBe(32);
});

test("uptime never runs backwards", () => {
  let ticks = 1_000;
  const clock = new UptimeClock(() => ticks);
  ticks = 1_500;
  expect(clock.nowMs()).toBe(500);
  ticks = 1_400;
  expect(clock.nowMs()).toBe(500);
  ticks = 1_600;
  expect(clock.nowMs()).toBe(600);
});

test("each sensor keeps to its own grid", () => {
  const sampler = new Sampler(
    [
      { sensor: timeSensor("fast"), periodMs: 100 },
      { sensor: timeSensor("slow"), periodMs: 250 },
    ],
    0,
  );
  const rows: (readonly unknown[])[] = [];
  for (let nowMs = 0; nowMs <= 500; nowMs += 10) {
    const values = sampler.handleTimeout(nowMs);
    if (values !== undefined) rows.push([...values]);
  }
  expect(rows).toEqual([
    [0, 0],
    [100, undefined],
    [200, undefined],
    [undefined, 250],
    [300, undefined],
    [400, undefined],
    [500, 500],
  ]);
});

test("a stall makes one sample with its true time, and the grid stays", () => {
  const sampler = new Sampler([{ sensor: timeSensor("value"), periodMs: 100 }], 0);
  sampler.handleTimeout(0);
  expect(sampler.handleTimeout(1_234)).toEqual([1_234]);
  expect(sampler).toMatchObject({ missedSamples: 11, lateSamples: 1 });
  expect(sampler.nextDueMs()).toBe(1_300);
  expect(sampler.samples).toBe(2);
});

function batcherWith(channels: readonly Channel[], rowsMax = 0) {
  const outbox = new Outbox({ bytesMax: 16_384, recordsMax: 64 });
  const batcher = new Batcher({ channels, schema: 0, outbox, ageMsMax: 1_000, rowsMax });
  return { outbox, batcher };
}

const COUNT: readonly Channel[] = [{ name: "count", kind: "integer", unit: "" }];

test("while a link is up a batch closes when its oldest row has waited long enough", () => {
  const { outbox, batcher } = batcherWith(COUNT);
  batcher.handleLinkState(true);
  batcher.append(10, [1]);
  batcher.append(500, [2]);
  expect(batcher.nextDueMs()).toBe(1_010);
  batcher.handleTimeout(1_009);
  expect(outbox.records).toBe(0);
  batcher.handleTimeout(1_010);
  expect(outbox.recordFrom(0)).toMatchObject({ readings: 2, firstMs: 10, lastMs: 500 });
});

test("while no link is up a batch closes when it is full, and is decodable", () => {
  const sensor = new RandomSensor(1);
  const { outbox, batcher } = batcherWith(sensor.channels);
  let samples = 0;
  // The first batch ends when the encoder has learned how to write the others.
  for (; outbox.records < 3; samples++) batcher.append(samples * 1_000, sensor.read());
  const into = new Uint8Array(2 * BATCH_BYTES_MAX);
  const columns = new BatchColumns();
  const [first, second, third] = [0, 1, 2].map((sequence) => outbox.recordFrom(sequence)!);
  const length = outbox.copyBatch(second!, into, 0);
  expect(length).toBeGreaterThan(BATCH_BYTES_MAX - 40);
  expect(decodeBatch(into.subarray(0, length), sensor.channels, columns)).toBe(true);
  expect(columns.readings).toBe(second!.readings);
  expect(first!.readings + second!.readings + third!.readings).toBe(5 * (samples - 1));
  expect(batcher.readingsWaiting).toBe(5);
});

test("a batch closes at the number of rows that was asked for", () => {
  const { outbox, batcher } = batcherWith(COUNT, 3);
  for (let row = 0; row < 7; row++) batcher.append(row, [row]);
  expect(outbox.records).toBe(2);
});

test("a row that fits no batch becomes a gap that says so", () => {
  const channels: readonly Channel[] = ["a", "b", "c"].map((name) => ({
    name,
    kind: "bytes",
    unit: "",
  }));
  const { outbox, batcher } = batcherWith(channels);
  const large = new Uint8Array(500);
  batcher.append(7, [large, large, large]);
  expect(outbox.recordFrom(0)).toMatchObject({
    gap: "oversize",
    readings: 3,
    firstMs: 7,
    lastMs: 7,
  });
});

test("the same seed gives the same readings, another seed others", () => {
  const read = (seed: number) => {
    const sensor = new RandomSensor(seed);
    return Array.from({ length: 50 }, () => [...sensor.read()]);
  };
  expect(read(4)).toEqual(read(4));
  expect(read(4)).not.toEqual(read(5));
});

test("a period that changes holds for sensors without one of their own, from now on", () => {
  const schedules = [
    { sensor: timeSensor("common") },
    { sensor: timeSensor("own"), periodMs: 250 },
  ];
  const sampler = new Sampler(schedules, 0, 100);
  sampler.handleTimeout(0);
  sampler.usePeriod(40, 10);
  expect(sampler.periodsMs).toEqual([40, 250]);
  const rows: (readonly unknown[])[] = [];
  for (let nowMs = 10; nowMs <= 250; nowMs += 10) {
    const values = sampler.handleTimeout(nowMs);
    if (values !== undefined) rows.push([...values]);
  }
  expect(rows).toEqual([
    [50, undefined],
    [90, undefined],
    [130, undefined],
    [170, undefined],
    [210, undefined],
    [250, 250],
  ]);
});

test("a sample out of turn leaves the grid as it is", () => {
  const sampler = new Sampler([{ sensor: timeSensor("value"), periodMs: 100 }], 0);
  sampler.handleTimeout(0);
  expect([...sampler.readNow(30)]).toEqual([30]);
  expect(sampler.nextDueMs()).toBe(100);
  expect(sampler.samples).toBe(2);
});
