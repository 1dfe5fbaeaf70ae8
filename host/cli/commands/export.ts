// `senda export`: readings of any number of devices as CSV or NDJSON, in constant memory.

import { Command, Option } from "commander";
import type { DeviceSummary, StoreReader } from "../../store/reader.ts";
import type { ReadingsQuery } from "../../store/readings.ts";
import { pointInTime } from "../arguments.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { type ExportTarget, openTarget } from "../output/export-target.ts";
import { bytesText, counted, countText } from "../output/quantity.ts";
import {
  CsvLong,
  CsvWide,
  NdjsonLong,
  NdjsonWide,
  type ReadingFormat,
} from "../output/reading-format.ts";
import { checkChannels, devicesNamed, rangeOf, withStore } from "../output/source.ts";
import { TransientLine } from "../output/transient-line.ts";
import { EXIT_INTERRUPTED, stopSignal } from "../stop-signal.ts";

interface ExportFlags {
  readonly db: string;
  readonly device?: readonly string[];
  readonly channel?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly format: "csv" | "ndjson";
  readonly wide?: true;
  readonly output?: string;
  readonly force?: true;
}

export function exportCommand(): Command {
  return new Command("export")
    .description("Writes readings as CSV or NDJSON, to standard output or a file.")
    .option("--db <file>", "the store", "senda.db")
    .option("--device <name...>", "only these devices")
    .option("--channel <name...>", "only these channels")
    .option("--from <time>", "ISO 8601, or how long ago: 90s, 15m, 6h, 7d", pointInTime)
    .option("--to <time>", "up to, and without, this time", pointInTime)
    .addOption(
      new Option("--format <format>", "of the lines").choices(["csv", "ndjson"]).default("csv"),
    )
    .option("--wide", "one line for each sample of one device, rather than for each reading")
    .option("--output <file>", "write to this file, which must not be there yet")
    .option("--force", "replace the file where it is there")
    .addHelpText(
      "after",
      `
Each life of a device comes in order of time. Times are UTC; where a reading's
time is not known in UTC, CSV has the device's uptime as a duration (PT12.345S),
NDJSON a null "time" and "uptimeMs"; with --from or --to such readings are left
out.

Examples:
  $ senda export --device kitchen --from 7d --output kitchen.csv
  $ senda export --device kitchen --wide | head
  $ senda export --format ndjson | gzip > all.ndjson.gz`,
    )
    .action(exportReadings);
}

async function exportReadings(flags: ExportFlags): Promise<void> {
  if (flags.force && flags.output === undefined) {
    throw new CommandFailure("export: --force belongs to --output FILE; give both", EXIT_USAGE);
  }
  await withStore(flags.db, async (reader) => {
    const devices = devicesNamed(reader, flags.device ?? []);
    checkChannels(devices, flags.channel ?? []);
    const format = formatOf(flags, devices);
    const queries = queriesOf(flags, devices);
    const isStopped = watchForStop(); // before there is a file to take away
    const target = await openTarget(flags.output, flags.force ?? false);
    try {
      await write(reader, queries, {
        format,
        target,
        total: totalOf(devices),
        isStopped,
      });
      await target.finish();
    } catch (error) {
      await target.abandon();
      throw target.describe(error, counted(format.readings, "reading"));
    }
    report(format, flags.output === undefined ? undefined : target);
  });
}

function formatOf(flags: ExportFlags, devices: readonly DeviceSummary[]): ReadingFormat {
  if (!flags.wide) return flags.format === "csv" ? new CsvLong() : new NdjsonLong();
  const [device] = devices;
  if (device === undefined || devices.length > 1) {
    const text = `export: --wide takes one device, and these are ${devices.length}; name one with --device`;
    throw new CommandFailure(text, EXIT_USAGE);
  }
  if (flags.format === "ndjson") return new NdjsonWide();
  const names = flags.channel ?? device.channels.map(({ name }) => name);
  return new CsvWide([...new Set(names)]);
}

function queriesOf(flags: ExportFlags, devices: readonly DeviceSummary[]): ReadingsQuery[] {
  const asked: ReadingsQuery = {
    ...(flags.channel === undefined ? {} : { channels: flags.channel }),
    ...rangeOf(flags),
  };
  if (flags.device === undefined) return [asked];
  return devices.map(({ name }) => ({ ...asked, device: name }));
}

function totalOf(devices: readonly DeviceSummary[]): number {
  return devices.reduce((total, { readings }) => total + readings, 0);
}

interface Writing {
  readonly format: ReadingFormat;
  readonly target: ExportTarget;
  /** Readings that the devices have in the store, whether asked for or not. */
  readonly total: number;
  readonly isStopped: () => boolean;
}

async function write(
  reader: StoreReader,
  queries: readonly ReadingsQuery[],
  { format, target, total, isStopped }: Writing,
): Promise<void> {
  const { sink } = target;
  const progress = new TransientLine(process.stderr);
  try {
    sink.add(format.head);
    for (const query of queries) {
      for (const chunk of reader.readings(query)) {
        for (const lines of format.linesOf(chunk)) {
          if (!sink.add(lines)) continue;
          await sink.flush();
          if (isStopped()) throw new CommandFailure("interrupted", EXIT_INTERRUPTED);
        }
        if (target.isFile) progress.show(() => progressText(format, target, total));
      }
    }
    await sink.flush();
  } finally {
    progress.clear();
  }
}

function watchForStop(): () => boolean {
  let isStopped = false;
  void stopSignal().then(() => {
    isStopped = true;
  });
  return () => isStopped;
}

function progressText({ readings }: ReadingFormat, { sink }: ExportTarget, total: number): string {
  return `${countText(readings)} of at most ${counted(total, "reading")}, ${bytesText(sink.bytes)}`;
}

/** Remarks for people: standard output is for the readings. */
function report({ readings, timeless }: ReadingFormat, file: ExportTarget | undefined): void {
  const lines: string[] = [];
  if (file !== undefined) {
    lines.push(`${counted(readings, "reading")}, ${bytesText(file.sink.bytes)}, in ${file.name}`);
  }
  if (timeless > 0) {
    lines.push(
      `${counted(timeless, "reading")} without a time in UTC: the device's uptime stands in its place`,
    );
  }
  for (const line of lines) process.stderr.write(`${line}\n`);
}
