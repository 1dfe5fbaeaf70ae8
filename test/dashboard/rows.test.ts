// What a chart draws: where its lines are broken and where they are not.

import { describe, expect, test } from "vitest";
import {
  addToTail,
  columnsOf,
  pointsOf,
  TAIL_VALUES_MAX,
  type Tail,
} from "../../host/dashboard/chart/rows.ts";
import { boundsOf, fixed, panned, zoomed } from "../../host/dashboard/chart/window.ts";
import type { SeriesDocument, SeriesGapDocument } from "../../host/http/documents.ts";

/** A series of 100 s in as many buckets, with a value where `has` says so. */
function seriesOf(has: (bucket: number) => boolean, gaps: readonly [number, number][] = []) {
  const buckets = 100;
  const count = Array.from({ length: buckets }, (_, bucket) => (has(bucket) ? 1 : 0));
  const values = count.map((each, bucket) => (each === 0 ? null : bucket));
  const found: SeriesDocument = {
    device: "a",
    from: null,
    to: null,
    fromUs: 0,
    toUs: 100e6,
    buckets,
    channels: [
      {
        name: "t",
        unit: "Cel",
        kind: "number",
        resolution: 1,
        count,
        min: values,
        max: values,
        mean: values,
        last: values,
      },
    ],
    uncertaintyUs: [],
    gaps: gaps.map(([from, to]): SeriesGapDocument => {
      return { from: null, to: null, fromUs: from * 1e6, toUs: to * 1e6, readings: 1 };
    }),
  };
  return found;
}

const ALL = { from: 0, to: 200 };

function piecesOf(series: SeriesDocument, tail?: Tail): number[] {
  const { mean } = pointsOf(series, series.channels[0]!, tail, ALL);
  const pieces = [0];
  for (const value of mean) {
    if (Number.isNaN(value)) pieces.push(0);
    else pieces[pieces.length - 1]!++;
  }
  return pieces;
}

describe("a line", () => {
  test("is whole where readings come regularly, however rarely", () => {
    expect(piecesOf(seriesOf(() => true))).toEqual([100]);
    expect(piecesOf(seriesOf((bucket) => bucket % 10 === 0))).toEqual([10]);
  });

  test("is broken at a pause that is long for its readings", () => {
    expect(piecesOf(seriesOf((bucket) => bucket < 40 || bucket >= 60))).toEqual([40, 40]);
  });

  test("is broken at a recorded gap, and goes on within it where there are readings", () => {
    expect(piecesOf(seriesOf(() => true, [[20, 30]]))).toEqual([20, 10, 70]);
  });

  test("goes on with what came since, each value once", () => {
    const tail: Tail = { times: [], values: [] };
    for (let second = 95; second < 110; second++) addToTail(tail, second + 0.5, second);
    expect(
      piecesOf(
        seriesOf(() => true),
        tail,
      ),
    ).toEqual([110]);
  });

  test("has no points where there are none", () => {
    expect(piecesOf(seriesOf(() => false))).toEqual([0]);
  });
});

test("a tail keeps the newest values and no more", () => {
  const tail: Tail = { times: [], values: [] };
  for (let time = 0; time < TAIL_VALUES_MAX + 10; time++) addToTail(tail, time, time);
  expect(tail.times).toHaveLength(TAIL_VALUES_MAX);
  expect(tail.values.at(-1)).toBe(TAIL_VALUES_MAX + 9);
});

test("channels of different rhythms share an axis without breaking each other", () => {
  const one = { times: [1, 2, 3], mean: [1, 2, 3], min: [1, 2, 3], max: [1, 2, 3] };
  const other = {
    times: [2, 2.5],
    mean: [5, Number.NaN],
    min: [5, Number.NaN],
    max: [5, Number.NaN],
  };
  const [times, first, , , second] = columnsOf([one, other]);
  expect(times).toEqual([1, 2, 2.5, 3]);
  expect(first).toEqual([1, 2, undefined, 3]);
  expect(second).toEqual([undefined, 5, null, undefined]);
});

test("windows: steps overlap by half, zooming in and out again comes back", () => {
  const window = fixed(100e6, 200e6);
  expect(panned(boundsOf(window, 0), 1)).toEqual(fixed(150e6, 250e6));
  expect(zoomed(zoomed(window, 300e6, true), 300e6, false)).toEqual(window);
  expect(zoomed(window, 200e6, false)).toEqual(fixed(50e6, 200e6)); // not into the future
  expect(zoomed({ kind: "live", seconds: 60 }, 0, false)).toEqual({ kind: "live", seconds: 120 });
});
