// `senda status`: how a store is, and what its devices said last.

import { statSync } from "node:fs";
import { Command } from "commander";
import { utcMicros } from "../../clock.ts";
import { ControlClient } from "../../commands/control-client.ts";
import type { Address } from "../../links/address.ts";
import { hasWriter } from "../../store/lock.ts";
import type {
  DeviceSummary,
  EventRow,
  GapSummary,
  LatestValue,
  StoreReader,
} from "../../store/reader.ts";
import { formatTime } from "../../store/rows.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { truncate } from "../../terminal/width.ts";
import { controlOption } from "../device-target.ts";
import { gapText } from "../output/gap-line.ts";
import { limitLines } from "../output/limit-lines.ts";
import { relativeTime, uptimeText } from "../output/moment.ts";
import { bytesText, counted, countText, valueWithUnit } from "../output/quantity.ts";
import { timeJson, uncertaintyJson } from "../output/sample.ts";
import { devicesNamed, withStore } from "../output/source.ts";
import { formatTable, type TableColumn } from "../output/table.ts";
import { type Paint, paintFor, widthOf } from "../output/terminal.ts";

interface StatusFlags {
  readonly db: string;
  readonly http: Address;
  readonly json?: true;
}

type Counters = Readonly<Record<string, number>>;

interface Status {
  readonly file: string;
  /** The database and its log. */
  readonly bytes: number;
  readonly isWriting: boolean;
  /** Of the collector that writes to it, since it started; null where none answers. */
  readonly collector: Counters | null;
  /** Of the whole store. */
  readonly totals: Totals;
  readonly devices: readonly (DeviceSummary & { readonly latest: readonly LatestValue[] })[];
  readonly gaps: readonly GapSummary[];
  readonly events: readonly EventRow[];
}

interface Totals {
  readonly devices: number;
  readonly batches: number;
  readonly readings: number;
  readonly gapReadings: number;
}

const EVENTS_SHOWN = 8;
const GAPS_SHOWN = 5;

/** A collector that does not answer is not waited for longer than this. */
const ANSWER_MS_MAX = 1_000;

/** Devices that people are shown with their values; programs get all. */
const DEVICES_SHOWN_MAX = 20;

/** Leaves room for the firmware beside it. */
const NAME_WIDTH_MAX = 36;

const VALUE_COLUMNS: readonly TableColumn[] = [
  { title: "" },
  { title: "", mayShrink: true },
  { title: "", mayShrink: true },
  { title: "" },
];

export function statusCommand(): Command {
  return new Command("status")
    .description("Shows how a store is and what its devices said last.")
    .argument("[device]", "only this device")
    .option("--db <file>", "the store", "senda.db")
    .addOption(controlOption("where its collector, if one runs, is asked what it turned away"))
    .option("--json", "one JSON object, for programs")
    .addHelpText(
      "after",
      `
Examples:
  $ senda status
  $ senda status kitchen --json`,
    )
    .action(status);
}

async function status(name: string | undefined, flags: StatusFlags): Promise<void> {
  const isWriting = await hasWriter(flags.db);
  const collector = isWriting ? await countersOf(flags) : null;
  await withStore(flags.db, (reader) => {
    const found = statusOf(reader, name, { file: flags.db, isWriting, collector });
    process.stdout.write(flags.json ? jsonOf(found) : reportOf(found, paintFor(process.stdout)));
  });
}

/** Of the collector at this address, where it is the one that writes to the store. */
async function countersOf({ db, http }: StatusFlags): Promise<Counters | null> {
  const found = await new ControlClient(http).status(ANSWER_MS_MAX);
  return found !== undefined && isSameFile(found.store.file, db) ? found.counters : null;
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

function statusOf(
  reader: StoreReader,
  name: string | undefined,
  { file, isWriting, collector }: Pick<Status, "file" | "isWriting" | "collector">,
): Status {
  const only = name === undefined ? {} : { device: name };
  const chosen = devicesNamed(reader, name === undefined ? [] : [name]);
  return {
    file,
    bytes: (bytesOf(file) ?? 0) + (bytesOf(`${file}-wal`) ?? 0),
    isWriting,
    collector,
    totals: totalsOf(name === undefined ? chosen : reader.devices()),
    devices: chosen.map((device) => ({ ...device, latest: reader.latest(device.name) })),
    gaps: reader.gaps({ ...only, countMax: GAPS_SHOWN }),
    events: reader.events({ ...only, countMax: EVENTS_SHOWN }),
  };
}

function totalsOf(devices: readonly DeviceSummary[]): Totals {
  const sum = (of: (device: DeviceSummary) => number) =>
    devices.reduce((total, device) => total + of(device), 0);
  return {
    devices: devices.length,
    batches: sum(({ batches }) => batches),
    readings: sum(({ readings }) => readings),
    gapReadings: sum(({ gapReadings }) => gapReadings),
  };
}

function bytesOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function bytesPerReading({ bytes, totals }: Status): number | null {
  return totals.readings === 0 ? null : bytes / totals.readings;
}

/** A small store is mostly tables, a large one mostly readings: digits only where they tell. */
function eachText(bytes: number): string {
  return bytes < 10 ? bytes.toFixed(2) : countText(Math.round(bytes));
}

function jsonOf(found: Status): string {
  const { file, bytes, isWriting, collector, totals, devices, gaps, events } = found;
  return jsonLine({
    file,
    bytes,
    isWriting,
    collector,
    ...totals,
    bytesPerReading: bytesPerReading(found),
    perDevice: devices.map(deviceJson),
    newestGaps: gaps.map(({ firstUs, lastUs, ...gap }) => ({
      ...gap,
      from: firstUs === null ? null : formatTime(firstUs),
      to: lastUs === null ? null : formatTime(lastUs),
    })),
    newestEvents: events.map(({ atUs, ...event }) => ({ at: formatTime(atUs), ...event })),
  });
}

function deviceJson({ name, firmware, lastSeenUs, latest, ...device }: Status["devices"][number]) {
  const { epochs, batches, readings, gapReadings, epoch, next, delivery } = device;
  return {
    name,
    firmware,
    lastSeen: formatTime(lastSeenUs),
    epochs,
    batches,
    readings,
    gapReadings,
    epoch,
    next,
    delivery,
    latest: latest.map(({ channel, value, unit, ...when }) => {
      return { channel, value, unit, ...timeJson(when), ...uncertaintyJson(when) };
    }),
  };
}

function reportOf(found: Status, paint: Paint): string {
  const blocks = [
    overviewLines(found, paint),
    ...found.devices.slice(0, DEVICES_SHOWN_MAX).map((device) => deviceLines(device, paint)),
    hiddenLines(found),
    gapLines(found, paint),
    collectorLines(found, paint),
    eventLines(found, paint),
  ].filter((lines) => lines.length > 0);
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function overviewLines(found: Status, paint: Paint): string[] {
  const { file, bytes, isWriting, totals } = found;
  const { devices, batches, readings, gapReadings } = totals;
  const writing = isWriting
    ? paint("green", "a collector is writing to it now")
    : paint("yellow", "no collector is writing to it");
  const each = bytesPerReading(found);
  const counts = [
    counted(devices, "device"),
    counted(batches, "batch", "batches"),
    `${counted(readings, "reading")}${each === null ? "" : ` of ${eachText(each)} bytes`}`,
    gapReadings === 0
      ? "none dropped"
      : paint("yellow", `${counted(gapReadings, "reading")} dropped`),
  ];
  return [`${paint("bold", printable(file))}: ${bytesText(bytes)}, ${writing}`, counts.join(", ")];
}

function deviceLines(device: Status["devices"][number], paint: Paint): string[] {
  const nowUs = utcMicros();
  const { name, firmware, lastSeenUs, latest, channels, readings } = device;
  const seen = `${printable(firmware)}, last seen ${relativeTime(lastSeenUs, nowUs)}`;
  const rows = latest.map(({ channel, value, timeUs, uptimeMs }) => {
    const format = channels.find((candidate) => candidate.name === channel)!;
    const age =
      timeUs === null ? `${uptimeText(uptimeMs)} (no UTC yet)` : relativeTime(timeUs, nowUs);
    return ["", channel, valueWithUnit(value, format), age];
  });
  const [, ...lines] = formatTable(VALUE_COLUMNS, rows, widthOf(process.stdout));
  const shortName = truncate(printable(name), NAME_WIDTH_MAX);
  const none = readings === 0 ? "nothing stored yet" : "the last values are not noted yet";
  const values = latest.length === 0 ? [`  ${none}`] : lines;
  return [`${paint("bold", shortName)}  ${paint("dim", seen)}`, ...values];
}

function hiddenLines({ devices }: Status): string[] {
  const hidden = devices.length - DEVICES_SHOWN_MAX;
  if (hidden <= 0) return [];
  return [`and ${counted(hidden, "more device", "more devices")}: \`senda devices\` lists all`];
}

function gapLines({ gaps }: Status, paint: Paint): string[] {
  if (gaps.length === 0) return [];
  const lines = gaps.map((gap) => `  ${printable(gap.device)}: ${gapText(gap)}`);
  return [paint("bold", "newest gaps"), ...lines.map(cut)];
}

function collectorLines({ collector }: Status, paint: Paint): string[] {
  const lines = limitLines(collector ?? {});
  if (lines.length === 0) return [];
  return [paint("bold", "limits since the collector started"), ...lines.map(cut)];
}

/** What a collector told its terminal names the device and the kind by itself (host/collector/sentences.ts). */
const SENTENCE = /^[-+!<>] /;

function eventLines({ events }: Status, paint: Paint): string[] {
  if (events.length === 0) return [];
  const nowUs = utcMicros();
  const lines = events.map(({ atUs, device, kind, text }) => {
    const who = device === null ? "" : `${printable(device)} `;
    const what = SENTENCE.test(text) ? "" : `${who}${printable(kind)}: `;
    return `  ${relativeTime(atUs, nowUs)}: ${what}${printable(text)}`;
  });
  return [paint("bold", "newest events"), ...lines.map(cut)];
}

function cut(line: string): string {
  return truncate(line, widthOf(process.stdout));
}
