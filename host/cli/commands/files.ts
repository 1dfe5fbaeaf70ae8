// `senda files`: what files a device has.

import { Command } from "commander";
import { ControlClient } from "../../commands/control-client.ts";
import { type Courier, collectPages, exitCodeOf, type Outcome } from "../../commands/courier.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { CommandFailure } from "../failure.ts";
import { bytesText } from "../output/quantity.ts";
import { formatTable } from "../output/table.ts";
import { widthOf } from "../output/terminal.ts";
import { addTransferOptions, type TransferFlags } from "../transfer.ts";

const WITHIN_MS = 10_000;

interface FilesFlags extends TransferFlags {
  readonly hash?: true;
}

interface ListedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256?: string;
}

export function filesCommand(): Command {
  const command = new Command("files")
    .description("Lists the files of a device.")
    .argument("<device>", "its name")
    .option("--hash", "have the device say the SHA-256 of each, too");
  return addTransferOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ senda files greenhouse --hash\n  $ senda send greenhouse remove-file name=old.txt",
    )
    .action(list);
}

async function list(device: string, flags: FilesFlags): Promise<void> {
  const courier = new ControlClient(flags.http).courierTo(device);
  const listed = await collectPages(courier, "files", WITHIN_MS);
  if ("failure" in listed) throw failure(device, listed.failure);
  const files = listed.items as unknown as readonly ListedFile[];
  const shown = flags.hash ? await withHashes(device, courier, files) : files;
  if (flags.json) {
    for (const file of shown) process.stdout.write(jsonLine({ device, ...file }));
    return;
  }
  if (shown.length === 0) process.stdout.write(`${printable(device)} has no files\n`);
  else process.stdout.write(describe(shown));
}

async function withHashes(
  device: string,
  courier: Courier,
  files: readonly ListedFile[],
): Promise<ListedFile[]> {
  const hashed: ListedFile[] = [];
  for (const { name } of files) {
    const errand = { name: "hash-file", arguments: { name }, withinMs: WITHIN_MS, awayMsMax: 0 };
    const outcome = await courier(errand);
    if (outcome.status !== "success") throw failure(device, outcome);
    hashed.push({ name, ...(outcome.value as unknown as Omit<ListedFile, "name">) });
  }
  return hashed;
}

function describe(files: readonly ListedFile[]): string {
  const columns = [
    { title: "FILE" },
    { title: "SIZE", align: "right" as const },
    ...(files[0]!.sha256 === undefined ? [] : [{ title: "SHA-256" }]),
  ];
  const rows = files.map(({ name, bytes, sha256 }) => [
    printable(name),
    bytesText(bytes),
    ...(sha256 === undefined ? [] : [sha256]),
  ]);
  return `${formatTable(columns, rows, widthOf(process.stdout)).join("\n")}\n`;
}

function failure(device: string, { status, text }: Outcome): CommandFailure {
  const why = status === "unknown-command" ? "it keeps no files" : `${status}: ${printable(text)}`;
  return new CommandFailure(`files: ${printable(device)}: ${why}`, exitCodeOf(status));
}
