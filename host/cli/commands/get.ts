// `senda get`: brings a file of a device here.

import { createHash } from "node:crypto";
import { createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import { fileNameFault } from "../../../shared/blob/name.ts";
import { ControlClient } from "../../commands/control-client.ts";
import type { TransferOutcome } from "../../files/transfers.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { bytesText } from "../output/quantity.ts";
import { addTransferOptions, runTransfer, type TransferFlags } from "../transfer.ts";

interface GetFlags extends TransferFlags {
  readonly output?: string;
}

export function getCommand(): Command {
  const command = new Command("get")
    .description("Brings a file of a device here; the collector keeps it too.")
    .argument("<device>", "its name")
    .argument("<name>", "of the file; `senda files DEVICE` lists them")
    .option("--output <file>", "where it goes, whatever is there (default: its name)");
  return addTransferOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  $ senda get greenhouse log.txt\n  $ senda get greenhouse log.txt --output today.txt",
    )
    .action(get);
}

async function get(device: string, name: string, flags: GetFlags): Promise<void> {
  const fault = fileNameFault(name);
  if (fault !== undefined)
    throw new CommandFailure(`get: "${printable(name)}": ${fault}`, EXIT_USAGE);
  const path = flags.output ?? name;
  if (flags.output === undefined && existsSync(path)) {
    throw new CommandFailure(`get: ${path} is here already; say where it goes with --output FILE`);
  }
  const outcome = await runTransfer(
    {
      command: "get",
      device,
      name,
      act: (client, handleProgress) => client.fetchFile(device, name, handleProgress),
    },
    flags,
  );
  await download(new ControlClient(flags.http), { device, path, outcome });
  const { sizeBytes, sha256, name: kept } = outcome;
  const text = `${path}: ${bytesText(sizeBytes)}, SHA-256 ${sha256}\n`;
  const result = { event: "result", status: "done", device, name, kept, path };
  process.stdout.write(flags.json ? jsonLine({ ...result, bytes: sizeBytes, sha256 }) : text);
}

/** The file appears whole, or not at all. */
async function download(
  client: ControlClient,
  { device, path, outcome }: { device: string; path: string; outcome: TransferOutcome },
): Promise<void> {
  const partial = `${path}.part`;
  const hash = createHash("sha256");
  const measured = async function* (pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
  };
  const body = await client.keptFile(device, outcome.name);
  try {
    await pipeline(body, measured, createWriteStream(partial));
    if (hash.digest("hex") !== outcome.sha256) throw new Error("it came with another SHA-256");
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new CommandFailure(`get: ${path} cannot be written: ${(error as Error).message}`);
  }
}
