// One load against one collector: both as processes of their own, and what the load saw.

import type { CollectorProcess } from "../collector-process.ts";
import { cpuSeconds } from "../process.ts";
import { Task } from "../task.ts";
import type { LoadOptions, LoadResult } from "./run.ts";

export interface MeasuredLoad extends LoadResult {
  /** Processor time of the collector's threads for each batch. */
  readonly cpuUs: number;
  /** Records that the collector had merged at the end. */
  readonly merged: number;
}

/** Runs a load against a collector, which it stops afterwards. */
export async function measureLoad(
  collector: CollectorProcess,
  options: LoadOptions,
): Promise<MeasuredLoad> {
  let cpu = 0;
  const task = new Task<LoadResult>("load", options, (mark) => {
    cpu = cpuSeconds(collector.pid) - (mark === "begin" ? 0 : cpu);
  });
  try {
    const result = await task.result;
    const batches = (result.batchesPerSecond * options.measureMs) / 1_000;
    const merged = await collector.countMerged();
    return { ...result, cpuUs: (cpu * 1e6) / batches, merged };
  } finally {
    await task.stop();
    await collector.stop();
  }
}
