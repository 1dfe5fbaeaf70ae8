// Inputs that are kept in the repository, a line of hexadecimal digits each; lines that begin with "#"
// say what the input behind them is. `corpus` has those that reach all that was ever reached,
// `regressions` those that once found a bug.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

type Shelf = "corpus" | "regressions";

/** The names of all targets. */
export function targetNames(): string[] {
  return readdirSync(new URL("targets/", import.meta.url))
    .map((file) => file.replace(/\.ts$/, ""))
    .sort();
}

/** The target's inputs; none where it has no file. */
export function readInputs(shelf: Shelf, target: string): Uint8Array[] {
  return readText(shelf, target)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => Uint8Array.from(Buffer.from(line === "-" ? "" : line, "hex")));
}

export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  writeFileSync(fileOf("corpus", target), inputs.map((input) => `${lineOf(input)}\n`).join(""));
}

/** Adds an input with a word on what it did, unless it is there. */
export function addRegression(target: string, input: Uint8Array, what: string): void {
  const text = readText("regressions", target);
  const line = lineOf(input);
  if (text.split("\n").includes(line)) return;
  const remark = what.replace(/\s+/g, " ").slice(0, 200);
  writeFileSync(fileOf("regressions", target), `${text}# ${remark}\n${line}\n`);
}

/** "-" stands for no bytes. */
export function lineOf(input: Uint8Array): string {
  return input.length === 0 ? "-" : Buffer.from(input).toString("hex");
}

function fileOf(shelf: Shelf, target: string): URL {
  return new URL(`${shelf}/${target}.txt`, import.meta.url);
}

function readText(shelf: Shelf, target: string): string {
  try {
    return readFileSync(fileOf(shelf, target), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
