// The formats of exports: how a chunk of readings becomes lines. Values are written as they are
// stored, never rounded or changed; text is quoted instead.
//
// CSV is RFC 4180 with "\n" for the ends of lines, which every reader takes and Unix tools want.

import type { Channel } from "../../../shared/channel.ts";
import type { ChunkColumn, ReadingsChunk } from "../../store/batch-reader.ts";
import { type JsonValue, jsonValueAt } from "../../store/value.ts";
import { jsonText } from "../../terminal/printable.ts";
import { IsoClock } from "./iso-clock.ts";
import { isoDuration } from "./moment.ts";
import { sampleJson, samplesOf } from "./sample.ts";

export interface ReadingFormat {
  /** What comes before all lines. */
  readonly head: string;
  /** Readings whose time is not known in UTC, so far. */
  readonly timeless: number;
  /** Readings so far. */
  readonly readings: number;
  /** The lines of a chunk, row by row. */
  linesOf(chunk: ReadingsChunk): Iterable<string>;
}

/** One reading a line. */
export class CsvLong implements ReadingFormat {
  readonly head = "time,device,channel,value,unit\n";
  timeless = 0;
  readings = 0;
  readonly #clock = new IsoClock();

  *linesOf(chunk: ReadingsChunk): Generator<string> {
    const { columns } = chunk;
    const device = csvText(chunk.device);
    const tails = columns.map(({ channel }) => `,${csvText(channel.unit)}\n`);
    const heads = columns.map(({ channel }) => `,${device},${csvText(channel.name)},`);
    for (let row = chunk.firstRow; row < chunk.endRow; row++) {
      const time = csvTime(this.#clock, chunk, row);
      let lines = "";
      for (let place = 0; place < columns.length; place++) {
        if (columns[place]!.column.present[row] === 0) continue;
        lines += time + heads[place]! + csvValue(chunk, columns[place]!, row) + tails[place]!;
        this.readings++;
        if (chunk.timesUs === undefined) this.timeless++;
      }
      yield lines;
    }
  }
}

/** One sample of one device a line, a column for each channel. */
export class CsvWide implements ReadingFormat {
  readonly head: string;
  timeless = 0;
  readings = 0;
  readonly #names: readonly string[];
  readonly #clock = new IsoClock();

  constructor(names: readonly string[]) {
    this.#names = names;
    this.head = `${["time", ...names.map(csvText)].join(",")}\n`;
  }

  *linesOf(chunk: ReadingsChunk): Generator<string> {
    const columns = this.#names.map((name) =>
      chunk.columns.find(({ channel }) => channel.name === name),
    );
    for (let row = chunk.firstRow; row < chunk.endRow; row++) {
      let line = "";
      let present = 0;
      for (const column of columns) {
        line += ",";
        if (column === undefined || column.column.present[row] === 0) continue;
        line += csvValue(chunk, column, row);
        present++;
      }
      if (present === 0) continue;
      this.readings += present;
      if (chunk.timesUs === undefined) this.timeless += present;
      yield `${csvTime(this.#clock, chunk, row)}${line}\n`;
    }
  }
}

/** One reading a line: `{"time","device","channel","value","unit"}`. */
export class NdjsonLong implements ReadingFormat {
  readonly head = "";
  timeless = 0;
  readings = 0;
  readonly #clock = new IsoClock();

  *linesOf(chunk: ReadingsChunk): Generator<string> {
    const { device, timesMs, timesUs, batch, columns } = chunk;
    const heads = columns.map(({ channel }) => membersOf({ device, channel: channel.name }));
    const tails = columns.map(({ channel }) => membersOf({ unit: channel.unit }));
    for (let row = chunk.firstRow; row < chunk.endRow; row++) {
      const time = timesUs === undefined ? null : this.#clock.format(timesUs[row]!);
      const when = time === null ? `"time":null,"uptimeMs":${timesMs[row]!}` : `"time":"${time}"`;
      let lines = "";
      for (let place = 0; place < columns.length; place++) {
        const { channel, index } = columns[place]!;
        const value = jsonValueAt(batch, channel, index, row);
        if (value === undefined) continue;
        this.readings++;
        if (timesUs === undefined) this.timeless++;
        lines += `{${when},${heads[place]},"value":${jsonText(value)},${tails[place]}}\n`;
      }
      yield lines;
    }
  }
}

/** One sample a line, as `senda query --json` has it. */
export class NdjsonWide implements ReadingFormat {
  readonly head = "";
  timeless = 0;
  readings = 0;

  *linesOf(chunk: ReadingsChunk): Generator<string> {
    for (const sample of samplesOf(chunk)) {
      this.readings += sample.values.length;
      if (sample.timeUs === null) this.timeless += sample.values.length;
      yield sampleJson(sample);
    }
  }
}

/** ISO 8601: UTC with milliseconds, or as a duration the uptime where no UTC is known. */
function csvTime(clock: IsoClock, { timesMs, timesUs }: ReadingsChunk, row: number): string {
  const utc = timesUs === undefined ? null : clock.format(timesUs[row]!);
  return utc ?? isoDuration(timesMs[row]!);
}

function csvValue(chunk: ReadingsChunk, { channel, index, column }: ChunkColumn, row: number) {
  if (isNumber(channel)) return String(column.numbers[row]!); // NaN and infinities too
  const value = jsonValueAt(chunk.batch, channel, index, row)!;
  if (typeof value === "boolean") return value ? "true" : "false";
  return channel.kind === "enumeration" ? csvText(String(value)) : quoted(textOf(value));
}

/** The members of an object as JSON, without its braces: what is the same in many lines is made once. */
function membersOf(object: object): string {
  return jsonText(object).slice(1, -1);
}

function isNumber({ kind }: Channel): boolean {
  return kind === "number" || kind === "integer" || kind === "float32" || kind === "float64";
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Quotes what RFC 4180 asks for, spaces at the ends, and what a spreadsheet would take for a formula. */
function csvText(text: string): string {
  return /[",\r\n]|^[=+\-@\s]|\s$/.test(text) ? quoted(text) : text;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
