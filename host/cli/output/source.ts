// The store that a command reads, and the names in it that its arguments mean.

import { type DeviceSummary, StoreReader } from "../../store/reader.ts";
import type { ReadingsQuery } from "../../store/readings.ts";
import { formatTime } from "../../store/rows.ts";
import { sqliteCode } from "../../store/sqlite.ts";
import { printable } from "../../terminal/printable.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";

/** Names that a sentence lists; more are counted. */
const NAMES_LISTED_MAX = 20;

/** Opens the store at `path` for `use`, and closes it. Rejects with an error for the user where it cannot be read. */
export async function withStore<T>(
  path: string,
  use: (reader: StoreReader) => T | Promise<T>,
): Promise<T> {
  const reader = await StoreReader.open(path);
  try {
    return await use(reader);
  } catch (error) {
    throw readError(path, error);
  } finally {
    reader.close();
  }
}

/** What SQLite throws on a file that is damaged or locked, in words; every other error as it is. */
export function readError(path: string, error: unknown): unknown {
  if (sqliteCode(error) === undefined) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const text = `${path} cannot be read: ${reason}; \`senda verify --db ${path}\` tells what is sound`;
  return new CommandFailure(text, undefined, error);
}

/** The devices of these names, in their order; all devices where none is named. Throws a CommandFailure at an unknown name. */
export function devicesNamed(reader: StoreReader, names: readonly string[]): DeviceSummary[] {
  const devices = reader.devices();
  if (names.length === 0) return devices;
  return [...new Set(names)].map((name) => {
    const device = devices.find((candidate) => candidate.name === name);
    if (device !== undefined) return device;
    const known = devices.map((candidate) => candidate.name);
    throw new CommandFailure(unknownText("the store has no device", name, known));
  });
}

/** Throws a CommandFailure unless each name is a channel of one of the devices. */
export function checkChannels(devices: readonly DeviceSummary[], names: readonly string[]): void {
  const known = new Set(devices.flatMap(({ channels }) => channels.map(({ name }) => name)));
  const claim =
    devices.length === 1
      ? `${printable(devices[0]!.name)} has no channel`
      : "none of these devices has a channel";
  for (const name of names) {
    if (known.has(name)) continue;
    throw new CommandFailure(unknownText(claim, name, [...known]));
  }
}

/** What the flags of these names ask for. Throws a CommandFailure where the range is none. */
export function rangeOf({
  from,
  to,
}: {
  readonly from?: number;
  readonly to?: number;
}): Pick<ReadingsQuery, "fromUs" | "toUs"> {
  if (from !== undefined && to !== undefined && from >= to) {
    const text = `--from ${formatTime(from)} is not before --to ${formatTime(to)}; give an earlier --from`;
    throw new CommandFailure(text, EXIT_USAGE);
  }
  return {
    ...(from === undefined ? {} : { fromUs: from }),
    ...(to === undefined ? {} : { toUs: to }),
  };
}

function unknownText(claim: string, name: string, known: readonly string[]): string {
  const quoted = known.slice(0, NAMES_LISTED_MAX).map((text) => `"${printable(text)}"`);
  const more = known.length - quoted.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  const list = quoted.length === 0 ? "there is none yet" : `there are ${quoted.join(", ")}${rest}`;
  return `${claim} "${printable(name)}"; ${list}`;
}
