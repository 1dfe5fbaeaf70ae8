// `senda update`: brings another firmware to a device, and says what became of it.

import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import type { UpdateManifest } from "../../../device/update/manifest.ts";
import { decodeUpdateHead, UPDATE_HEAD_BYTES_MAX } from "../../../device/update/package.ts";
import { fileNameFault } from "../../../shared/blob/name.ts";
import { RESTART_COMMAND } from "../../../shared/command/body.ts";
import { ControlClient } from "../../commands/control-client.ts";
import type { Courier } from "../../commands/courier.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { wholeNumber } from "../arguments.ts";
import { CommandFailure } from "../failure.ts";
import { addTransferOptions, runTransfer, type TransferFlags } from "../transfer.ts";
import { checkSendable } from "./put.ts";

const WITHIN_MS = 10_000;

/** A board asks for so long before it goes back to the former firmware (device/update/trial.ts), and comes back then. */
const BACK_SECONDS = 900;
const BACK_SECONDS_MAX = 86_400;

/** Between two looks at a device that has not restarted yet. */
const LOOK_PERIOD_MS = 250;

interface UpdateFlags extends TransferFlags {
  readonly timeout: number;
}

/** Who a device is, as its command "identify" says. */
interface Identity {
  readonly firmware: string;
  readonly life: number;
}

export function updateCommand(): Command {
  const command = new Command("update")
    .description("Sends a signed update of the firmware, restarts the device and waits for it.")
    .argument("<device>", "its name")
    .argument("<update>", "the file that `senda firmware sign` made")
    .option(
      "--timeout <seconds>",
      "how long to wait for the device after its restart",
      wholeNumber(1, BACK_SECONDS_MAX),
      BACK_SECONDS,
    );
  return addTransferOptions(command)
    .addHelpText(
      "after",
      `
The new firmware is kept once this collector has welcomed it; a device that does not
come back with it within ten minutes, or crashes, goes back to the one it had.

Example:
  $ senda update greenhouse senda-0.2.0.update`,
    )
    .action(update);
}

async function update(device: string, path: string, flags: UpdateFlags): Promise<void> {
  checkSendable("update", path);
  const { version } = readManifest(path);
  const courier = new ControlClient(flags.http).courierTo(device);
  const before = await identify(courier, device, 0);
  const name = basename(path);
  await runTransfer(
    {
      command: "update",
      device,
      name,
      act: (client, handleProgress) =>
        client.putFile(device, { purpose: "firmware", name, path }, handleProgress),
    },
    flags,
  );
  tell(flags, "restarting", `${printable(device)} has ${printable(version)} and restarts`);
  await restart(courier, device);
  const after = await nextLife(courier, device, { before, awayMsMax: 1_000 * flags.timeout });
  finish(device, { version, after }, flags);
}

function finish(
  device: string,
  { version, after }: { readonly version: string; readonly after: Identity },
  flags: UpdateFlags,
): void {
  const isConfirmed = after.firmware === version;
  if (flags.json) {
    const status = isConfirmed ? "confirmed" : "rolled-back";
    process.stdout.write(jsonLine({ event: "result", status, device, firmware: after.firmware }));
  }
  if (!isConfirmed) {
    throw new CommandFailure(
      `update: ${printable(device)} rolled back to ${printable(after.firmware)}: ${printable(version)} was not welcomed by a collector, or crashed`,
    );
  }
  if (!flags.json) {
    process.stdout.write(`${printable(device)} runs ${printable(version)}: confirmed\n`);
  }
}

function readManifest(path: string): UpdateManifest {
  const head = Buffer.alloc(UPDATE_HEAD_BYTES_MAX);
  const file = openSync(path, "r");
  const count = readSync(file, head, 0, head.length, 0);
  closeSync(file);
  const decoded = decodeUpdateHead(head.subarray(0, count));
  const isNamed = fileNameFault(basename(path)) === undefined;
  if (decoded.kind === "head" && isNamed) return decoded.manifest;
  throw new CommandFailure(
    `update: ${path} is no signed update: make one with \`senda firmware sign IMAGE\``,
  );
}

async function identify(courier: Courier, device: string, awayMsMax: number): Promise<Identity> {
  const errand = { name: "identify", arguments: {}, withinMs: WITHIN_MS, awayMsMax };
  const { status, value, text } = await courier(errand);
  if (status === "success") return value as unknown as Identity;
  const why = status === "away" ? "is away; try again when it is back" : `${status}: ${text}`;
  throw new CommandFailure(`update: ${printable(device)}: ${printable(why)}`);
}

async function restart(courier: Courier, device: string): Promise<void> {
  const errand = { name: RESTART_COMMAND, arguments: {}, withinMs: WITHIN_MS, awayMsMax: 0 };
  const { status, text } = await courier(errand);
  if (status === "success" || status === "restarted" || status === "no-answer") return;
  throw new CommandFailure(
    `update: ${printable(device)} has the update, and does not restart: ${status}: ${printable(text)}; it starts at the next restart`,
  );
}

/** The device as it is once it has begun anew and been welcomed. */
async function nextLife(
  courier: Courier,
  device: string,
  { before, awayMsMax }: { readonly before: Identity; readonly awayMsMax: number },
): Promise<Identity> {
  const endMs = Date.now() + awayMsMax;
  for (;;) {
    const errand = { name: "identify", arguments: {}, withinMs: WITHIN_MS, awayMsMax };
    const { status, value } = await courier(errand);
    const identity = value as unknown as Identity;
    if (status === "success" && identity.life !== before.life) return identity;
    if (status === "away" || Date.now() >= endMs) {
      throw new CommandFailure(
        `update: ${printable(device)} has not come back after its restart; \`senda send ${printable(device)} identify --when-back\` says which firmware runs when it does`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_PERIOD_MS));
  }
}

function tell({ json }: UpdateFlags, event: string, text: string): void {
  if (json) process.stdout.write(jsonLine({ event }));
  else process.stderr.write(`${text}\n`);
}
