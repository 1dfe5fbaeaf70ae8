// `senda query --buckets N`: any time in N equal parts, with the smallest, mean and largest value of each.

import type { DeviceSummary, StoreReader } from "../../store/reader.ts";
import { printable } from "../../terminal/printable.ts";
import { durationText } from "../output/moment.ts";
import {
  bucketCells,
  bucketJson,
  bucketsOf,
  seriesChannels,
  seriesColumns,
  seriesSummary,
} from "../output/series.ts";
import type { LineSink } from "../output/sink.ts";
import { formatTable } from "../output/table.ts";
import { paintFor, widthOf } from "../output/terminal.ts";

/** More than a chart has pixels. */
export const BUCKETS_MAX = 100_000;

export interface BucketsAsked {
  readonly device: DeviceSummary;
  /** Names; all that have numbers where there are none. */
  readonly channels: readonly string[];
  readonly fromUs?: number;
  readonly toUs?: number;
  readonly buckets: number;
  /** Lines at most. */
  readonly limit: number;
  readonly isJson: boolean;
}

/** Prints the series; what is left open of its range is as far as the device's readings reach. */
export function printBuckets(reader: StoreReader, asked: BucketsAsked, sink: LineSink): void {
  const { device, buckets } = asked;
  const channels = seriesChannels(device, asked.channels);
  const extent = reader.extent(device.name);
  const fromUs = asked.fromUs ?? extent?.fromUs;
  const toUs = asked.toUs ?? extent?.toUs;
  if (fromUs === undefined || toUs === undefined || fromUs >= toUs) {
    if (!asked.isJson) sink.add(`No readings of ${printable(device.name)} whose time is known.\n`);
    return;
  }
  const names = channels.map(({ name }) => name);
  const series = reader.series({ device: device.name, channels: names, fromUs, toUs, buckets });
  const shown = bucketsOf(series).slice(0, asked.limit);
  if (asked.isJson) {
    for (const bucket of shown) sink.add(bucketJson(series, device.name, bucket));
    return;
  }
  if (shown.length === 0) {
    sink.add(`No readings of ${printable(device.name)} in that time.\n`);
    return;
  }
  const rows = shown.map((bucket) => bucketCells(series, channels, bucket));
  const [title, ...lines] = formatTable(seriesColumns(channels), rows, widthOf(process.stdout));
  sink.add(`${paintFor(process.stdout)("dim", title!)}\n`);
  for (const line of lines) sink.add(`${line}\n`);
  const lengthMs = (toUs - fromUs) / buckets / 1_000;
  const lengthText = lengthMs < 1_000 ? `${lengthMs.toPrecision(3)} ms` : durationText(lengthMs);
  sink.add(`${seriesSummary(series, lengthText, shown.length)}\n`);
}
