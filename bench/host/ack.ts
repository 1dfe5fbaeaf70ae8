// How long a device waits for its acknowledgement, which says that the batch is on disk: at 1,000
// frames a second, the same while their batches are merged, and at half of what the collector can take. Devices send on time whether they have
// heard back or not.

import { type Bench, type BenchOptions, type Figure, median } from "../figure.ts";
import { CollectorProcess } from "./collector-process.ts";
import { measureLoad } from "./load/measure.ts";
import type { LoadOptions } from "./load/run.ts";

const ROUNDS = 3;
const CONNECTIONS = 10;

/** Values in a frame: one sample at 1,000 frames a second, what devices send in bulk at half load. */
const READINGS_STEADY = 5;
const READINGS_BULK = 200;
const FRAMES_STEADY = 1_000;

export const measureAck: Bench = async (options) => {
  const steady = { readings: READINGS_STEADY, batchesPerSecond: FRAMES_STEADY };
  const figures = await figuresOf("ack.1000", options, async () => steady);
  const merging = await figuresOf("ack.merging", options, async () => steady, true);
  const atHalf = await figuresOf("ack.half-load", options, async () => {
    const most = await run({ readings: READINGS_BULK }, options);
    return { readings: READINGS_BULK, batchesPerSecond: most.batchesPerSecond / 2 };
  });
  return [...figures, ...merging, ...atHalf];
};

type Load = Pick<LoadOptions, "readings" | "batchesPerSecond">;

async function figuresOf(
  name: string,
  options: BenchOptions,
  nextLoad: () => Promise<Load>,
  mergesAtOnce = false,
): Promise<Figure[]> {
  if (!options.wants(name)) return [];
  const results = [];
  for (let round = 0; round < (options.isQuick ? 1 : ROUNDS); round++) {
    results.push(await run(await nextLoad(), options, mergesAtOnce));
  }
  const unit = "ms";
  return [
    { name: `${name}.p50`, value: median(results.map(({ latencyMs }) => latencyMs.p50)), unit },
    { name: `${name}.p99`, value: median(results.map(({ latencyMs }) => latencyMs.p99)), unit },
    {
      name: `${name}.batches`,
      value: median(results.map(({ batchesPerSecond }) => batchesPerSecond)),
      unit: "batches/s",
    },
    ...(mergesAtOnce
      ? [
          {
            name: `${name}.merged`,
            value: median(results.map(({ merged }) => merged)),
            unit: "records",
          },
        ]
      : []),
  ];
}

async function run(load: Load, { isQuick }: BenchOptions, mergesAtOnce = false) {
  const collector = await CollectorProcess.start({ mergesAtOnce });
  const target = { kind: "tcp", host: "127.0.0.1", port: collector.port } as const;
  const times = isQuick ? { warmUpMs: 100, measureMs: 200 } : { warmUpMs: 1_500, measureMs: 4_000 };
  return measureLoad(collector, { target, connections: CONNECTIONS, ...load, ...times });
}
