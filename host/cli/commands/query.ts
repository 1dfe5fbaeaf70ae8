// `senda query`: the readings of one device within a time, one row for each sample.

import { Command } from "commander";
import type { DeviceSummary, GapSummary, StoreReader } from "../../store/reader.ts";
import type { ReadingsQuery } from "../../store/readings.ts";
import { printable } from "../../terminal/printable.ts";
import { wrap } from "../../terminal/width.ts";
import { pointInTime, wholeNumber } from "../arguments.ts";
import { GapQueue, gapText } from "../output/gap-line.ts";
import { timeText } from "../output/moment.ts";
import { counted, unitText, valueText } from "../output/quantity.ts";
import { type Sample, sampleJson, samplesOf } from "../output/sample.ts";
import { type LineSink, standardOutput } from "../output/sink.ts";
import { checkChannels, devicesNamed, rangeOf, withStore } from "../output/source.ts";
import { type TableColumn, TableLayout } from "../output/table.ts";
import { paintFor, widthOf } from "../output/terminal.ts";
import { BUCKETS_MAX, printBuckets } from "./query-buckets.ts";

interface QueryFlags {
  readonly db: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly buckets?: number;
  readonly json?: true;
}

/** Rows from which the columns' widths are found before the first is printed. */
const LAYOUT_ROWS = 100;

export function queryCommand(): Command {
  return new Command("query")
    .description("Prints the readings of a device, oldest first, one row for each sample.")
    .argument("<device>")
    .argument("[channel...]", "only these channels")
    .option("--db <file>", "the store", "senda.db")
    .option("--from <time>", "ISO 8601, or how long ago: 90s, 15m, 6h, 7d", pointInTime)
    .option("--to <time>", "up to, and without, this time", pointInTime)
    .option(
      "--limit <n>",
      "at most so many rows",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
      Number.POSITIVE_INFINITY,
    )
    .option(
      "--buckets <n>",
      "so many equal parts of the time instead of samples: last, smallest, mean and largest value of each",
      wholeNumber(1, BUCKETS_MAX),
    )
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
Times are UTC. Readings whose time is not known in UTC are shown with the
device's uptime, and left out where --from, --to or --buckets is given. A year in
2,000 buckets takes little longer than a day: what lies within a bucket comes from
summaries in the store. Buckets without readings are left out.

Examples:
  $ senda query kitchen temperature --from 6h
  $ senda query kitchen temperature humidity --from 7d --buckets 168
  $ senda query kitchen --from 2026-11-22T00:00:00Z --to 2026-11-23T00:00:00Z --json`,
    )
    .action(query);
}

async function query(name: string, channels: readonly string[], flags: QueryFlags): Promise<void> {
  const range = rangeOf(flags);
  await withStore(flags.db, async (reader) => {
    const [device] = devicesNamed(reader, [name]) as [DeviceSummary];
    checkChannels([device], channels);
    const sink = standardOutput();
    const { buckets, limit } = flags;
    if (buckets !== undefined) {
      const isJson = flags.json === true;
      printBuckets(reader, { device, channels, ...range, buckets, limit, isJson }, sink);
      await sink.flush();
      return;
    }
    const asked: ReadingsQuery = {
      device: name,
      ...(channels.length === 0 ? {} : { channels }),
      ...range,
    };
    if (flags.json) await printJson(reader, asked, flags.limit, sink);
    else await new SampleTable(reader, device, asked, sink).print(flags.limit);
    await sink.flush();
  });
}

async function printJson(
  reader: StoreReader,
  asked: ReadingsQuery,
  limit: number,
  sink: LineSink,
): Promise<void> {
  let rows = 0;
  for (const chunk of reader.readings(asked)) {
    for (const sample of samplesOf(chunk)) {
      if (sink.add(sampleJson(sample))) await sink.flush();
      if (++rows === limit) return;
    }
  }
}

/** A line of the table: a sample, or a sentence across all columns. */
type Line = { readonly cells: readonly string[] } | { readonly remark: string };

/** Rows in columns, with the gaps between them. */
class SampleTable {
  readonly #reader: StoreReader;
  readonly #device: DeviceSummary;
  readonly #asked: ReadingsQuery;
  readonly #sink: LineSink;
  readonly #gaps: GapQueue;
  readonly #channels: readonly DeviceSummary["channels"][number][];
  readonly #held: Line[] = [];
  #layout: TableLayout | undefined;
  #rows = 0;
  #uncertaintyUs = 0;

  constructor(reader: StoreReader, device: DeviceSummary, asked: ReadingsQuery, sink: LineSink) {
    this.#reader = reader;
    this.#device = device;
    this.#asked = asked;
    this.#sink = sink;
    this.#gaps = new GapQueue(reader.gaps({ device: device.name }).filter(isWithin(asked)));
    const { channels } = asked;
    this.#channels =
      channels === undefined
        ? device.channels
        : channels.map((name) => device.channels.find((channel) => channel.name === name)!);
  }

  async print(limit: number): Promise<void> {
    const isCut = await this.#printRows(limit);
    if (!isCut) this.#addGaps(this.#gaps.takeAll());
    this.#layOut();
    this.#sink.add(`${this.#summary(isCut)}\n`);
  }

  /** True where the limit ended it. */
  async #printRows(limit: number): Promise<boolean> {
    let epoch = "";
    for (const chunk of this.#reader.readings(this.#asked)) {
      if (epoch !== chunk.epoch) this.#addGaps(this.#gaps.takeBefore(epoch));
      epoch = chunk.epoch;
      this.#addGaps(this.#gaps.takeBefore(chunk.epoch, chunk.sequence));
      for (const sample of samplesOf(chunk)) {
        if (this.#rows === limit) return true;
        this.#uncertaintyUs = Math.max(this.#uncertaintyUs, sample.uncertaintyUs ?? 0);
        this.#rows++;
        if (this.#add({ cells: this.#cellsOf(sample) })) await this.#sink.flush();
      }
    }
    return false;
  }

  #cellsOf({ timeUs, uptimeMs, values }: Sample): string[] {
    const cells = this.#channels.map(({ name }) => {
      const found = values.find(({ channel }) => channel.name === name);
      return found === undefined ? "" : valueText(found.value, found.channel);
    });
    return [timeText(timeUs, uptimeMs), ...cells];
  }

  #addGaps(gaps: readonly GapSummary[]): void {
    for (const gap of gaps) this.#add({ remark: gapText(gap) });
  }

  /** True where it is time to flush. */
  #add(line: Line): boolean {
    if (this.#layout !== undefined) return this.#write(this.#layout, line);
    this.#held.push(line);
    return this.#held.length === LAYOUT_ROWS && this.#layOut();
  }

  #write(layout: TableLayout, line: Line): boolean {
    const paint = paintFor(process.stdout);
    const text = "cells" in line ? layout.row(line.cells) : paint("yellow", line.remark);
    return this.#sink.add(`${text}\n`);
  }

  /** Finds the layout, if that is not done, and writes what was held back for it. */
  #layOut(): boolean {
    if (this.#layout !== undefined || this.#held.length === 0) return false;
    const rows = this.#held.flatMap((line) => ("cells" in line ? [line.cells] : []));
    const layout = new TableLayout(this.#columns(), rows, widthOf(process.stdout));
    this.#layout = layout;
    this.#sink.add(`${paintFor(process.stdout)("dim", layout.title())}\n`);
    for (const line of this.#held.splice(0)) this.#write(layout, line);
    return true;
  }

  #columns(): TableColumn[] {
    const channels = this.#channels.map(({ name, unit, kind }): TableColumn => {
      const symbol = unitText(unit);
      const title = symbol === "" ? name : `${name} (${symbol})`;
      const isText = kind === "text" || kind === "structured" || kind === "bytes";
      return isText || kind === "enumeration" || kind === "boolean"
        ? { title, mayShrink: isText }
        : { title, align: "right" };
    });
    return [{ title: "time (UTC)" }, ...channels];
  }

  #summary(isCut: boolean): string {
    const { fromUs, toUs } = this.#asked;
    const name = printable(this.#device.name);
    const isRange = fromUs !== undefined || toUs !== undefined;
    if (this.#rows === 0) return `No readings of ${name}${isRange ? " in that time" : ""}.`;
    const sureness =
      this.#uncertaintyUs > 0 ? `, times ± ${(this.#uncertaintyUs / 1_000).toPrecision(2)} ms` : "";
    const more = isCut ? "; there are more" : "";
    return `${counted(this.#rows, "row")}${sureness}${more}${this.#hiddenText()}`;
  }

  /** Columns that the terminal has no room for. */
  #hiddenText(): string {
    const shown = (this.#layout?.shown ?? 1) - 1;
    const hidden = this.#channels.slice(shown).map(({ name }) => printable(name));
    if (hidden.length === 0) return "";
    const text = `The terminal is too narrow for ${hidden.join(", ")}; name the channels that you want.`;
    return `\n${wrap(text, widthOf(process.stdout)).join("\n")}`;
  }
}

function isWithin({ fromUs, toUs }: ReadingsQuery): (gap: GapSummary) => boolean {
  return ({ firstUs, lastUs }) => {
    if (fromUs === undefined && toUs === undefined) return true;
    if (firstUs === null || lastUs === null) return false;
    return (fromUs === undefined || lastUs >= fromUs) && (toUs === undefined || firstUs < toUs);
  };
}
