// `npm run bench`: every figure that matters, on the device's engine and on the host. Prints a table,
// or with --json one line a figure: {"name","value","unit","ratio"}. `--only ingest,peer` runs what gives
// figures of such names, `--quick` everything with tiny counts, `--minutes 10` the long look at memory,
// `--days 365` series of a year.

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { XS_INSTALL_COMMAND, xsWorkerPath } from "../test/xs/xs-engine.ts";
import { measureBundle } from "./bundle.ts";
import type { Bench, BenchOptions, Figure } from "./figure.ts";
import { measureAck } from "./host/ack.ts";
import { measureIdle } from "./host/idle.ts";
import { measureIngest } from "./host/ingest.ts";
import { measureLimits } from "./host/limits.ts";
import { measureMemory } from "./host/memory.ts";
import { measureQuery } from "./host/query.ts";
import { measureSeal } from "./host/seal.ts";
import { measureSeries } from "./host/series.ts";
import { measureOnXs } from "./xs.ts";

export type { Figure } from "./figure.ts";

/** Each with the first words of the figures that it gives. */
const BENCHES: readonly { readonly words: readonly string[]; readonly bench: Bench }[] = [
  { words: ["firmware"], bench: measureBundle },
  { words: ["xs"], bench: measureXs },
  { words: ["ingest", "peer"], bench: measureIngest },
  { words: ["seal"], bench: measureSeal },
  { words: ["ack"], bench: measureAck },
  { words: ["idle"], bench: measureIdle },
  { words: ["memory"], bench: measureMemory },
  { words: ["query", "stored"], bench: measureQuery },
  { words: ["series", "stored.live"], bench: measureSeries },
  { words: ["limit"], bench: measureLimits },
];

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      minutes: { type: "string", default: "0.33" },
      days: { type: "string", default: "30" },
    },
  });
  const prefixes = flags.only.split(",");
  const isWanted = (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
  const options: BenchOptions = {
    isQuick: flags.quick,
    minutes: Number(flags.minutes),
    days: Number(flags.days),
    wants: (name) => isWanted(name) || prefixes.some((prefix) => prefix.startsWith(`${name}.`)),
    leaveOut: (what) => console.error(`left out: ${what}`),
  };
  console.error(machineText());
  for (const { words, bench } of BENCHES) {
    if (!words.some(options.wants)) continue;
    for (const figure of await bench(options)) {
      if (!isWanted(figure.name)) continue;
      console.log(flags.json ? JSON.stringify(figure) : rowOf(figure));
    }
  }
  console.error(machineText());
}

/** Figures say little without it: others may be using the machine too. */
function machineText(): string {
  const [minute = 0] = loadavg();
  const model = cpus()[0]?.model ?? "unknown processor";
  return `${cpus().length} x ${model}, Node ${process.versions.node}, load average ${minute.toFixed(1)}`;
}

async function measureXs({ leaveOut }: BenchOptions): Promise<Figure[]> {
  if (xsWorkerPath() !== undefined) return measureOnXs();
  leaveOut(`xs: the engine is not installed (${XS_INSTALL_COMMAND})`);
  return [];
}

function rowOf({ name, value, unit, ratio = {} }: Figure): string {
  const digits = value < 100 ? 2 : 0;
  const text = value.toLocaleString("en", { maximumFractionDigits: digits });
  const ratios = Object.entries(ratio).map(
    ([peer, times]) => `${times.toFixed(times < 10 ? 2 : 0)} x ${peer}`,
  );
  return `${name.padEnd(36)} ${text.padStart(12)}  ${unit.padEnd(12)} ${ratios.join(", ")}`.trimEnd();
}

await main();
