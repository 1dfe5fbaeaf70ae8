// Series as lines: a bucket a line, as a table for people or as JSON for programs.

import type { DeviceSummary } from "../../store/reader.ts";
import { formatTime } from "../../store/rows.ts";
import type { SeriesBuckets, SeriesChannel } from "../../store/series-buckets.ts";
import { hasTotals } from "../../store/summary.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { CommandFailure } from "../failure.ts";
import { timeText } from "./moment.ts";
import { counted, countText, unitText, valueText } from "./quantity.ts";
import type { TableColumn } from "./table.ts";

export type DeviceChannel = DeviceSummary["channels"][number];

/** Of a mean of whole numbers, which is none itself. */
const MEAN_DIGITS = 2;

/**
 * The channels of these names, or all that are numbers or stand for numbers where none is named. Throws a
 * CommandFailure where one has no smallest, largest and mean value.
 */
export function seriesChannels(device: DeviceSummary, names: readonly string[]): DeviceChannel[] {
  const hasNumbers = ({ kind }: DeviceChannel) => hasTotals({ kind: kind as "number" });
  if (names.length === 0) return device.channels.filter(hasNumbers);
  return names.map((name) => {
    const channel = device.channels.find((candidate) => candidate.name === name)!;
    if (hasNumbers(channel)) return channel;
    const text = `"${printable(name)}" is ${channel.kind}, which has no smallest and largest value; leave --buckets away, or name another channel`;
    throw new CommandFailure(text);
  });
}

/** The buckets that have readings, or dropped ones. */
export function bucketsOf({ range, channels, dropped }: SeriesBuckets): number[] {
  const buckets = Array.from({ length: range.buckets }, (_, bucket) => bucket);
  return buckets.filter(
    (bucket) => dropped[bucket]! > 0 || channels.some(({ count }) => count[bucket]! > 0),
  );
}

/** `{"time","seconds","device","uncertaintyMs","dropped","values":{name:{"count","min","max","mean","last"}}}` */
export function bucketJson(series: SeriesBuckets, device: string, bucket: number): string {
  const { fromUs, toUs, buckets } = series.range;
  const uncertaintyUs = series.uncertaintyUs[bucket]!;
  const values = series.channels
    .filter(({ count }) => count[bucket]! > 0)
    .map((channel) => [channel.name, totalsJson(channel, bucket)]);
  return jsonLine({
    time: formatTime(series.beginUs(bucket)),
    seconds: (toUs - fromUs) / buckets / 1e6,
    device,
    uncertaintyMs: uncertaintyUs < 0 ? null : uncertaintyUs / 1_000,
    dropped: series.dropped[bucket]!,
    values: Object.fromEntries(values),
  });
}

function totalsJson({ count, min, max, mean, last }: SeriesChannel, bucket: number) {
  return {
    count: count[bucket]!,
    min: min[bucket]!,
    max: max[bucket]!,
    mean: mean[bucket]!,
    last: last[bucket]!,
  };
}

export function seriesColumns(channels: readonly DeviceChannel[]): TableColumn[] {
  const columns = channels.flatMap(({ name, unit }): TableColumn[] => {
    const symbol = unitText(unit);
    const title = symbol === "" ? name : `${name} (${symbol})`;
    return [
      { title, align: "right" },
      { title: "min", align: "right" },
      { title: "mean", align: "right" },
      { title: "max", align: "right" },
    ];
  });
  return [{ title: "from (UTC)" }, ...columns, { title: "dropped", align: "right" }];
}

/** Of each channel the last value, the smallest, the mean and the largest. */
export function bucketCells(
  series: SeriesBuckets,
  formats: readonly DeviceChannel[],
  bucket: number,
): string[] {
  const cells = series.channels.flatMap(({ count, ...values }, place) => {
    const format = formats[place]!;
    if (count[bucket] === 0) return ["", "", "", ""];
    const [last, min, mean, max] = [values.last, values.min, values.mean, values.max].map(
      (list) => list[bucket]!,
    );
    return [
      valueText(last, format),
      valueText(min, format),
      meanText(mean!, format),
      valueText(max, format),
    ];
  });
  const dropped = series.dropped[bucket]!;
  return [timeText(series.beginUs(bucket), 0), ...cells, dropped > 0 ? countText(dropped) : ""];
}

function meanText(mean: number, format: DeviceChannel): string {
  const isWhole = format.kind !== "number" && !format.kind.startsWith("float");
  return isWhole ? mean.toFixed(MEAN_DIGITS) : valueText(mean, format);
}

/** "12 buckets of 2 h, times ± 5.0 ms; 120 readings dropped in 2 gaps". */
export function seriesSummary(series: SeriesBuckets, lengthText: string, shown: number): string {
  const worstUs = series.uncertaintyUs.reduce((worst, us) => Math.max(worst, us), 0);
  const sureness = worstUs > 0 ? `, times ± ${(worstUs / 1_000).toPrecision(2)} ms` : "";
  const dropped = series.gaps.reduce((sum, { readings }) => sum + readings, 0);
  const gaps =
    dropped > 0
      ? `; ${counted(dropped, "reading")} dropped in ${counted(series.gaps.length, "gap")}`
      : "";
  return `${counted(shown, "bucket")} of ${lengthText}${sureness}${gaps}`;
}
