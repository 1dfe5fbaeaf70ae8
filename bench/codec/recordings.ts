// Recordings of real sensors: a folder of CSV files, each with a line of names, a column of times and
// columns of values. What a column is follows from what it holds: numbers have the resolution of
// their last decimal, columns of true/false are booleans, all else is text.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Channel, ChannelValue } from "../../shared/channel.ts";
import type { Stream, StreamRow } from "./reference-stream.ts";

/** More decimals than a sensor has come out of a computation: two are kept, as a person would choose. */
const DECIMALS_MAX = 6;
const DECIMALS_CHOSEN = 2;

/** A recording of several devices, told apart by such a column, is also given device by device. */
const DEVICE_COLUMN = /^(node|device|sensor|station|mote)(_?id)?$/i;
const DEVICES_MAX = 64;

interface Table {
  readonly name: string;
  readonly names: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** Streams of each CSV file in `folder`, in the order of names. Throws where a file has no column of times. */
export function recordingsIn(folder: string): Stream[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".csv"));
  return files.sort().flatMap((file) => {
    const table = readTable(join(folder, file));
    return [table, ...devicesOf(table)].map(streamOf);
  });
}

function readTable(path: string): Table {
  const text = readFileSync(path, "utf8").trimEnd();
  const [names, ...lines] = text.split(/\r?\n/).map((line) => line.split(","));
  return { name: basename(path, ".csv"), names: names!, lines };
}

function devicesOf({ name, names, lines }: Table): Table[] {
  const column = names.findIndex((one) => DEVICE_COLUMN.test(one));
  if (column < 0) return [];
  const devices = [...new Set(lines.map((line) => line[column]!))].sort();
  if (devices.length < 2 || devices.length > DEVICES_MAX) return [];
  return devices.map((device) => ({
    name: `${name}/${device}`,
    names: names.toSpliced(column, 1),
    lines: lines.filter((line) => line[column] === device).map((line) => line.toSpliced(column, 1)),
  }));
}

function streamOf({ name, names, lines }: Table): Stream {
  const timeColumn = names.findIndex((one) => /time|date|^t$/i.test(one));
  if (timeColumn < 0) throw new Error(`${name}.csv has no column of times`);
  const times = lines.map((line) => timeOf(line[timeColumn]!));
  const scale = /_s$|seconds/i.test(names[timeColumn]!) ? 1_000 : 1;
  const order = [...times.keys()].sort((a, b) => times[a]! - times[b]!);
  const columns = names
    .map((one, index) => ({ name: one, index }))
    .filter(({ index }) => index !== timeColumn)
    .map(({ name: one, index }) =>
      columnOf(
        one,
        lines.map((line) => line[index] ?? ""),
      ),
    );
  const rows = order.map(
    (index): StreamRow => ({
      timeMs: Math.round(times[index]! * scale),
      values: columns.map(({ values }) => values[index]),
    }),
  );
  return { name, channels: columns.map(({ channel }) => channel), rows };
}

/** A number as it is; a date and time, UTC unless it says otherwise, in milliseconds. */
function timeOf(text: string): number {
  if (text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  const isPlain = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text);
  const time = Date.parse(isPlain ? `${text.replace(" ", "T")}Z` : text);
  if (Number.isNaN(time)) throw new Error(`"${text}" is no time`);
  return time;
}

interface Column {
  readonly channel: Channel;
  readonly values: readonly (ChannelValue | undefined)[];
}

function columnOf(name: string, texts: readonly string[]): Column {
  const unit = "";
  const known = texts.filter((text) => text !== "" && !/^nan$/i.test(text));
  const isMissing = (text: string) => text === "" || /^nan$/i.test(text);
  if (known.every((text) => /^(true|false)$/i.test(text))) {
    const values = texts.map((text) => (isMissing(text) ? undefined : /^true$/i.test(text)));
    return { channel: { name, kind: "boolean", unit }, values };
  }
  if (!known.every((text) => Number.isFinite(Number(text)))) {
    return {
      channel: { name, kind: "text", unit },
      values: texts.map((text) => (isMissing(text) ? undefined : text)),
    };
  }
  const decimals = Math.max(...known.map(decimalsOf));
  const kept = decimals > DECIMALS_MAX ? DECIMALS_CHOSEN : decimals;
  const scale = 10 ** kept;
  const values = texts.map((text) =>
    isMissing(text) ? undefined : Math.round(Number(text) * scale) / scale,
  );
  const channel: Channel =
    kept === 0
      ? { name, kind: "integer", unit }
      : { name, kind: "number", unit, resolution: Number((1 / scale).toFixed(kept)) };
  return { channel, values };
}

function decimalsOf(text: string): number {
  const [, mantissa, exponent] = /^[-+]?\d*\.?(\d*)(?:e([-+]?\d+))?$/i.exec(text.trim()) ?? [];
  return Math.max(0, (mantissa ?? "").length - Number(exponent ?? 0));
}
