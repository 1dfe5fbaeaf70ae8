// Which samples are kept: few, the sure ones, old ones thinly, and those that show a set clock.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWorthKeeping, SAMPLES_MAX, thin, WINDOW_MS_MIN } from "../../host/time/clock-filter.ts";
import { ClockMap } from "../../host/time/clock-map.ts";
import type { UtcSample } from "../../host/time/utc-sample.ts";
import { Keeper } from "./keeper.ts";
import { BORN_US, chance, DAY_MS, HOUR_MS, SimulatedClock } from "./simulated-clock.ts";

const sure = (deviceMs: number, uncertaintyUs = 4_000, errorUs = 0): UtcSample => ({
  deviceMs,
  utcUs: BORN_US + deviceMs * 1_000 + errorUs,
  uncertaintyUs,
});

describe("a sample is worth keeping", () => {
  const newest = sure(WINDOW_MS_MIN);

  test.each([
    ["the first", sure(5), undefined, true],
    ["surer, in the same window", sure(WINDOW_MS_MIN + 1_000, 3_000), newest, true],
    ["as sure, in the same window", sure(WINDOW_MS_MIN + 1_000), newest, false],
    ["as sure, in the next window", sure(2 * WINDOW_MS_MIN), newest, true],
    ["less sure than the newest still is", sure(2 * WINDOW_MS_MIN, 12_000), newest, false],
    ["less sure, but the newest is old", sure(9 * WINDOW_MS_MIN, 12_000), newest, true],
    ["in contradiction", sure(WINDOW_MS_MIN + 1, 9_000, 20_000), newest, true],
    ["of the same moment", sure(WINDOW_MS_MIN, 3_000), newest, false],
    ["a little behind, from another link", sure(WINDOW_MS_MIN - 5, 100), newest, false],
  ])("%s: %#", (_, sample, before, wanted) => {
    expect(isWorthKeeping(sample, before)).toBe(wanted);
  });

  test("an uptime that ran backwards is believed, and those ahead of it go", () => {
    const keeper = new Keeper();
    keeper.add(sure(1_000));
    keeper.add({ deviceMs: 2 ** 42, utcUs: BORN_US + 50_000_000, uncertaintyUs: 4_000 });
    keeper.add(sure(100_000));
    expect(keeper.samples.map(({ deviceMs }) => deviceMs)).toEqual([1_000, 100_000]);
    expect(keeper.samples[1]).toEqual(sure(100_000));
  });
});

/** A year of pings each 30 s, now and then interrupted. */
function liveFor(
  days: number,
  seed: number,
): { clock: SimulatedClock; keeper: Keeper; most: number } {
  const clock = new SimulatedClock({ steady: -40e-6, swing: 15e-6, periodMs: DAY_MS, phase: 2 });
  const keeper = new Keeper();
  const random = chance(seed);
  let most = 0;
  for (let atMs = 5 * HOUR_MS; atMs < days * DAY_MS; atMs += 30_000) {
    if (random() < 1e-4) atMs += 10 * HOUR_MS * random();
    const thereMs = 1 + 20 * random() ** 3;
    keeper.add(clock.sample({ atMs, thereMs, backMs: 5 * random() }));
    most = Math.max(most, keeper.samples.length);
  }
  return { clock, keeper, most };
}

describe("a year", () => {
  const { clock, keeper, most } = liveFor(366, 3);
  const map = ClockMap.from(keeper.samples)!;

  test("leaves about a thousand samples, and no more on the way there", () => {
    expect(most).toBeLessThanOrEqual(1_100);
    expect(most).toBeLessThanOrEqual(SAMPLES_MAX);
    expect(keeper.samples.length).toBeGreaterThan(500);
  });

  test("truth is within the stated uncertainty all the way", () => {
    const random = chance(9);
    for (let count = 0; count < 20_000; count++) {
      const uptimeMs = random() * 366 * DAY_MS;
      const { utcUs, uncertaintyUs } = map.utcOf(Math.floor(uptimeMs));
      expect(Math.abs(utcUs - clock.utcUs(uptimeMs))).toBeLessThanOrEqual(uncertaintyUs);
    }
  });

  test("what is new is sure to milliseconds, what is a year old to seconds", () => {
    const newestMs = keeper.samples.at(-1)!.deviceMs;
    expect(map.utcOf(newestMs).uncertaintyUs).toBeLessThan(10_000);
    expect(map.utcOf(newestMs - HOUR_MS).uncertaintyUs).toBeLessThan(10_000);
    expect(map.utcOf(newestMs - DAY_MS).uncertaintyUs).toBeLessThan(120_000);
    expect(map.uncertaintyUsMax(everyHour(newestMs), 0, 365 * 24)).toBeLessThan(3_000_000);
  });

  test("the newest sample is never older than a few windows while pings come", () => {
    const { samples } = liveFor(2, 5).keeper;
    expect(2 * DAY_MS - samples.at(-1)!.deviceMs).toBeLessThan(4 * WINDOW_MS_MIN);
  });

  test("the first sample stays", () => {
    expect(keeper.samples[0]!.deviceMs).toBe(5 * HOUR_MS);
  });
});

function everyHour(endMs: number): Float64Array {
  return Float64Array.from({ length: 365 * 24 }, (_, hour) => endMs - (365 * 24 - hour) * HOUR_MS);
}

test("looking at the end only comes to the same as looking at all", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 400 }), (seed, count) => {
      const random = chance(seed);
      const keeper = new Keeper();
      let atMs = 0;
      for (let index = 0; index < count; index++) {
        atMs += Math.floor(1_000 * 10 ** (5 * random() ** 3));
        keeper.add(sure(atMs, 1_000 + Math.floor(9_000 * random()), random() < 0.02 ? 1e9 : 0));
      }
      expect(thin(keeper.samples, true)).toEqual([]);
    }),
  );
});

test("a clock that is set with every ping leaves no more samples than any other", () => {
  const keeper = new Keeper();
  for (let index = 0; index < 50_000; index++)
    keeper.add(sure(index * 30_000, 1_000, (index % 7) * 1e8));
  expect(keeper.samples.length).toBeLessThanOrEqual(SAMPLES_MAX);
  expect(keeper.samples.at(-1)!.deviceMs).toBe(49_999 * 30_000);
});
