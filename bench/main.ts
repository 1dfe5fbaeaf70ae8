// `npm run bench`: the figures that matter on a device, measured on the real XS engine. Prints a table,
// or with --json one line a figure: {"name","value","unit"}.

import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { XS_INSTALL_COMMAND, xsWorkerPath } from "../test/xs/xs-engine.ts";
import { measureOnXs } from "./xs.ts";

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** By what it is compared with: this figure divided by that one, in the same run. */
  readonly ratio?: Readonly<Record<string, number>>;
}

const BUNDLE = fileURLToPath(new URL("../build/main.js", import.meta.url));

async function measureBundle(): Promise<Figure[]> {
  const { size } = await stat(BUNDLE);
  const compressed = gzipSync(await readFile(BUNDLE)).length;
  return [
    { name: "firmware.bundle", value: size, unit: "bytes" },
    { name: "firmware.bundle.gzip", value: compressed, unit: "bytes" },
  ];
}

async function main(): Promise<void> {
  const isJson = process.argv.includes("--json");
  const figures = await measureBundle();
  if (xsWorkerPath() !== undefined) figures.push(...(await measureOnXs()));
  else console.error(`XS figures left out: the engine is not installed (${XS_INSTALL_COMMAND})`);
  for (const figure of figures) console.log(isJson ? JSON.stringify(figure) : rowOf(figure));
}

function rowOf({ name, value, unit, ratio = {} }: Figure): string {
  const digits = value < 100 ? 2 : 0;
  const text = value.toLocaleString("en", { maximumFractionDigits: digits });
  const ratios = Object.entries(ratio).map(([peer, times]) => `, ${times.toFixed(2)} x ${peer}`);
  return `${name.padEnd(36)} ${text.padStart(12)}  ${unit}${ratios.join("")}`;
}

await main();
