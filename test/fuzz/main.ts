// `npm run fuzz`: looks for inputs that break a promise. docs/FUZZING.md.

import { parseArgs } from "node:util";
import { type LoadedTarget, loadTarget } from "./bundle.ts";
import { addRegression, lineOf, readInputs, targetNames, writeCorpus } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";

const USAGE = `npm run fuzz -- --minutes N       all targets, for so long in all
npm run fuzz -- --inputs N        so many inputs each: the same for the same seed
  --target NAME                   one target; without more, --list names them
  --seed N                        other inputs (1)
  --keep                          write the corpus anew, with what was reached
  --files                         say how much of each file was reached
Findings are added to test/fuzz/regressions. Exit status 1 where there are any.`;

const OPTIONS = {
  minutes: { type: "string" },
  inputs: { type: "string" },
  target: { type: "string" },
  seed: { type: "string", default: "1" },
  keep: { type: "boolean", default: false },
  files: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const MINUTES_DEFAULT = 1;

/** Between two looks at the clock. */
const INPUTS_PER_LOOK = 200;

interface Plan {
  readonly seed: number;
  /** For each target; one of the two is infinite. */
  readonly inputsMax: number;
  readonly ms: number;
  readonly isKept: boolean;
  readonly tellsFiles: boolean;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: OPTIONS });
  const names = targetNames();
  if (values.help || values.list) {
    console.log(values.help ? USAGE : names.join("\n"));
    return true;
  }
  const { target, minutes, inputs } = values;
  if (target !== undefined && !names.includes(target)) {
    throw new Error(`--target ${target}: there is none; there are ${names.join(", ")}`);
  }
  const chosen = target === undefined ? names : [target];
  const allMinutes = inputs === undefined ? positive("minutes", minutes, MINUTES_DEFAULT) : 0;
  const plan: Plan = {
    seed: positive("seed", values.seed, 1),
    inputsMax: positive("inputs", inputs, Number.POSITIVE_INFINITY),
    ms: inputs === undefined ? (allMinutes * 60_000) / chosen.length : Number.POSITIVE_INFINITY,
    isKept: values.keep,
    tellsFiles: values.files,
  };
  let isClean = true;
  for (const name of chosen) isClean = (await fuzz(name, plan)) && isClean;
  return isClean;
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0) return value;
  throw new Error(`--${name} ${text}: give a number above 0`);
}

/** True where nothing was found. */
async function fuzz(name: string, plan: Plan): Promise<boolean> {
  const loaded = await loadTarget(name);
  const fuzzer = new Fuzzer(loaded, plan.seed);
  const startedMs = performance.now();
  fuzzer.begin([...readInputs("corpus", name), ...readInputs("regressions", name)]);
  while (!fuzzer.isDone && fuzzer.inputs < plan.inputsMax) {
    if (performance.now() - startedMs >= plan.ms) break;
    fuzzer.run(Math.min(INPUTS_PER_LOOK, plan.inputsMax - fuzzer.inputs));
  }
  console.log(summary(name, loaded, fuzzer, performance.now() - startedMs));
  if (plan.tellsFiles) console.log(filesText(loaded));
  for (const { input, error } of fuzzer.findings) {
    console.log(`\nfound in ${name}, input ${lineOf(input)}\n${error.stack}`);
    addRegression(name, input, error.message);
  }
  if (plan.isKept) writeCorpus(name, fuzzer.distilled());
  return fuzzer.findings.length === 0;
}

function summary(name: string, loaded: LoadedTarget, fuzzer: Fuzzer, ms: number): string {
  const { coverage } = loaded;
  const perSecond = Math.round((1_000 * fuzzer.inputs) / ms).toLocaleString("en");
  return (
    `${name}: ${fuzzer.inputs.toLocaleString("en")} inputs, ${perSecond} a second, ` +
    `${coverage.passed} of ${coverage.counters} branches, ${fuzzer.corpus.length} kept, ` +
    `${Math.ceil(fuzzer.stepsPerByteMax)} steps a byte at most, ${fuzzer.findings.length} found`
  );
}

function filesText({ coverage }: LoadedTarget): string {
  return coverage.files
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => `  ${file.path}: ${coverage.passedOf(file)} of ${file.counters}`)
    .join("\n");
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 2;
}
