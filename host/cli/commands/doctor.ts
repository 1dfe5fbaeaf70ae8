// `senda doctor`: what of this computer helps or hinders, and what to do about it.

import { Command } from "commander";
import type { Check, CheckState } from "../../doctor/check.ts";
import { examine } from "../../doctor/examine.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { pad, wrap } from "../../terminal/width.ts";
import { EXIT_FAILED } from "../failure.ts";
import { counted } from "../output/quantity.ts";
import { type Paint, paintFor, widthOf } from "../output/terminal.ts";

interface DoctorFlags {
  readonly json?: true;
}

const COLOURS = { ok: "green", note: "yellow", problem: "red" } as const;
const STATE_WIDTH = "problem".length;

/** However narrow the terminal is. */
const TEXT_WIDTH_MIN = 20;

export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Checks this computer: Node, native parts, ports, serial ports, disk, clock, tools.",
    )
    .option("--json", "one JSON object, for programs")
    .addHelpText(
      "after",
      `
Exit status 1 where a problem keeps the collector from running; notes are no problems.

Example:
  $ senda doctor`,
    )
    .action(doctor);
}

async function doctor(flags: DoctorFlags): Promise<void> {
  const checks = await examine(new URL(import.meta.url));
  const problems = countOf(checks, "problem");
  if (flags.json) process.stdout.write(jsonLine({ ok: problems === 0, checks }));
  else process.stdout.write(report(checks, paintFor(process.stdout)));
  if (problems > 0) process.exitCode = EXIT_FAILED;
}

function report(checks: readonly Check[], paint: Paint): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = STATE_WIDTH + nameWidth + 4;
  const textWidth = Math.max(TEXT_WIDTH_MIN, widthOf(process.stdout) - indent);
  const lines = checks.flatMap(({ name, state, text, advice }) => {
    const mark = paint(COLOURS[state], pad(state, STATE_WIDTH, "left"));
    const parts = [text, ...(advice === undefined ? [] : [advice])];
    const body = parts.flatMap((part) => wrap(printable(part), textWidth));
    const head = `${mark}  ${pad(name, nameWidth, "left")}  `;
    return body.map((line, index) => (index === 0 ? head : " ".repeat(indent)) + line);
  });
  return `${[...lines, "", verdict(checks, paint)].join("\n")}\n`;
}

function verdict(checks: readonly Check[], paint: Paint): string {
  const problems = countOf(checks, "problem");
  const notes = countOf(checks, "note");
  const rest = notes === 0 ? "" : ` (${counted(notes, "note")})`;
  if (problems === 0) return paint("green", `The collector can run here${rest}.`);
  return paint(
    "red",
    `${counted(problems, "problem")} to solve before the collector can run${rest}.`,
  );
}

function countOf(checks: readonly Check[], state: CheckState): number {
  return checks.filter((check) => check.state === state).length;
}
