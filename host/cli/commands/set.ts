// `senda set`: shows and changes what a device is told, through a collector or over a cable.

import { Command } from "commander";
import { collectPages, exitCodeOf, type Outcome } from "../../commands/courier.ts";
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
import { formatTable, type TableColumn } from "../output/table.ts";
import { widthOf } from "../output/terminal.ts";

interface SetFlags extends TargetFlags {
  readonly json?: true;
}

/** As the device lists it (device/commands/settings-commands.ts). */
interface ListedSetting {
  readonly key: string;
  readonly value?: string;
  /** "set" or "not set", in place of the value. */
  readonly secret?: string;
  readonly help?: string;
  readonly changed?: boolean;
  readonly pending?: boolean;
}

const COLUMNS: readonly TableColumn[] = [
  { title: "setting" },
  { title: "value", mayShrink: true },
  { title: "state" },
  { title: "what it is", mayShrink: true },
];

export function setCommand(): Command {
  const command = new Command("set")
    .description("Shows a device's settings, or changes some: all of them or none.")
    .argument("[device]", "its name; none with --serial")
    .argument("[settings...]", "SETTING=VALUE; without any, the settings are listed");
  return addTargetOptions(command)
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
What is changed is kept in the device's non-volatile storage. Periods hold at once, all
else from its next start on: senda send DEVICE restart. Passwords and keys are never
shown. \`senda send DEVICE reset-settings\` undoes all changes.

Examples:
  $ senda set greenhouse
  $ senda set greenhouse samplePeriodMs=500
  $ senda set --serial /dev/ttyUSB0 wifi.ssid=shed wifi.password=secret host=192.168.1.10`,
    )
    .action(set);
}

async function set(
  device: string | undefined,
  given: readonly string[],
  flags: SetFlags,
): Promise<void> {
  const isCable = flags.serial !== undefined;
  const pairs = isCable && device !== undefined ? [device, ...given] : given;
  const changes = parsePairs(pairs);
  const target = await openTarget(flags, device);
  try {
    if (pairs.length === 0) await list(target, flags);
    else await change(target, changes, flags);
  } finally {
    target.close();
  }
}

async function list(target: Target, flags: SetFlags): Promise<void> {
  const pages = await collectPages(target.courier, "settings", 1_000 * flags.timeout);
  if ("failure" in pages) return fail(target, pages.failure);
  const settings = pages.items as unknown as readonly ListedSetting[];
  process.stdout.write(flags.json ? settings.map(jsonLine).join("") : tableOf(settings));
}

function tableOf(settings: readonly ListedSetting[]): string {
  const rows = settings.map(({ key, value, secret, help = "", changed, pending }) => {
    const state = pending ? "after a restart" : changed ? "changed" : "";
    return [key, value ?? `(${secret ?? "?"})`, state, help];
  });
  return `${formatTable(COLUMNS, rows, widthOf(process.stdout)).join("\n")}\n`;
}

async function change(
  target: Target,
  changes: Readonly<Record<string, string | number | boolean>>,
  flags: SetFlags,
): Promise<void> {
  const withinMs = 1_000 * flags.timeout;
  const errand = { name: "set", arguments: changes, withinMs, awayMsMax: 0 };
  const outcome = await runShown(target, errand);
  if (flags.json) {
    process.stdout.write(jsonLine({ event: "result", device: target.device, ...outcome }));
  }
  if (outcome.status !== "success") return fail(target, outcome);
  if (!flags.json) process.stdout.write(describeChange(target, outcome, flags));
}

function describeChange(target: Target, { value }: Outcome, { serial }: SetFlags): string {
  const { now = [], afterRestart = [] } = value as unknown as {
    now?: readonly string[];
    afterRestart?: readonly string[];
  };
  const where = serial?.[0] === undefined ? target.device : `--serial ${serial[0].path}`;
  const lines = [
    ...(now.length === 0 ? [] : [`In effect: ${now.join(", ")}.`]),
    ...(afterRestart.length === 0
      ? []
      : [
          `Kept, in effect after a restart (senda send ${where} restart): ${afterRestart.join(", ")}.`,
        ]),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

async function fail(target: Target, { status, text }: Outcome): Promise<never> {
  const why =
    status === "away" ? await target.whyAway() : `${printable(target.device)}: ${printable(text)}`;
  throw new CommandFailure(`set: ${why}`, exitCodeOf(status));
}
