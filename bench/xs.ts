// The device's work on XS: steps of the engine's meter, microseconds and garbage for 1,000 readings (200
// samples of five channels). Steps are exact and the same on every machine, but hardly count native
// code: compare ourselves with ourselves by steps, with JSON by time. Times are medians of rounds in
// which all tasks take turns, ratios medians of the rounds' ratios, so a busy machine spoils few.

import { decodeUtf8, encodeUtf8 } from "../shared/bytes/utf8.ts";
import { bundleForXs } from "../test/xs/bundle.ts";
import { XsEngine } from "../test/xs/xs-engine.ts";
import type { Figure } from "./main.ts";

const ROUNDS = 25;

/** Runs before the rounds: the encoder has learned its ways and rests (shared/batch/planner.ts). */
const RUNS_BEFORE = 60;

/** Tasks of bench/xs-entry.ts, each with the one that it is compared with. */
const TASKS: Readonly<Record<string, string | undefined>> = {
  encode: "json",
  stream: "json-stream",
  serial: "json-serial",
  json: undefined,
  "json-stream": undefined,
  "json-serial": undefined,
  cbor: "json",
  world: undefined,
};

/** Tasks of bench/xs-seal-entry.ts, in this order: what one seals the next opens. */
const SEAL_TASKS = ["seal.100", "open.100", "seal.430", "open.430", "handshake"];

/** What a task took in each round, and in the last one. */
export interface TaskCost {
  readonly timesUs: number[];
  steps: number;
  garbageSlots: number;
  result: number;
}

/** Runs tasks of an entry in turns on a new engine. */
export async function measureTasks(
  names: readonly string[],
  { rounds = ROUNDS, runsBefore = RUNS_BEFORE, entry = "bench/xs-entry.ts" } = {},
): Promise<{ costs: ReadonlyMap<string, TaskCost>; restSlots: number }> {
  const engine = await XsEngine.start({ meteringLimit: 2 ** 31 - 1 });
  try {
    await engine.evaluate(await bundleForXs(entry));
    const restSlots = (await engine.evaluate("gc();")).currentHeapCount;
    const costs = new Map(names.map((name) => [name, emptyCost()]));
    const [first] = names;
    for (let run = 0; run < runsBefore; run++) await engine.command(encodeUtf8(first!));
    for (let round = 0; round < rounds; round++) {
      for (const [name, cost] of costs) await runOnce(engine, name, cost);
    }
    return { costs, restSlots };
  } finally {
    await engine.close();
  }
}

function emptyCost(): TaskCost {
  return { timesUs: [], steps: 0, garbageSlots: 0, result: 0 };
}

async function runOnce(engine: XsEngine, name: string, cost: TaskCost): Promise<void> {
  const earlier = await engine.command(encodeUtf8("nothing"));
  const before = await engine.command(encodeUtf8("nothing"));
  const ofCommand = before.usage.currentHeapCount - earlier.usage.currentHeapCount;
  const { usage, reply } = await engine.command(encodeUtf8(name));
  cost.timesUs.push(usage.durationUs);
  cost.steps = usage.compute;
  cost.garbageSlots = usage.currentHeapCount - before.usage.currentHeapCount - ofCommand;
  cost.result = Number(decodeUtf8(reply));
}

export async function measureOnXs(): Promise<Figure[]> {
  const { costs, restSlots } = await measureTasks(Object.keys(TASKS));
  const figures = [...costs].flatMap(([name, cost]) => figuresOf(name, cost, costs));
  const rest: Figure = { name: "xs.heap.at-rest", value: restSlots, unit: "slots" };
  return [...figures, rest, ...(await measureSealOnXs())];
}

/** By ciphers in plain JavaScript: an upper bound on the same processor for native ones, which boards use. */
async function measureSealOnXs(): Promise<Figure[]> {
  const entry = "bench/xs-seal-entry.ts";
  const { costs } = await measureTasks(SEAL_TASKS, { runsBefore: 0, entry });
  return [...costs].flatMap(([task, { timesUs, steps }]) => [
    { name: `xs.plain-js.${task}.time`, value: median(timesUs), unit: "us" },
    { name: `xs.plain-js.${task}.steps`, value: steps, unit: "steps" },
  ]);
}

function figuresOf(task: string, cost: TaskCost, costs: ReadonlyMap<string, TaskCost>): Figure[] {
  const name = `xs.${task}.1000-readings`;
  const peer = TASKS[task];
  const others = peer === undefined ? undefined : costs.get(peer)!.timesUs;
  const ratios = others?.map((timeUs, round) => cost.timesUs[round]! / timeUs);
  return [
    {
      name: `${name}.time`,
      value: median(cost.timesUs),
      unit: "us",
      ...(ratios === undefined ? {} : { ratio: { [peer!]: Number(median(ratios).toFixed(3)) } }),
    },
    { name: `${name}.steps`, value: cost.steps, unit: "steps" },
    { name: `${name}.garbage`, value: cost.garbageSlots, unit: "slots" },
    {
      name: `${name}.result`,
      value: cost.result,
      unit: task === "world" ? "acknowledged" : "bytes",
    },
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
