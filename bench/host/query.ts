// Reading back: a day of one channel out of three days of five, everything, and what a stored
// reading takes on the disk.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreReader } from "../../host/store/reader.ts";
import type { ReadingsQuery } from "../../host/store/readings.ts";
import { type Bench, type BenchOptions, type Figure, median } from "../figure.ts";
import { BEGIN_US, fillStore } from "./filled-store.ts";

const DAY_S = 86_400;
const DAYS = 3;
const ROUNDS = 15;
const SCAN_ROUNDS = 5;

/** Samples in a batch, as far as one has room for so many: a minute, ten minutes. */
const BATCH_ROWS = [60, 600];

export const measureQuery: Bench = async (options) => {
  const figures: Figure[] = [];
  for (const rows of BATCH_ROWS) {
    const names = [`query.day.${rows}`, `query.scan.${rows}`, `stored.${rows}`];
    if (!names.some(options.wants)) continue;
    figures.push(...(await measureRows(rows, options)));
  }
  return figures;
};

async function measureRows(rows: number, { isQuick }: BenchOptions): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "senda-bench-"));
  const path = join(folder, "readings.db");
  try {
    const samples = (isQuick ? 0.01 : 1) * DAY_S * DAYS;
    const readings = await fillStore(path, { samples, batchRows: rows, merges: false });
    const bytes = statSync(path).size / readings;
    const reader = await StoreReader.open(path);
    const range = { fromUs: BEGIN_US + DAY_S * 1e6, toUs: BEGIN_US + 2 * DAY_S * 1e6 };
    const query = { device: "bench", channels: ["temperature"], ...(isQuick ? {} : range) };
    const day = timesOf(isQuick ? 1 : ROUNDS, () => read(reader, query));
    const scan = timesOf(isQuick ? 1 : SCAN_ROUNDS, () => read(reader, {}));
    reader.close();
    return [
      { name: `query.day.${rows}`, value: day.ms, unit: "ms" },
      { name: `query.day.${rows}.cpu`, value: day.leastCpuMs, unit: "ms" },
      { name: `query.scan.${rows}`, value: (readings * 1_000) / scan.ms, unit: "readings/s" },
      { name: `stored.${rows}`, value: bytes, unit: "bytes/reading" },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The median time of so many runs, and the least processor time, which others on the machine disturb least. */
function timesOf(rounds: number, run: () => number): { ms: number; leastCpuMs: number } {
  const results = Array.from({ length: rounds }, () => {
    const startMs = performance.now();
    const start = process.cpuUsage();
    if (run() === 0) throw new Error("a query found nothing");
    const { user, system } = process.cpuUsage(start);
    return { ms: performance.now() - startMs, cpuMs: (user + system) / 1_000 };
  });
  const leastCpuMs = Math.min(...results.map(({ cpuMs }) => cpuMs));
  return { ms: median(results.map(({ ms }) => ms)), leastCpuMs };
}

/** Reads every value asked for; returns how many there were. */
function read(reader: StoreReader, query: ReadingsQuery): number {
  let count = 0;
  let sum = 0;
  for (const { columns, firstRow, endRow } of reader.readings(query)) {
    for (const { column } of columns) {
      for (let row = firstRow; row < endRow; row++) {
        if (column.present[row] === 0) continue;
        sum += column.numbers[row]!;
        count++;
      }
    }
  }
  return Number.isNaN(sum) ? 0 : count;
}
