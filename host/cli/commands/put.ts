// `senda put`: sends a file to a device.

import { statSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import { fileNameFault } from "../../../shared/blob/name.ts";
import { BLOB_BYTES_MAX } from "../../../shared/limits.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { bytesText, counted, countText } from "../output/quantity.ts";
import { addTransferOptions, runTransfer, type TransferFlags } from "../transfer.ts";

interface PutFlags extends TransferFlags {
  readonly as?: string;
}

export function putCommand(): Command {
  const command = new Command("put")
    .description("Sends a file to a device, whole and checked, over whichever link is open.")
    .argument("<device>", "its name")
    .argument("<file>", "of this computer")
    .option("--as <name>", "its name there (default: as here)");
  return addTransferOptions(command)
    .addHelpText(
      "after",
      `
What was interrupted goes on where it was when the same command is given again.

Examples:
  $ senda put greenhouse plan.txt
  $ senda put greenhouse pictures/logo.png --as splash.png`,
    )
    .action(put);
}

async function put(device: string, path: string, flags: PutFlags): Promise<void> {
  const name = flags.as ?? basename(path);
  const fault = fileNameFault(name);
  if (fault !== undefined) {
    throw new CommandFailure(`put: "${printable(name)}": ${fault}; give --as NAME`, EXIT_USAGE);
  }
  checkSendable("put", path);
  const {
    name: kept,
    sizeBytes,
    sha256,
  } = await runTransfer(
    {
      command: "put",
      device,
      name,
      act: (client, handleProgress) =>
        client.putFile(device, { purpose: "file", name, path }, handleProgress),
    },
    flags,
  );
  const text = `${printable(device)} keeps ${printable(kept)}: ${bytesText(sizeBytes)}, SHA-256 ${sha256}\n`;
  const result = { event: "result", status: "done", device, name: kept, bytes: sizeBytes, sha256 };
  process.stdout.write(flags.json ? jsonLine(result) : text);
}

/** Throws a CommandFailure where the file is not there, or too large to be sent. */
export function checkSendable(command: string, path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile()) throw new CommandFailure(`${command}: there is no file ${path}`);
  if (status.size <= BLOB_BYTES_MAX) return;
  throw new CommandFailure(
    `${command}: ${path} has ${counted(status.size, "byte")}; at most ${countText(BLOB_BYTES_MAX)} can be sent`,
  );
}
