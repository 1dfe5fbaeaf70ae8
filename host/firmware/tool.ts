// Runs one of the SDK's tools: all of its output goes to a log file, the last lines are kept for the
// message in case it fails, and whoever shows progress sees each line as it comes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { printable } from "../terminal/printable.ts";
import { FirmwareError } from "./firmware-error.ts";
import type { Environment } from "./sdk.ts";

/** Enough to hold a compiler's complaint. */
const LAST_LINES_MAX = 12;

export interface ToolRun {
  /** What is being done, for the message: "building for esp32/nodemcu". */
  readonly task: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Appended to. */
  readonly log: string;
  readonly handleLine: (line: string) => void;
}

/**
 * Resolves with the last lines where the tool ends with status 0; else rejects with a `FirmwareError`
 * that has them.
 */
export async function runTool(run: ToolRun): Promise<readonly string[]> {
  const last: string[] = [];
  const status = await spawnLogged(run, (line) => {
    last.push(line);
    if (last.length > LAST_LINES_MAX) last.shift();
    run.handleLine(line);
  });
  if (status !== 0) throw toolFailure(run, `status ${status}`, last);
  return last;
}

export function toolFailure(
  { task, command, log }: ToolRun,
  end: string,
  last: readonly string[],
): FirmwareError {
  const words = last.length === 0 ? " It said nothing." : ` Its last lines:\n\n${indented(last)}\n`;
  return new FirmwareError(
    `${task} failed: ${command} ended with ${end}.${words}\nAll that it said: ${log}`,
  );
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${printable(line)}\n`).join("");
}

/** The exit status, or the name of the signal that ended it. The log is whole when this resolves. */
async function spawnLogged(
  { command, args, env, log }: ToolRun,
  handleLine: (line: string) => void,
): Promise<number | string> {
  const out = createWriteStream(log, { flags: "a" });
  await once(out, "open");
  out.write(`$ ${[command, ...args].join(" ")}\n`);
  const both = new PassThrough();
  createInterface(both).on("line", (line) => {
    out.write(`${line}\n`);
    handleLine(line);
  });
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.pipe(both, { end: false });
  child.stderr.pipe(both, { end: false });
  try {
    const [status, signal] = (await once(child, "close")) as [number | null, string | null];
    return status ?? String(signal);
  } catch (error) {
    throw new FirmwareError(`${command} cannot be started: ${(error as Error).message}`);
  } finally {
    both.end();
    await new Promise((resolve) => out.end(resolve));
  }
}
