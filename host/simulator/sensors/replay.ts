// A sensor that replays a recording: a CSV file with a header, one row a sample, again from the start
// when it ends. Times in the recording are not used; the rows come at the device's own pace.

import { readFileSync } from "node:fs";
import type { Sensor } from "../../../device/sensors/sensor.ts";
import type { Channel, ChannelKind, ChannelValue } from "../../../shared/channel.ts";
import { encodeSchema, isName } from "../../../shared/channel.ts";
import { CHANNELS_MAX } from "../../../shared/limits.ts";
import { RecordingError } from "./recording-error.ts";

/** Columns with these names hold times, not readings. */
const TIME_COLUMN = /^(time|timestamp|date|datetime)(_|$)/i;

/** More decimals than this and a column is taken for floating point rather than for a resolution. */
const DECIMALS_MAX = 6;

export class ReplaySensor implements Sensor {
  readonly channels: readonly Channel[];
  readonly #rows: readonly (readonly (ChannelValue | undefined)[])[];
  #next = 0;

  /** Throws a RecordingError where the file cannot be read or holds no recording. */
  constructor(path: string) {
    const [header, ...rows] = readTable(path);
    const columns = header!
      .map((name, index) => ({ name, index, cells: rows.map((row) => row[index] ?? "") }))
      .filter(({ name }) => !TIME_COLUMN.test(name));
    if (columns.length === 0 || columns.length > CHANNELS_MAX) {
      throw new RecordingError(
        path,
        `it has ${columns.length} columns of readings; 1 to ${CHANNELS_MAX} are possible`,
      );
    }
    this.channels = columns.map(({ name, cells }) => channelOf(path, name, cells));
    checkSchema(path, this.channels);
    this.#rows = rows.map((row) =>
      columns.map(({ index }, position) => parseCell(this.channels[position]!.kind, row[index])),
    );
  }

  read(): readonly (ChannelValue | undefined)[] {
    const row = this.#rows[this.#next]!;
    this.#next = (this.#next + 1) % this.#rows.length;
    return row;
  }
}

function readTable(path: string): string[][] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new RecordingError(path, (cause as Error).message, cause);
  }
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length < 2) throw new RecordingError(path, "a header and at least one row are needed");
  return lines.map((line) => line.split(",").map((cell) => cell.trim()));
}

function checkSchema(path: string, channels: readonly Channel[]): void {
  try {
    encodeSchema(channels);
  } catch (cause) {
    throw new RecordingError(path, (cause as Error).message, cause);
  }
}

function channelOf(path: string, name: string, cells: readonly string[]): Channel {
  if (!isName(name)) throw new RecordingError(path, `"${name}" is not a name for a channel`);
  const filled = cells.filter((cell) => cell !== "");
  if (!filled.every((cell) => Number.isFinite(Number(cell)))) {
    return { name, kind: "text", unit: "" };
  }
  const decimals = filled.reduce((most, cell) => Math.max(most, decimalsOf(cell)), 0);
  if (decimals === 0) return { name, kind: "integer", unit: "" };
  if (decimals > DECIMALS_MAX) return { name, kind: "float64", unit: "" };
  return { name, kind: "number", unit: "", resolution: Number(`1e-${decimals}`) };
}

/** Digits behind the decimal point; many where there is an exponent. */
function decimalsOf(cell: string): number {
  if (/e/i.test(cell)) return DECIMALS_MAX + 1;
  return cell.split(".")[1]?.length ?? 0;
}

function parseCell(kind: ChannelKind, cell: string | undefined): ChannelValue | undefined {
  if (cell === undefined || cell === "") return undefined;
  return kind === "text" ? cell : Number(cell);
}
