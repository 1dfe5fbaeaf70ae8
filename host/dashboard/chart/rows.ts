// What a chart draws: a series from the store and the values that came since, as columns over one time
// axis. Where readings are missing for longer than is usual for them the line is broken; where they are
// just rarer than pixels it is not.

import type { SeriesChannelDocument, SeriesDocument } from "../../http/documents.ts";

/** Values that came after the series was read. */
export interface Tail {
  /** Seconds since 1970. */
  readonly times: number[];
  readonly values: number[];
}

/** One channel's points in order of time; NaN breaks the line. */
export interface Points {
  readonly times: number[];
  readonly mean: number[];
  readonly min: number[];
  readonly max: number[];
}

/** Seconds from one break of the line to the other. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A pause of so many usual steps is one. */
const STEPS_OF_PAUSE = 5;

/** Values of a tail, the oldest go: more than any screen has pixels. */
export const TAIL_VALUES_MAX = 4_000;

export function addToTail(tail: Tail, time: number, value: number): void {
  tail.times.push(time);
  tail.values.push(value);
  if (tail.times.length <= TAIL_VALUES_MAX) return;
  tail.times.splice(0, tail.times.length - TAIL_VALUES_MAX);
  tail.values.splice(0, tail.values.length - TAIL_VALUES_MAX);
}

/** The channel's points in [from, to) seconds, broken at pauses and at gaps. */
export function pointsOf(
  series: SeriesDocument,
  channel: SeriesChannelDocument,
  tail: Tail | undefined,
  range: Span,
): Points {
  const points: Points = { times: [], mean: [], min: [], max: [] };
  const bucketSeconds = (series.toUs - series.fromUs) / series.buckets / 1e6;
  const begin = series.fromUs / 1e6;
  for (let bucket = 0; bucket < series.buckets; bucket++) {
    if (channel.count[bucket] === 0) continue;
    const time = begin + (bucket + 0.5) * bucketSeconds;
    if (time < range.from || time >= range.to) continue;
    points.times.push(time);
    points.mean.push(channel.mean[bucket]!);
    points.min.push(channel.min[bucket]!);
    points.max.push(channel.max[bucket]!);
  }
  const readUpTo = lastBucketOf(series, channel).endUs / 1e6;
  addTail(points, tail, Math.max(range.from, readUpTo), range.to);
  const gaps = series.gaps.map(({ fromUs, toUs }) => ({ from: fromUs / 1e6, to: toUs / 1e6 }));
  return broken(points, pauseSeconds(points.times, bucketSeconds), gaps);
}

/** The last bucket that has values; where none has, one that ends where the series begins. */
export function lastBucketOf(
  { fromUs, toUs, buckets }: SeriesDocument,
  { count }: SeriesChannelDocument,
): { readonly beginUs: number; readonly endUs: number } {
  let last = count.length - 1;
  while (last >= 0 && count[last] === 0) last--;
  const bucketUs = (toUs - fromUs) / buckets;
  return { beginUs: fromUs + last * bucketUs, endUs: fromUs + (last + 1) * bucketUs };
}

function addTail(points: Points, tail: Tail | undefined, from: number, to: number): void {
  tail?.times.forEach((time, index) => {
    if (time < from || time >= to || time <= (points.times.at(-1) ?? -1)) return;
    const value = tail.values[index]!;
    points.times.push(time);
    points.mean.push(value);
    points.min.push(value);
    points.max.push(value);
  });
}

/** Longer than this between two points is no usual step. */
function pauseSeconds(times: readonly number[], bucketSeconds: number): number {
  if (times.length < 3) return Number.POSITIVE_INFINITY;
  const steps = times.slice(1).map((time, index) => time - times[index]!);
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)]!;
  return Math.max(usual * STEPS_OF_PAUSE, bucketSeconds * 2);
}

function broken(points: Points, pause: number, gaps: readonly Span[]): Points {
  const out: Points = { times: [], mean: [], min: [], max: [] };
  const add = (time: number, mean: number, min: number, max: number) => {
    out.times.push(time);
    out.mean.push(mean);
    out.min.push(min);
    out.max.push(max);
  };
  points.times.forEach((time, index) => {
    const before = points.times[index - 1];
    if (before !== undefined && (time - before > pause || isCut(before, time, gaps))) {
      add((before + time) / 2, Number.NaN, Number.NaN, Number.NaN);
    }
    add(time, points.mean[index]!, points.min[index]!, points.max[index]!);
  });
  return out;
}

/** True where a gap begins or ends between two points. */
function isCut(before: number, time: number, gaps: readonly Span[]): boolean {
  const isBetween = (moment: number) => moment >= before && moment <= time;
  return gaps.some(({ from, to }) => isBetween(from) || isBetween(to));
}

/** Columns over one axis: null breaks a line, undefined just has no point there. */
export type Column = (number | null | undefined)[];

/** All channels over the union of their times: [times, then mean, max and min of each]. */
export function columnsOf(channels: readonly Points[]): [number[], ...Column[]] {
  const times = [...new Set(channels.flatMap((points) => points.times))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const columns = channels.flatMap((points) =>
    [points.mean, points.max, points.min].map((values) => {
      const column: Column = new Array(times.length).fill(undefined);
      points.times.forEach((time, index) => {
        const value = values[index]!;
        column[place.get(time)!] = Number.isNaN(value) ? null : value;
      });
      return column;
    }),
  );
  return [times, ...columns];
}
