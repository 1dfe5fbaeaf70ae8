// `senda devices`: the devices of a store, one line each.

import { Command } from "commander";
import { utcMicros } from "../../clock.ts";
import type { DeviceSummary } from "../../store/reader.ts";
import { formatTime } from "../../store/rows.ts";
import { jsonLine } from "../../terminal/printable.ts";
import { relativeTime } from "../output/moment.ts";
import { countText } from "../output/quantity.ts";
import { withStore } from "../output/source.ts";
import { formatTable, type TableColumn } from "../output/table.ts";
import { paintFor, widthOf } from "../output/terminal.ts";

interface DevicesFlags {
  readonly db: string;
  readonly json?: true;
}

/** The important ones first: a narrow terminal leaves the last ones out. */
const COLUMNS: readonly TableColumn[] = [
  { title: "device", mayShrink: true },
  { title: "firmware", mayShrink: true },
  { title: "readings", align: "right" },
  { title: "dropped", align: "right" },
  { title: "stored up to" },
  { title: "last seen" },
  { title: "channels", align: "right" },
  { title: "epochs", align: "right" },
  { title: "first seen" },
];

export function devicesCommand(): Command {
  return new Command("devices")
    .description("Lists the devices of a store.")
    .option("--db <file>", "the store", "senda.db")
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
"dropped" counts the readings that a device had to drop; "stored up to" is the
number of the last record stored of its present life, and the age of the newest
reading in the store.

Example:
  $ senda devices --db greenhouse.db`,
    )
    .action(devices);
}

async function devices(flags: DevicesFlags): Promise<void> {
  await withStore(flags.db, (reader) => {
    const found = reader.devices();
    const text = flags.json ? found.map(jsonOf).join("") : tableOf(found);
    process.stdout.write(text);
  });
}

function jsonOf(device: DeviceSummary): string {
  const { firstSeenUs, lastSeenUs, storedUpToUs, ...rest } = device;
  return jsonLine({
    ...rest,
    storedUpTo: storedUpToUs === null ? null : formatTime(storedUpToUs),
    firstSeen: formatTime(firstSeenUs),
    lastSeen: formatTime(lastSeenUs),
  });
}

function tableOf(found: readonly DeviceSummary[]): string {
  if (found.length === 0) return "No device has sent anything to this store yet.\n";
  const nowUs = utcMicros();
  const rows = found.map((device) => rowOf(device, nowUs));
  const [title, ...lines] = formatTable(COLUMNS, rows, widthOf(process.stdout));
  const paint = paintFor(process.stdout);
  return `${[paint("dim", title!), ...lines].join("\n")}\n`;
}

function rowOf(device: DeviceSummary, nowUs: number): string[] {
  return [
    device.name,
    device.firmware,
    countText(device.readings),
    countText(device.gapReadings),
    storedUpTo(device, nowUs),
    relativeTime(device.lastSeenUs, nowUs),
    countText(device.channels.length),
    countText(device.epochs),
    relativeTime(device.firstSeenUs, nowUs),
  ];
}

/** "#120, 3 s ago" */
function storedUpTo({ next, storedUpToUs, readings }: DeviceSummary, nowUs: number): string {
  const parts = next === null || next === 0 ? [] : [`#${next - 1}`];
  if (storedUpToUs !== null) parts.push(relativeTime(storedUpToUs, nowUs));
  else if (readings > 0) parts.push("no UTC yet");
  return parts.length === 0 ? "-" : parts.join(", ");
}
