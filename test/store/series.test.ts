// Series against a slow twin that reads every reading.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StoreReader } from "../../host/store/reader.ts";
import type { SeriesBuckets } from "../../host/store/series-buckets.ts";
import { META } from "./fake-device.ts";
import { mergeAll, type Stretch, steadyStretch, storeLife, stretch } from "./merging.ts";
import { openDatabase, storePath } from "./support.ts";

const BEGIN_US = META.receivedUs;

interface Range {
  readonly fromUs: number;
  readonly toUs: number;
  readonly buckets: number;
}

/** By channel, by bucket: every finite value, in order. */
function naiveSeries(reader: StoreReader, names: readonly string[], range: Range) {
  const { fromUs, toUs, buckets } = range;
  const series = names.map(() =>
    Array.from({ length: buckets }, () => ({ values: [] as number[] })),
  );
  for (const chunk of reader.readings({ device: "shed" })) {
    for (let row = chunk.firstRow; row < chunk.endRow; row++) {
      const timeUs = chunk.timesUs![row]!;
      if (timeUs < fromUs || timeUs >= toUs) continue;
      const part = (timeUs - fromUs) / (toUs - fromUs);
      const bucket = Math.min(buckets - 1, Math.floor(part * buckets));
      for (const { channel, column } of chunk.columns) {
        if (["text", "bytes", "structured"].includes(channel.kind)) continue;
        const value = column.numbers[row]!;
        if (column.present[row] === 0 || !Number.isFinite(value)) continue;
        series[names.indexOf(channel.name)]?.[bucket]?.values.push(value);
      }
    }
  }
  return series;
}

/** Largest magnitudes of which so many can be added. */
const SUMMABLE_MAX = 1e300;

function expectSame({ channels }: SeriesBuckets, naive: ReturnType<typeof naiveSeries>): void {
  for (const [place, channel] of channels.entries()) {
    for (const [bucket, { values }] of naive[place]!.entries()) {
      expect(channel.count[bucket]).toBe(values.length);
      if (values.length === 0) continue;
      const [min, max] = [Math.min(...values), Math.max(...values)];
      const found = [channel.min[bucket]!, channel.max[bucket]!, channel.last[bucket]!];
      expect(found.map((value) => value + 0)).toEqual([min + 0, max + 0, values.at(-1)! + 0]);
      const largest = Math.max(Math.abs(min), Math.abs(max));
      if (largest > SUMMABLE_MAX) continue;
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(channel.mean[bucket]! - mean)).toBeLessThanOrEqual(largest * 1e-9);
    }
  }
}

async function storeOf(...lives: readonly (readonly Stretch[])[]): Promise<string> {
  const path = storePath();
  for (const [index, stretches] of lives.entries()) {
    await storeLife(path, { epoch: `${index}`.padStart(16, "a"), stretches });
  }
  await mergeAll(path);
  return path;
}

test("any readings, any range, any number of buckets", async () => {
  const steady = fc
    .tuple(fc.integer({ min: 1, max: 6_000 }), fc.constantFrom([1], [1, 2], [30, 0]))
    .map(([rows, pattern]) => steadyStretch(rows, pattern));
  const asked = fc.record({
    from: fc.double({ min: -0.1, max: 1, noNaN: true }),
    length: fc.double({ min: 1e-6, max: 1.2, noNaN: true }),
    buckets: fc.integer({ min: 1, max: 60 }),
  });
  const stretches = fc.array(fc.oneof(stretch, steady), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      stretches,
      fc.array(asked, { minLength: 1, maxLength: 4 }),
      async (life, all) => {
        const path = await storeOf(life);
        const reader = await StoreReader.open(path);
        const [device] = reader.devices();
        const names = device!.channels.map(({ name }) => name);
        const lengthUs = device!.storedUpToUs! - BEGIN_US + 1;
        for (const { from, length, buckets } of all) {
          const fromUs = Math.floor(BEGIN_US + from * lengthUs);
          const range = { fromUs, toUs: fromUs + 1 + Math.ceil(length * lengthUs), buckets };
          const series = reader.series({ device: "shed", channels: names, ...range });
          expectSame(series, naiveSeries(reader, names, range));
        }
        reader.close();
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);

describe("a steady device", () => {
  const HOUR_US = 3_600e6;
  const query = { device: "shed", channels: ["temperature"], fromUs: BEGIN_US, buckets: 10 };

  test("reads summaries where they suffice: no batch within a bucket is looked at", async () => {
    const path = await storeOf([steadyStretch(36_000)]);
    const database = await openDatabase(path);
    const reader = await StoreReader.open(path);
    const range = { ...query, toUs: BEGIN_US + 10 * HOUR_US };
    const before = reader.series(range);
    // Every batch that lies within a bucket is made unreadable.
    database.exec(`UPDATE batch SET crc32c = crc32c + 1
      WHERE first_ms / 3600000 = last_ms / 3600000 AND count > 1`);
    database.close();
    const after = reader.series({ ...range, onDamage: (text) => expect.fail(text) });
    expect(after).toEqual(before);
    reader.close();
  });

  test("a summary that is damaged is not believed", async () => {
    const path = await storeOf([steadyStretch(36_000)]);
    const reader = await StoreReader.open(path);
    const range = { ...query, toUs: BEGIN_US + 10 * HOUR_US };
    const database = await openDatabase(path);
    database.exec(
      "UPDATE summary SET totals = CAST(x'01' || substr(totals, 2) AS BLOB); UPDATE summary_blocks SET blocks = CAST(x'01' || substr(blocks, 2) AS BLOB)",
    );
    database.close();
    expectSame(reader.series(range), naiveSeries(reader, ["temperature"], range));
    reader.close();
  });

  test("a batch at a bucket's edge that is damaged is told of, or throws", async () => {
    const path = await storeOf([steadyStretch(36_000)]);
    const database = await openDatabase(path);
    database.exec("UPDATE batch SET crc32c = crc32c + 1");
    database.close();
    const reader = await StoreReader.open(path);
    const range = { ...query, toUs: BEGIN_US + 10 * HOUR_US };
    expect(() => reader.series(range)).toThrow(/is damaged/);
    const told: string[] = [];
    reader.series({ ...range, onDamage: (text) => told.push(text) });
    expect(told.length).toBeGreaterThan(8);
    reader.close();
  });

  test("gaps that follow each other are one; each counts where it begins", async () => {
    const path = await storeOf([steadyStretch(600, [10, 0])]);
    const reader = await StoreReader.open(path);
    const { gaps, dropped } = reader.series({ ...query, toUs: BEGIN_US + 600e6 });
    reader.close();
    expect(gaps).toEqual([{ firstUs: BEGIN_US + 9e6, lastUs: BEGIN_US + 599e6, readings: 420 }]);
    expect([...dropped]).toEqual(new Array(10).fill(42));
  });

  test("uncertainty is the worst of the bucket's times", async () => {
    const path = await storeOf([steadyStretch(36_000)]);
    const reader = await StoreReader.open(path);
    const { uncertaintyUs } = reader.series({ ...query, toUs: BEGIN_US + 20 * HOUR_US });
    const worst = new Array<number>(10).fill(-1);
    for (const chunk of reader.readings()) {
      const bucket = Math.floor((chunk.timesUs![chunk.firstRow]! - BEGIN_US) / (2 * HOUR_US));
      worst[bucket] = Math.max(worst[bucket]!, chunk.uncertaintyUs!);
    }
    reader.close();
    for (const [bucket, us] of worst.entries()) {
      expect(Math.abs(uncertaintyUs[bucket]! - us)).toBeLessThanOrEqual(Math.max(0, us * 0.02));
    }
  });
});
