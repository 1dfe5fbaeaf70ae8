// Which device a command line means, and the way to it: through a running collector, or over a cable.

import { type Command, InvalidArgumentError, Option } from "commander";
import { COMMAND_WITHIN_MS_MAX } from "../../shared/limits.ts";
import { utcMicros } from "../clock.ts";
import { ControlClient } from "../commands/control-client.ts";
import type { Courier, Errand, JsonArguments, Outcome } from "../commands/courier.ts";
import { readKeyFile } from "../keys/key-file.ts";
import {
  type Address,
  DEFAULT_HTTP_PORT,
  formatAddress,
  parseAddress,
  type SerialAddress,
} from "../links/address.ts";
import { CableSession } from "../provisioning/cable-session.ts";
import { printable } from "../terminal/printable.ts";
import { serialAddresses, wholeNumber } from "./arguments.ts";
import { CommandFailure, EXIT_USAGE } from "./failure.ts";
import { relativeTime } from "./output/moment.ts";
import { TransientLine } from "./output/transient-line.ts";
import { EXIT_INTERRUPTED, stopSignal } from "./stop-signal.ts";

const REDRAW_MS = 200;
const TIMEOUT_SECONDS = 10;
const TIMEOUT_SECONDS_MAX = COMMAND_WITHIN_MS_MAX / 1_000;

export interface TargetFlags {
  readonly http: Address;
  readonly serial?: readonly SerialAddress[];
  readonly keys?: string;
  readonly timeout: number;
}

/** A device that can be asked. */
export interface Target {
  readonly device: string;
  readonly courier: Courier;
  /** Why a command that ended as "away" did not reach it, and what to do. */
  whyAway(): Promise<string>;
  close(): void;
}

/** The flags that say how a device is reached. */
export function addTargetOptions(command: Command): Command {
  return command
    .addOption(controlOption("where the collector takes commands"))
    .option(
      "--serial <path[@baud]>",
      "the device at the other end of this cable, without a collector",
      serialAddresses,
    )
    .option("--keys <file>", "with --serial: the file of keys that has the device's")
    .option(
      "--timeout <seconds>",
      "how long to wait for the answer",
      wholeNumber(1, TIMEOUT_SECONDS_MAX),
      TIMEOUT_SECONDS,
    );
}

/** Opens the way to `device`, or to whatever is at the end of the cable. */
export async function openTarget(flags: TargetFlags, device: string | undefined): Promise<Target> {
  const { serial = [], http, keys } = flags;
  if (serial.length > 1) throw new CommandFailure("one --serial PATH at a time", EXIT_USAGE);
  if (serial[0] !== undefined) return overCable(serial[0], keys);
  if (device === undefined) throw new CommandFailure("name a device", EXIT_USAGE);
  const client = new ControlClient(http);
  return {
    device,
    courier: client.courierTo(device),
    whyAway: () => whyAway(client, device),
    close: () => undefined,
  };
}

/** Runs a command and shows, on a terminal, how far it is. Ctrl-C ends the waiting, not the command. */
export async function runShown(target: Target, errand: Errand): Promise<Outcome> {
  const line = new TransientLine(process.stderr);
  let stage = "waits for the device";
  const show = () => line.show(() => `${printable(target.device)}: ${errand.name}: ${stage}`);
  const timer = setInterval(show, REDRAW_MS);
  void stopSignal().then(() => {
    line.clear();
    process.stderr.write(
      "senda: nobody waits for the answer any more; the command may still run\n",
    );
    process.exit(EXIT_INTERRUPTED);
  });
  try {
    return await target.courier({
      ...errand,
      handleSent: () => {
        stage = "on its way";
      },
      handleProgress: (done, total) => {
        stage = total > 0 ? `${done} of ${total}` : `${done}`;
      },
    });
  } finally {
    clearInterval(timer);
    line.clear();
  }
}

/** `key=value` as people write them. Throws a CommandFailure at anything else. */
export function parsePairs(texts: readonly string[]): JsonArguments {
  const pairs: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1) {
      const advice = `expected NAME=VALUE, not "${printable(text)}"`;
      throw new CommandFailure(advice, EXIT_USAGE);
    }
    pairs[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return pairs;
}

/** `--http` of a command that asks a running collector. */
export function controlOption(description: string): Option {
  const address = { host: "127.0.0.1", port: DEFAULT_HTTP_PORT };
  return new Option("--http <addr:port>", description)
    .argParser(httpAddress)
    .default(address, formatAddress(address));
}

/** For an option that names the control API. */
export function httpAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined || address.port === 0) {
    throw new InvalidArgumentError("Expected ADDR:PORT such as 127.0.0.1:7380.");
  }
  return address;
}

async function overCable(address: SerialAddress, keys: string | undefined): Promise<Target> {
  const ring = keys === undefined ? undefined : readKeyFile(keys);
  const session = await CableSession.open(address, ring);
  return {
    device: session.device,
    courier: (errand) => session.run(errand),
    whyAway: async () => `${printable(session.device)} went away from ${address.path}`,
    close: () => session.close(),
  };
}

async function whyAway(client: ControlClient, device: string): Promise<string> {
  const known = (await client.devices()).find(({ name }) => name === device);
  const lastSeen = known?.lastSeen ?? null;
  const since =
    lastSeen === null
      ? ""
      : `, last seen ${relativeTime(Date.parse(lastSeen) * 1_000, utcMicros())}`;
  return `${printable(device)} is away${since}; --when-back has the command wait for it`;
}
