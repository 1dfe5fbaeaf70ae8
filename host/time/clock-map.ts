// From a device's uptime to UTC, by the samples of one epoch. Pure.
//
// A sample says surely where UTC was at one uptime, within half a round trip; the bound on drift says
// how that wears off on both sides. All samples together leave a tube that the device's clock must
// run in, and each sample is narrowed to the tube: so the smallest round trip wins, and its
// neighbours profit. The map runs straight between the middles of the narrowed samples. These part
// by no more than the bound on drift, which is far below the pace of time: the map never runs
// backwards. Before the first and after the last sample it runs on with the drift that the samples
// show there, as far as that says more than the bound does, and from there on straight.
//
// How far the device's clock may be from the straight line: no further than the tube, and since
// drift changes slowly, no further than the ends are, and half the change of drift times the
// distances to both ends (the remainder of linear interpolation). The smaller of the two counts.
//
// A sample that contradicts a newer one is not believed. The filter leaves no such samples; a store
// may have been written by anyone.

import { DRIFT_CHANGE_PER_MS, DRIFT_MAX, driftUsMax, type UtcSample } from "./utc-sample.ts";

/** A moment in UTC: `utcUs`, give or take `uncertaintyUs`. */
export interface UtcMoment {
  readonly utcUs: number;
  readonly uncertaintyUs: number;
}

/**
 * Samples may narrow each other down to so much and not beyond: a host's clock that is nudged by a
 * fraction of a millisecond makes them seem surer than they are.
 */
const NARROWED_US_MIN = 1_000;

/** A sample within the tube: UTC less uptime lies in [lowUs, highUs]. */
interface Narrowed {
  readonly sample: UtcSample;
  lowUs: number;
  highUs: number;
}

/** What goes on beyond the samples: how much time gains on uptime, how sure that is, and how far it counts. */
interface Trend {
  readonly drift: number;
  readonly driftError: number;
  readonly horizonMs: number;
}

/** Shortest way that the map goes on with a trend, so that no two knots fall together. */
const HORIZON_MS_MIN = 1;

export class ClockMap {
  /** Samples and one knot beyond each end, where the trend there stops to count. */
  readonly #deviceMs: Float64Array;
  readonly #utcUs: Float64Array;
  /** By segment: microseconds of UTC in a millisecond of uptime. Segment n ends at knot n. */
  readonly #usPerMs: Float64Array;
  /** By knot, of the samples only. */
  readonly #uncertaintyUs: Float64Array;
  readonly #before: Trend;
  readonly #after: Trend;

  /** The map by `samples`, in order of uptime; undefined where there are none. */
  static from(samples: readonly UtcSample[]): ClockMap | undefined {
    return samples.length === 0 ? undefined : new ClockMap(narrow(samples));
  }

  private constructor(narrowed: readonly Narrowed[]) {
    const last = narrowed.length;
    this.#deviceMs = knots(narrowed, ({ sample }) => sample.deviceMs);
    this.#utcUs = knots(narrowed, middleUs);
    this.#uncertaintyUs = knots(narrowed, halfWidthUs);
    this.#before = this.#trendAt(1);
    this.#after = this.#trendAt(last);
    this.#continue({ from: 1, to: 0, trend: this.#before });
    this.#continue({ from: last, to: last + 1, trend: this.#after });
    this.#usPerMs = this.#slopes();
  }

  /** When it was `deviceMs`. */
  utcOf(deviceMs: number): UtcMoment {
    const segment = this.#segmentOf(deviceMs);
    return {
      utcUs: this.#utcIn(segment, deviceMs),
      uncertaintyUs: Math.round(this.#uncertaintyIn(segment, deviceMs)),
    };
  }

  /** The uptime at `utcUs`, with fractions; below zero for times before the device's boot. */
  deviceMsOf(utcUs: number): number {
    const segment = countUpTo(this.#utcUs, utcUs);
    const from = Math.max(0, segment - 1);
    return this.#deviceMs[from]! + (utcUs - this.#utcUs[from]!) / this.#usPerMs[segment]!;
  }

  /** Puts the UTC of the first `count` uptimes, which must not run backwards, into `timesUs`. */
  mapTimes(timesMs: Float64Array, count: number, timesUs: Float64Array): void {
    for (let index = 0; index < count; ) {
      const segment = this.#segmentOf(timesMs[index]!);
      const endMs = this.#endMs(segment);
      const from = Math.max(0, segment - 1);
      const knotMs = this.#deviceMs[from]!;
      const knotUs = this.#utcUs[from]!;
      const usPerMs = this.#usPerMs[segment]!;
      do {
        timesUs[index] = Math.round(knotUs + (timesMs[index]! - knotMs) * usPerMs);
        index++;
      } while (index < count && timesMs[index]! < endMs);
    }
  }

  /** The largest uncertainty of the uptimes in [first, end), which must not run backwards. */
  uncertaintyUsMax(timesMs: Float64Array, first: number, end: number): number {
    let largestUs = 0;
    for (let index = first; index < end; ) {
      const segment = this.#segmentOf(timesMs[index]!);
      const endMs = this.#endMs(segment);
      do {
        largestUs = Math.max(largestUs, this.#uncertaintyIn(segment, timesMs[index]!));
        index++;
      } while (index < end && timesMs[index]! < endMs);
    }
    return Math.round(largestUs);
  }

  /** The number of knots up to `deviceMs`. */
  #segmentOf(deviceMs: number): number {
    return countUpTo(this.#deviceMs, deviceMs);
  }

  #endMs(segment: number): number {
    return segment < this.#deviceMs.length ? this.#deviceMs[segment]! : Number.POSITIVE_INFINITY;
  }

  #utcIn(segment: number, deviceMs: number): number {
    const from = segment === 0 ? 0 : segment - 1;
    const apartMs = deviceMs - this.#deviceMs[from]!;
    return Math.round(this.#utcUs[from]! + apartMs * this.#usPerMs[segment]!);
  }

  #uncertaintyIn(segment: number, deviceMs: number): number {
    const last = this.#deviceMs.length - 2;
    if (segment <= 1) return this.#uncertaintyBeyond(1, this.#before, deviceMs);
    if (segment > last) return this.#uncertaintyBeyond(last, this.#after, deviceMs);
    const sinceMs = deviceMs - this.#deviceMs[segment - 1]!;
    const untilMs = this.#deviceMs[segment]! - deviceMs;
    const leftUs = this.#uncertaintyUs[segment - 1]!;
    const rightUs = this.#uncertaintyUs[segment]!;
    const gainUs = this.#usPerMs[segment]! - 1_000;
    const fastUs = DRIFT_MAX * 1_000 - gainUs;
    const slowUs = DRIFT_MAX * 1_000 + gainUs;
    const aboveUs = Math.min(leftUs + fastUs * sinceMs, rightUs + slowUs * untilMs);
    const belowUs = Math.min(leftUs + slowUs * sinceMs, rightUs + fastUs * untilMs);
    const part = sinceMs / (sinceMs + untilMs);
    const bendUs = (DRIFT_CHANGE_PER_MS * 1_000 * sinceMs * untilMs) / 2;
    return Math.min(Math.max(aboveUs, belowUs), leftUs + (rightUs - leftUs) * part + bendUs);
  }

  #uncertaintyBeyond(knot: number, { driftError }: Trend, deviceMs: number): number {
    const apartMs = Math.abs(deviceMs - this.#deviceMs[knot]!);
    const bend = (DRIFT_CHANGE_PER_MS * apartMs) / 2;
    return this.#uncertaintyUs[knot]! + apartMs * 1_000 * Math.min(DRIFT_MAX, driftError + bend);
  }

  /**
   * The drift at a sample, by that other sample which tells it best: a far one for the round trips'
   * sake, a near one because drift changes. None where the bound on drift says as much.
   */
  #trendAt(knot: number): Trend {
    let drift = 0;
    let driftError = DRIFT_MAX;
    for (let other = 1; other < this.#deviceMs.length - 1; other++) {
      if (other === knot) continue;
      const apartMs = Math.abs(this.#deviceMs[other]! - this.#deviceMs[knot]!);
      const errorUs = this.#uncertaintyUs[other]! + this.#uncertaintyUs[knot]!;
      const error = errorUs / (apartMs * 1_000) + (DRIFT_CHANGE_PER_MS * apartMs) / 2;
      if (error >= driftError) continue;
      driftError = error;
      drift = this.#usPerMsBetween(knot, other) / 1_000 - 1;
    }
    const horizonMs = (2 * (DRIFT_MAX - driftError)) / DRIFT_CHANGE_PER_MS;
    return { drift, driftError, horizonMs: Math.max(HORIZON_MS_MIN, horizonMs) };
  }

  /** Sets a knot beyond the samples. */
  #continue({ from, to, trend }: { from: number; to: number; trend: Trend }): void {
    const apartMs = (to - from) * trend.horizonMs;
    this.#deviceMs[to] = this.#deviceMs[from]! + apartMs;
    this.#utcUs[to] = this.#utcUs[from]! + apartMs * 1_000 * (1 + trend.drift);
  }

  #slopes(): Float64Array {
    const slopes = new Float64Array(this.#deviceMs.length + 1).fill(1_000);
    for (let segment = 1; segment < this.#deviceMs.length; segment++) {
      slopes[segment] = this.#usPerMsBetween(segment - 1, segment);
    }
    return slopes;
  }

  #usPerMsBetween(one: number, other: number): number {
    const apartMs = this.#deviceMs[other]! - this.#deviceMs[one]!;
    return (this.#utcUs[other]! - this.#utcUs[one]!) / apartMs;
  }
}

/** A value for each sample, and room for one before and one after them. */
function knots(narrowed: readonly Narrowed[], pick: (narrowed: Narrowed) => number): Float64Array {
  const values = new Float64Array(narrowed.length + 2);
  narrowed.forEach((sample, index) => {
    values[index + 1] = pick(sample);
  });
  return values;
}

/** The samples that can be believed together with the newest, each within what the others leave. */
function narrow(samples: readonly UtcSample[]): Narrowed[] {
  const believed: Narrowed[] = [];
  for (let index = samples.length - 1; index >= 0; index--) {
    const narrowed = within(believed.at(-1), samples[index]!);
    if (narrowed !== undefined) believed.push(narrowed);
  }
  believed.reverse();
  for (let index = 1; index < believed.length; index++)
    tighten(believed[index]!, believed[index - 1]!);
  return believed;
}

/** The sample as far as a newer one allows; undefined where it does not. */
function within(newer: Narrowed | undefined, sample: UtcSample): Narrowed | undefined {
  const offsetUs = sample.utcUs - sample.deviceMs * 1_000;
  const narrowed: Narrowed = {
    sample,
    lowUs: offsetUs - sample.uncertaintyUs,
    highUs: offsetUs + sample.uncertaintyUs,
  };
  if (newer !== undefined) tighten(narrowed, newer);
  return narrowed.lowUs <= narrowed.highUs ? narrowed : undefined;
}

function tighten(narrowed: Narrowed, by: Narrowed): void {
  const driftUs = driftUsMax(by.sample.deviceMs - narrowed.sample.deviceMs);
  narrowed.lowUs = Math.max(narrowed.lowUs, by.lowUs - driftUs);
  narrowed.highUs = Math.min(narrowed.highUs, by.highUs + driftUs);
}

function middleUs({ sample, lowUs, highUs }: Narrowed): number {
  return sample.deviceMs * 1_000 + (lowUs + highUs) / 2;
}

function halfWidthUs({ sample, lowUs, highUs }: Narrowed): number {
  return Math.max((highUs - lowUs) / 2, Math.min(sample.uncertaintyUs, NARROWED_US_MIN));
}

/** How many of the ascending `values` are at most `limit`. */
function countUpTo(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
