// `senda send`: has a device do something, and ends with the command's status.

import { Command, InvalidArgumentError } from "commander";
import { collectPages, exitCodeOf, type Outcome } from "../../commands/courier.ts";
import type { JsonValue } from "../../store/value.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import {
  addTargetOptions,
  openTarget,
  parsePairs,
  runShown,
  type Target,
  type TargetFlags,
} from "../device-target.ts";
import { CommandFailure } from "../failure.ts";
import { type DescribedCommand, describeCommands } from "../output/command-help.ts";
import { describeValue } from "../output/command-value.ts";
import { widthOf } from "../output/terminal.ts";

/** How long --when-back waits unless it says. */
const AWAY_MS = 3_600_000;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AWAY_MS_MAX = 7 * UNIT_MS.d;

interface SendFlags extends TargetFlags {
  readonly whenBack?: number | true;
  readonly json?: true;
}

export function sendCommand(): Command {
  const command = new Command("send")
    .description("Has a device do something, once, and shows what it answers.")
    .argument("[device]", "its name; none with --serial")
    .argument("[command]", "what to do; without it, the device's commands are listed")
    .argument("[arguments...]", "NAME=VALUE");
  return addTargetOptions(command)
    .option(
      "--when-back [duration]",
      "have the command wait for a device that is away: 90s, 15m, 6h, 7d (default: 1h)",
      duration,
    )
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
The exit status is the command's: 0 success, 1 failed, 2 no such command, 3 bad
arguments, 4 busy, 5 no answer in time (it may or may not have run), 6 the device is
away, 7 it began anew before it answered.

Examples:
  $ senda send greenhouse                 # what can it do?
  $ senda send greenhouse statistics
  $ senda send greenhouse restart --when-back 6h
  $ senda send --serial /dev/ttyUSB0 identify`,
    )
    .action(send);
}

async function send(
  device: string | undefined,
  name: string | undefined,
  given: readonly string[],
  flags: SendFlags,
): Promise<void> {
  const isCable = flags.serial !== undefined;
  const words = [device, name, ...given].filter((word) => word !== undefined);
  const [command, ...pairs] = isCable ? words : words.slice(1);
  const target = await openTarget(flags, device);
  try {
    const outcome = await (command === undefined
      ? listCommands(target, flags)
      : run(target, command, pairs, flags));
    await finish(target, outcome, flags);
  } finally {
    target.close();
  }
}

async function run(
  target: Target,
  name: string,
  pairs: readonly string[],
  flags: SendFlags,
): Promise<Outcome> {
  const withinMs = 1_000 * flags.timeout;
  const given = parsePairs(pairs);
  const awayMsMax = flags.whenBack === true ? AWAY_MS : (flags.whenBack ?? 0);
  const outcome = await runShown(target, { name, arguments: given, withinMs, awayMsMax });
  return hasMore(outcome.value) && !("from" in given) ? allPages(target, name, withinMs) : outcome;
}

function hasMore(value: JsonValue): boolean {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const { items, next } = value as { items?: JsonValue; next?: JsonValue };
  return Array.isArray(items) && typeof next === "number";
}

async function allPages(target: Target, name: string, withinMs: number): Promise<Outcome> {
  const pages = await collectPages(target.courier, name, withinMs);
  if ("failure" in pages) return pages.failure;
  return { status: "success", value: { items: pages.items, next: null }, text: "" };
}

async function listCommands(target: Target, flags: SendFlags): Promise<Outcome> {
  const outcome = await allPages(target, "commands", 1_000 * flags.timeout);
  if (flags.json || outcome.status !== "success") return outcome;
  const { items } = outcome.value as unknown as { items: readonly DescribedCommand[] };
  process.stdout.write(describeCommands(items, target.device));
  return { ...outcome, value: "" };
}

async function finish(target: Target, outcome: Outcome, flags: SendFlags): Promise<void> {
  const { status, value, text } = outcome;
  if (flags.json) {
    process.stdout.write(jsonLine({ event: "result", device: target.device, ...outcome }));
  } else if (status === "success" && value !== "") {
    process.stdout.write(describeValue(value, widthOf(process.stdout)));
  }
  if (status === "success") return;
  const why =
    status === "away" ? await target.whyAway() : `${printable(target.device)}: ${printable(text)}`;
  throw new CommandFailure(`send: ${why}`, exitCodeOf(status));
}

function duration(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * UNIT_MS[match[2] as "s"];
  if (!(ms > 0 && ms <= AWAY_MS_MAX)) {
    throw new InvalidArgumentError("Expected how long to wait: 90s, 15m, 6h, up to 7d.");
  }
  return ms;
}
