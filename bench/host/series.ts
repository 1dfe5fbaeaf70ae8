// A device at 1 Hz whose link is up, so that each batch holds one row: what a reading takes on the disk
// as it came and merged, and a long time of one channel, and of all, in as many buckets as a chart has.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreReader } from "../../host/store/reader.ts";
import { type Bench, type BenchOptions, type Figure, median } from "../figure.ts";
import { BEGIN_US, fillStore } from "./filled-store.ts";

const DAY_S = 86_400;
const MONTH_DAYS = 30;
const BUCKETS = 2_000;
const ROUNDS = 9;

/** Rows of a device that sends each second, and of one whose batches had been waiting. */
const ROW_BY_ROW = 1;
const IN_MINUTES = 60;

export const measureSeries: Bench = async (options) => {
  const figures: Figure[] = [];
  if (options.wants("stored.live")) figures.push(...(await measureStored(options)));
  if (options.wants("series")) figures.push(...(await measureLong(options)));
  return figures;
};

async function measureStored({ isQuick }: BenchOptions): Promise<Figure[]> {
  const samples = isQuick ? 1_000 : DAY_S;
  const unit = "bytes/reading";
  const bytesOf = (merges: boolean) =>
    inFolder(async (path) => {
      const readings = await fillStore(path, { samples, batchRows: ROW_BY_ROW, merges });
      return statSync(path).size / readings;
    });
  return [
    { name: "stored.live.as-it-came", value: await bytesOf(false), unit },
    { name: "stored.live.merged", value: await bytesOf(true), unit },
  ];
}

/** A month; with `--days 365` a year, which takes minutes to make. */
async function measureLong({ isQuick, days = MONTH_DAYS }: BenchOptions): Promise<Figure[]> {
  const samples = isQuick ? 2_000 : days * DAY_S;
  return inFolder(async (path) => {
    await fillStore(path, { samples, batchRows: IN_MINUTES, merges: true });
    const reader = await StoreReader.open(path);
    const range = { fromUs: BEGIN_US, toUs: BEGIN_US + samples * 1e6, buckets: BUCKETS };
    const names = reader.devices()[0]!.channels.map(({ name }) => name);
    const timeOf = (channels: readonly string[]) =>
      median(
        Array.from({ length: isQuick ? 1 : ROUNDS }, () => {
          const startMs = performance.now();
          const series = reader.series({ device: "bench", channels, ...range });
          const count = series.channels[0]!.count.reduce((sum, one) => sum + one, 0);
          if (count !== samples) throw new Error(`a series of ${count} of ${samples} readings`);
          return performance.now() - startMs;
        }),
      );
    const figures = [
      { name: `series.${days}d.one`, value: timeOf(names.slice(0, 1)), unit: "ms" },
      { name: `series.${days}d.all`, value: timeOf(names), unit: "ms" },
    ];
    reader.close();
    return figures;
  });
}

async function inFolder<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "senda-bench-"));
  try {
    return await use(join(folder, "readings.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
