// `npm run sim`: runs simulated worlds by hand. docs/SIMULATION.md says what they are.

import { parseArgs } from "node:util";
import { planOf } from "./plan.ts";
import { BUGS, SABOTAGE_WORLDS_MAX } from "./sabotage/bugs.ts";
import { type Hunt, hunt } from "./sabotage/hunt.ts";
import { Simulator } from "./simulator.ts";
import { describeFailure, Summary } from "./summary.ts";
import type { Verdict } from "./world.ts";

const USAGE = `npm run sim -- --seed N [--story]             replay one world
npm run sim -- --runs N [--first N] [--json]  run many, the first one's seed being 1 or N
npm run sim -- --sabotage [--bug NAME]        plant known bugs; each must be found
With --files, files go both ways beside the readings.
Exit status 1 where a world fails or a bug escapes.`;

const RUNS_DEFAULT = 1_000;

const OPTIONS = {
  seed: { type: "string" },
  story: { type: "boolean", default: false },
  files: { type: "boolean", default: false },
  runs: { type: "string" },
  first: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
  sabotage: { type: "boolean", default: false },
  bug: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: OPTIONS });
  const { seed, story, files, runs, first, json, sabotage, bug, help } = values;
  if (help) {
    console.log(USAGE);
    return true;
  }
  if (sabotage || bug !== undefined) return huntAll(wholeNumber("first", first), json, bug);
  if (seed !== undefined) return replay(wholeNumber("seed", seed), story, files, json);
  const count = runs === undefined ? RUNS_DEFAULT : wholeNumber("runs", runs);
  return runMany(wholeNumber("first", first), count, files, json);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name} ${text}: give a whole number, 0 or more`);
}

async function replay(
  seed: number,
  isTold: boolean,
  hasFiles: boolean,
  isJson: boolean,
): Promise<boolean> {
  const simulator = new Simulator(undefined, hasFiles);
  try {
    const verdict = await simulator.run({ seed, isTold });
    if (isTold) console.log(verdict.story.join("\n"));
    if (isJson) console.log(JSON.stringify(jsonOf(verdict)));
    else printVerdict(verdict);
    return verdict.violation === undefined;
  } finally {
    simulator.dispose();
  }
}

function printVerdict(verdict: Verdict): void {
  const { seed, devices, kinds } = planOf(verdict.seed);
  const paths = devices.map(({ name, paths: list }) => `${name} over ${list.join(", ")}`);
  console.log(`world ${seed}: ${paths.join("; ")}`);
  console.log(`faults in it: ${[...kinds].join(", ") || "none"}`);
  console.log(
    `${(verdict.virtualMs / 1_000).toFixed(1)} s, ${verdict.steps} steps, ${verdict.lives} lives, ${verdict.readings} readings, fingerprint ${verdict.fingerprint}`,
  );
  console.log(verdict.violation === undefined ? "all is as promised" : describeFailure(verdict));
}

function jsonOf({ seed, violation, virtualMs, steps, lives, readings, ...rest }: Verdict) {
  const { fingerprint, faults } = rest;
  const failure = violation ?? null;
  const counts = Object.fromEntries(faults);
  return { seed, failure, virtualMs, steps, lives, readings, fingerprint, faults: counts };
}

async function runMany(
  first: number,
  count: number,
  hasFiles: boolean,
  isJson: boolean,
): Promise<boolean> {
  const simulator = new Simulator(undefined, hasFiles);
  const summary = new Summary();
  try {
    for (let seed = first; seed < first + count && summary.failed === undefined; seed++) {
      summary.add(await simulator.run({ seed }));
    }
  } finally {
    simulator.dispose();
  }
  if (isJson) console.log(JSON.stringify(summary.toJson()));
  else console.log(summary.toText());
  if (summary.failed !== undefined) console.error(describeFailure(summary.failed));
  return summary.failed === undefined;
}

async function huntAll(first: number, isJson: boolean, only?: string): Promise<boolean> {
  const bugs = BUGS.filter(({ name }) => only === undefined || name.includes(only));
  if (bugs.length === 0) throw new Error(`--bug ${only}: there is no such bug`);
  let isAllFound = true;
  if (!isJson) console.log("| bug | found by | after worlds | seed |\n|---|---|---|---|");
  for (const bug of bugs) {
    const result = await hunt(bug, first, SABOTAGE_WORLDS_MAX);
    console.log(isJson ? JSON.stringify(huntJson(result)) : huntRow(result));
    isAllFound &&= result.found !== undefined;
  }
  return isAllFound;
}

function huntRow({ bug, worlds, found }: Hunt): string {
  const finder = found === undefined ? "**nobody**" : found.violation!.checker;
  return `| ${bug} | ${finder} | ${worlds} | ${found?.seed ?? ""} |`;
}

function huntJson({ bug, worlds, found }: Hunt) {
  return { bug, worlds, checker: found?.violation?.checker ?? null, seed: found?.seed ?? null };
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 2;
}
