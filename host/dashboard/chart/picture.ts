// All that one chart shows at a moment: its columns, the time from edge to edge, the gaps.

import type { SeriesDocument } from "../../http/documents.ts";
import type { PlacedChannel } from "./groups.ts";
import { type Column, columnsOf, pointsOf, type Span } from "./rows.ts";
import type { ShownSeries } from "./use-series.ts";
import { boundsOf, type TimeWindow } from "./window.ts";

export interface Picture {
  /** Times, then mean, largest and smallest values of each channel. */
  readonly columns: [number[], ...Column[]];
  /** Seconds since 1970. */
  readonly range: Span;
  readonly gaps: readonly Span[];
}

const NO_POINTS = { times: [], mean: [], min: [], max: [] };

export function pictureOf(
  channels: readonly PlacedChannel[],
  { series, tails, nowUs }: ShownSeries,
  window: TimeWindow,
): Picture {
  const { fromUs, toUs } = boundsOf(window, nowUs());
  const range = { from: fromUs / 1e6, to: toUs / 1e6 };
  if (series === undefined) return { columns: [[]], range, gaps: [] };
  const points = channels.map(({ name }) => {
    const channel = series.channels.find((candidate) => candidate.name === name);
    return channel === undefined ? NO_POINTS : pointsOf(series, channel, tails.get(name), range);
  });
  const gaps = series.gaps.map((gap) => ({ from: gap.fromUs / 1e6, to: gap.toUs / 1e6 }));
  return { columns: columnsOf(points), range, gaps };
}

/** How far the time of a point may be off: by the device's clock, and by the bucket that it stands for. */
export function surenessUsAt(series: SeriesDocument, timeUs: number): number | undefined {
  const { fromUs, toUs, buckets, uncertaintyUs } = series;
  const bucketUs = (toUs - fromUs) / buckets;
  const bucket = Math.floor((timeUs - fromUs) / bucketUs);
  const ofClock = uncertaintyUs[bucket];
  return ofClock === null || ofClock === undefined ? undefined : ofClock + bucketUs / 2;
}

/** Points of the first line, and the pieces that it is in. */
export function sizeOf({ columns: [, line = []] }: Picture): [number, number] {
  const points = line.filter((value) => typeof value === "number").length;
  const breaks = line.filter((value) => value === null).length;
  return [points, points === 0 ? 0 : breaks + 1];
}
