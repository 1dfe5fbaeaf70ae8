// Equal parts of a time, and what the readings in each come to. Memory depends on their number alone.

import type { ClockMap } from "../time/clock-map.ts";
import type { Totals } from "./summary.ts";

/** Places in a bucket where its uncertainty is looked at: it bends slowly between two pings. */
const UNCERTAINTY_PLACES = 17;

/** The finite values of one channel, by bucket; meaningless where the count is 0. */
export interface SeriesChannel {
  readonly name: string;
  readonly count: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  /** The latest one. */
  readonly last: Float64Array;
}

/** Readings that a device dropped one after the other, less than a bucket apart. */
export interface SeriesGap {
  readonly firstUs: number;
  lastUs: number;
  readings: number;
}

export interface BucketRange {
  /** UTC, from inclusive, to exclusive. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly buckets: number;
}

export class SeriesBuckets {
  readonly range: BucketRange;
  readonly channels: readonly SeriesChannel[];
  /** By bucket: the worst of its times; -1 where there are none. */
  readonly uncertaintyUs: Float64Array;
  /** By bucket: readings that were dropped, of gaps that begin in it. */
  readonly dropped: Float64Array;
  readonly gaps: SeriesGap[] = [];
  /** Of the present epoch, by bucket: uptime at its first and last row; -1 where there is none. */
  readonly #firstMs: Float64Array;
  readonly #lastMs: Float64Array;
  readonly #places = new Float64Array(UNCERTAINTY_PLACES);

  constructor({ fromUs, toUs, buckets }: BucketRange, names: readonly string[]) {
    this.range = { fromUs, toUs, buckets };
    const values = () => new Float64Array(buckets);
    this.channels = names.map((name) => ({
      name,
      count: values(),
      min: values(),
      max: values(),
      mean: values(),
      last: values(),
    }));
    this.uncertaintyUs = values().fill(-1);
    this.dropped = values();
    this.#firstMs = values().fill(-1);
    this.#lastMs = values();
  }

  /** The bucket of a time; -1 before the first, their number behind the last. */
  bucketOf(timeUs: number): number {
    const { fromUs, toUs, buckets } = this.range;
    if (timeUs < fromUs) return -1;
    if (timeUs >= toUs) return buckets;
    return Math.min(buckets - 1, Math.floor(((timeUs - fromUs) / (toUs - fromUs)) * buckets));
  }

  /** When a bucket begins. */
  beginUs(bucket: number): number {
    const { fromUs, toUs, buckets } = this.range;
    return Math.ceil(fromUs + ((toUs - fromUs) * bucket) / buckets);
  }

  /** Rows of the present epoch lie in the bucket. They come in order. */
  touch(bucket: number, firstMs: number, lastMs: number): void {
    if (this.#firstMs[bucket]! < 0) this.#firstMs[bucket] = firstMs;
    this.#lastMs[bucket] = lastMs;
  }

  /** Adds later values of a channel, in its unit. `mean` holds the sum until the end. */
  add(place: number, bucket: number, { count, min, max, sum, last }: Omit<Totals, "first">): void {
    if (count === 0) return;
    const channel = this.channels[place]!;
    const isFirst = channel.count[bucket] === 0;
    channel.count[bucket]! += count;
    if (isFirst || min < channel.min[bucket]!) channel.min[bucket] = min;
    if (isFirst || max > channel.max[bucket]!) channel.max[bucket] = max;
    channel.mean[bucket]! += sum;
    channel.last[bucket] = last;
  }

  /** The present epoch ends: how sure its times are. */
  endEpoch(clock: ClockMap): void {
    for (let bucket = 0; bucket < this.range.buckets; bucket++) {
      const firstMs = this.#firstMs[bucket]!;
      if (firstMs < 0) continue;
      const stepMs = (this.#lastMs[bucket]! - firstMs) / (UNCERTAINTY_PLACES - 1);
      for (let place = 0; place < UNCERTAINTY_PLACES; place++) {
        this.#places[place] = firstMs + place * stepMs;
      }
      const worstUs = clock.uncertaintyUsMax(this.#places, 0, UNCERTAINTY_PLACES);
      this.uncertaintyUs[bucket] = Math.max(this.uncertaintyUs[bucket]!, worstUs);
      this.#firstMs[bucket] = -1;
    }
  }

  /** A gap, wherever it lies; later than those before. */
  addGap({ firstUs, lastUs, readings }: Readonly<SeriesGap>): void {
    const { fromUs, toUs, buckets } = this.range;
    if (lastUs < fromUs || firstUs >= toUs) return;
    this.dropped[this.bucketOf(Math.max(fromUs, firstUs))]! += readings;
    const before = this.gaps.at(-1);
    if (before === undefined || firstUs - before.lastUs >= (toUs - fromUs) / buckets) {
      this.gaps.push({ firstUs, lastUs, readings });
      return;
    }
    before.lastUs = Math.max(before.lastUs, lastUs);
    before.readings += readings;
  }

  /** No more values come. */
  finish(): void {
    for (const { count, mean } of this.channels) {
      for (let bucket = 0; bucket < count.length; bucket++) {
        if (count[bucket]! > 0) mean[bucket]! /= count[bucket]!;
      }
    }
  }
}
