// The device's work on XS: steps of the engine's meter, microseconds and heap for 1,000 readings (200
// samples of five channels). Steps are exact and the same on every machine, but hardly count native
// code: compare ourselves with ourselves by steps, with JSON by time.

import { decodeUtf8, encodeUtf8 } from "../shared/bytes/utf8.ts";
import { bundleForXs } from "../test/xs/bundle.ts";
import { XsEngine } from "../test/xs/xs-engine.ts";
import type { Figure } from "./main.ts";

const ROUNDS = 15;

/**
 * Tasks of bench/xs-entry.ts: batches encoded; the same with checksum and serial frame; a JSON text a
 * sample, for comparison; the whole firmware with a collector's endpoint beside it.
 */
const TASKS = ["encode", "frame", "json", "world"];

export async function measureOnXs(): Promise<Figure[]> {
  const engine = await XsEngine.start({ meteringLimit: 2 ** 31 - 1 });
  try {
    await engine.evaluate(await bundleForXs("bench/xs-entry.ts"));
    const figures: Figure[] = [];
    for (const task of TASKS) figures.push(...(await measureTask(engine, task)));
    const atRest = await engine.evaluate("gc();");
    figures.push({ name: "xs.heap.at-rest", value: atRest.currentHeapCount, unit: "slots" });
    return figures;
  } finally {
    await engine.close();
  }
}

async function measureTask(engine: XsEngine, task: string): Promise<Figure[]> {
  const request = encodeUtf8(task);
  await engine.command(request); // the first run fills caches
  await engine.evaluate("gc();");
  const times: number[] = [];
  let garbage = 0;
  let last = await engine.command(request);
  for (let round = 0; round < ROUNDS; round++) {
    const before = last.usage.currentHeapCount;
    last = await engine.command(request);
    times.push(last.usage.durationUs);
    garbage = last.usage.currentHeapCount - before;
  }
  times.sort((a, b) => a - b);
  const name = `xs.${task}.1000-readings`;
  return [
    { name: `${name}.steps`, value: last.usage.compute, unit: "steps" },
    { name: `${name}.time`, value: times[Math.floor(ROUNDS / 2)]!, unit: "us" },
    { name: `${name}.garbage`, value: garbage, unit: "slots" },
    {
      name: `${name}.result`,
      value: Number(decodeUtf8(last.reply)),
      unit: task === "world" ? "acknowledged" : "bytes",
    },
  ];
}
