// Reading back: a day of one channel out of three days of five, everything, and what a stored
// reading takes on the disk.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RandomSensor } from "../../device/sensors/random.ts";
import { openForWriting } from "../../host/store/open.ts";
import { PacketWriter } from "../../host/store/packet.ts";
import { StoreReader } from "../../host/store/reader.ts";
import type { ReadingsQuery } from "../../host/store/readings.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { encodeSchema } from "../../shared/channel.ts";
import { type Bench, type BenchOptions, type Figure, median } from "../figure.ts";

const DAY_S = 86_400;
const DAYS = 3;
const BEGIN_US = 1_760_000_000_000_000;
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
    const readings = await fillStore(path, samples, rows);
    const bytes = statSync(path).size / readings;
    const reader = await StoreReader.open(path);
    const day = { fromUs: BEGIN_US + DAY_S * 1e6, toUs: BEGIN_US + 2 * DAY_S * 1e6 };
    const query = { device: "bench", channels: ["temperature"], ...(isQuick ? {} : day) };
    const dayMs = times(isQuick ? 1 : ROUNDS, () => read(reader, query));
    const scanMs = times(isQuick ? 1 : SCAN_ROUNDS, () => read(reader, {}));
    reader.close();
    return [
      { name: `query.day.${rows}`, value: dayMs, unit: "ms" },
      { name: `query.scan.${rows}`, value: (readings * 1_000) / scanMs, unit: "readings/s" },
      { name: `stored.${rows}`, value: bytes, unit: "bytes/reading" },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The median time of so many runs. */
function times(rounds: number, run: () => number): number {
  const results = Array.from({ length: rounds }, () => {
    const startMs = performance.now();
    if (run() === 0) throw new Error("a query found nothing");
    return performance.now() - startMs;
  });
  return median(results);
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

/** A store with one device that took so many samples, one a second. Returns how many readings that makes. */
async function fillStore(path: string, samples: number, batchRows: number): Promise<number> {
  const store = await openForWriting(path);
  const packets = new PacketWriter();
  const commit = () => store.writer.commit([packets.take()], { nowMs: performance.now() });
  const sensor = new RandomSensor(1);
  const { channels } = sensor;
  packets.addOther({ kind: "resume", ask: 0, hello: HELLO, receivedUs: BEGIN_US });
  packets.addOther({ kind: "schema", epochId: 1, number: 0, body: encodeSchema(channels) });
  const sample = { deviceMs: 0, utcUs: BEGIN_US, uncertaintyUs: 1_000 };
  packets.addOther({ kind: "clock", epochId: 1, sample });
  const encoder = new BatchEncoder({ channels, schema: 0 });
  let sequence = 0;
  const close = () => {
    if (packets.isFull(1_100)) commit();
    const meta = { link: "tcp", receivedUs: BEGIN_US } as const;
    packets.addBatch(1, sequence++, encoder.take(), meta);
  };
  for (let second = 0; second < samples; second++) {
    const values = sensor.read();
    if (encoder.rows === batchRows) close();
    if (encoder.append(second * 1_000, values) === "appended") continue;
    close();
    encoder.append(second * 1_000, values);
  }
  close();
  commit();
  store.close();
  return Math.ceil(samples) * channels.length;
}

const HELLO = {
  kind: "hello",
  version: 1,
  nonce: 1,
  device: "bench",
  epoch: "0123456789abcdef",
  firmware: "bench",
  reset: "power",
  uptimeMs: 0,
  first: 0,
  next: 0,
  schemas: [],
  receiveBytesMax: 0,
} as const;
