// A series as the text of its document: made where it is read, for it may have a hundred thousand numbers.

import type { ChannelSummary } from "../../store/reader.ts";
import { formatTime } from "../../store/rows.ts";
import type { SeriesBuckets, SeriesChannel } from "../../store/series-buckets.ts";
import type { SeriesDocument } from "../documents.ts";

/** Digits of a mean that anybody can tell apart; sums of decimals have noise in the sixteenth. */
const MEAN_DIGITS = 12;

export function seriesText(
  device: string,
  series: SeriesBuckets,
  formats: readonly ChannelSummary[],
): string {
  const { fromUs, toUs, buckets } = series.range;
  const document: SeriesDocument = {
    device,
    from: formatTime(fromUs),
    to: formatTime(toUs),
    fromUs,
    toUs,
    buckets,
    channels: series.channels.map((channel, place) => {
      return { ...formats[place]!, ...totalsOf(channel) };
    }),
    uncertaintyUs: Array.from(series.uncertaintyUs, (us) => (us < 0 ? null : us)),
    gaps: series.gaps.map(({ firstUs, lastUs, readings }) => {
      const ends = { from: formatTime(firstUs), to: formatTime(lastUs) };
      return { ...ends, fromUs: firstUs, toUs: lastUs, readings };
    }),
  };
  return JSON.stringify(document);
}

function totalsOf({ count, min, max, mean, last }: SeriesChannel) {
  const orNull = (values: Float64Array) =>
    Array.from(values, (value, bucket) => (count[bucket] === 0 ? null : value));
  return {
    count: Array.from(count),
    min: orNull(min),
    max: orNull(max),
    mean: orNull(mean).map((value) =>
      value === null ? null : Number(value.toPrecision(MEAN_DIGITS)),
    ),
    last: orNull(last),
  };
}
