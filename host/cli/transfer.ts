// What `senda put`, `get`, `files` and `update` share: the way to the collector, and a transfer that is shown.

import { type Command, Option } from "commander";
import { ControlClient } from "../commands/control-client.ts";
import type { HandleProgress, TransferOutcome } from "../files/transfers.ts";
import { type Address, DEFAULT_HTTP_PORT, formatAddress } from "../links/address.ts";
import { printable } from "../terminal/printable.ts";
import { httpAddress } from "./device-target.ts";
import { CommandFailure } from "./failure.ts";
import { TransferLine } from "./output/transfer-line.ts";
import { EXIT_INTERRUPTED, stopSignal } from "./stop-signal.ts";

export interface TransferFlags {
  readonly http: Address;
  readonly json?: true;
}

export function addTransferOptions(command: Command): Command {
  const address = { host: "127.0.0.1", port: DEFAULT_HTTP_PORT };
  return command
    .addOption(
      new Option("--http <addr:port>", "where the collector takes commands")
        .argParser(httpAddress)
        .default(address, formatAddress(address)),
    )
    .option("--json", "one JSON object a line, for programs");
}

export interface Transfer {
  /** The command, for what it says of failures. */
  readonly command: string;
  readonly device: string;
  /** Of the file, for people. */
  readonly name: string;
  act(client: ControlClient, handleProgress: HandleProgress): Promise<TransferOutcome>;
}

/** Carries a transfer out and shows it. Ctrl-C ends the waiting, not the transfer. Throws a CommandFailure unless it is done. */
export async function runTransfer(
  { command, device, name, act }: Transfer,
  { http, json }: TransferFlags,
): Promise<TransferOutcome> {
  const line = new TransferLine(name, json === true);
  void stopSignal().then(() => {
    line.clear();
    process.stderr.write("senda: nobody waits for the file any more; it may still arrive\n");
    process.exit(EXIT_INTERRUPTED);
  });
  try {
    const outcome = await act(new ControlClient(http), line.handleProgress);
    if (outcome.status === "done") return outcome;
    const why = `${outcome.status}: ${printable(outcome.text)}`;
    throw new CommandFailure(`${command}: ${printable(name)}, ${printable(device)}: ${why}`);
  } finally {
    line.clear();
  }
}
