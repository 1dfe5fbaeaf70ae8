// The map from uptime to UTC on simulated clocks: truth always within the stated uncertainty, the
// uncertainty of use, time never backwards, whatever the host's clock goes through.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClockMap } from "../../host/time/clock-map.ts";
import { DRIFT_CHANGE_PER_MS, type UtcSample } from "../../host/time/utc-sample.ts";
import { Keeper } from "./keeper.ts";
import {
  BORN_US,
  type Crystal,
  chance,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  PERFECT,
  pingTimes,
  SimulatedClock,
} from "./simulated-clock.ts";

const HOUR_US = 3_600e6;

/** A crystal within +-80 ppm whose drift changes by at most 20 ppm an hour. */
const crystals = fc
  .record({
    steady: fc.double({ min: -60e-6, max: 60e-6, noNaN: true }),
    swing: fc.double({ min: 0, max: 20e-6, noNaN: true }),
    periodMs: fc.double({ min: 7 * HOUR_MS, max: 3 * DAY_MS, noNaN: true }),
    phase: fc.double({ min: 0, max: 6.28, noNaN: true }),
  })
  .map((crystal): Crystal => {
    const change = (crystal.swing * 2 * Math.PI) / crystal.periodMs;
    if (change > DRIFT_CHANGE_PER_MS) throw new Error("a crystal beyond the bound");
    return crystal;
  });

/** Stays in reach of a host, with the hours before each. */
const stays = fc.array(
  fc.record({
    awayMs: fc.double({ min: 0, max: 30 * HOUR_MS, noNaN: true }),
    stayMs: fc.double({ min: 1, max: 4 * HOUR_MS, noNaN: true }),
    roundTripMs: fc.double({ min: 0.3, max: 400, noNaN: true }),
  }),
  { minLength: 1, maxLength: 6 },
);

interface Life {
  readonly clock: SimulatedClock;
  readonly samples: readonly UtcSample[];
  readonly endMs: number;
}

/** A device's life, each way of a ping taking any part of the round trip, as much as the store keeps. */
function live(
  crystal: Crystal,
  visits: typeof stays extends fc.Arbitrary<infer T> ? T : never,
  seed: number,
): Life {
  const clock = new SimulatedClock(crystal);
  const keeper = new Keeper();
  const random = chance(seed);
  let nowMs = 0;
  for (const { awayMs, stayMs, roundTripMs } of visits) {
    nowMs += awayMs;
    for (const atMs of pingTimes(nowMs, nowMs + stayMs)) {
      const takesMs = roundTripMs * (1 + 3 * random() ** 4);
      const thereMs = takesMs * random();
      keeper.add(clock.sample({ atMs, thereMs, backMs: takesMs - thereMs }));
    }
    nowMs += stayMs;
  }
  return { clock, samples: keeper.samples, endMs: nowMs };
}

/** How far the map is off at an uptime, in parts of the uncertainty that it states. */
function errorPart(map: ClockMap, clock: SimulatedClock, uptimeMs: number): number {
  const { utcUs, uncertaintyUs } = map.utcOf(Math.floor(uptimeMs));
  return Math.abs(utcUs - clock.utcUs(uptimeMs)) / uncertaintyUs;
}

describe("truth", () => {
  test("is within the stated uncertainty, in reach of the host and out of it", () => {
    fc.assert(
      fc.property(crystals, stays, fc.nat(), (crystal, visits, seed) => {
        const { clock, samples, endMs } = live(crystal, visits, seed);
        const map = ClockMap.from(samples)!;
        const random = chance(seed + 1);
        for (let count = 0; count < 300; count++) {
          const uptimeMs = random() * (endMs + 5 * HOUR_MS);
          expect(errorPart(map, clock, uptimeMs)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("also where drift jumps from one end of its bound to the other, if little is known", () => {
    const clock = new SimulatedClock({ ...PERFECT, steady: 99e-6 });
    const map = ClockMap.from([clock.sample({ atMs: 10 * HOUR_MS, thereMs: 2, backMs: 2 })])!;
    expect(errorPart(map, clock, 0)).toBeLessThanOrEqual(1);
    const turnedUs = clock.utcUs(10 * HOUR_MS) + HOUR_MS * 1_000 * (1 - 99e-6);
    const { utcUs, uncertaintyUs } = map.utcOf(11 * HOUR_MS);
    expect(Math.abs(utcUs - turnedUs)).toBeLessThanOrEqual(uncertaintyUs);
  });
});

describe("the uncertainty", () => {
  const crystal = { steady: 50e-6, swing: 20e-6, periodMs: DAY_MS, phase: 1 };

  test("after ten minutes of pings with 5 ms round trips is at most 5 ms", () => {
    const visits = [{ awayMs: 0, stayMs: 10 * MINUTE_MS, roundTripMs: 5 }];
    const { samples } = live(crystal, visits, 7);
    const map = ClockMap.from(samples)!;
    for (let uptimeMs = 0; uptimeMs < 10 * MINUTE_MS; uptimeMs += 10_000) {
      expect(map.utcOf(uptimeMs).uncertaintyUs).toBeLessThanOrEqual(5_000);
    }
  });

  test("of one sample is its own, and the bound on drift times the distance", () => {
    const map = ClockMap.from([
      { deviceMs: 5 * HOUR_MS, utcUs: BORN_US + 5 * HOUR_US, uncertaintyUs: 4_000 },
    ])!;
    expect(map.utcOf(5 * HOUR_MS)).toEqual({ utcUs: BORN_US + 5 * HOUR_US, uncertaintyUs: 4_000 });
    expect(map.utcOf(0)).toEqual({ utcUs: BORN_US, uncertaintyUs: 4_000 + 1_800_000 });
    expect(map.utcOf(6 * HOUR_MS).uncertaintyUs).toBe(4_000 + 360_000);
  });

  test("of what was taken hours before shrinks once two samples tell the drift", () => {
    const clock = new SimulatedClock({ ...PERFECT, steady: 70e-6 });
    const sample = (atMs: number) => clock.sample({ atMs, thereMs: 2, backMs: 3 });
    const first = sample(2 * HOUR_MS);
    const alone = ClockMap.from([first])!.utcOf(0);
    const both = ClockMap.from([first, sample(2 * HOUR_MS + 30 * MINUTE_MS)])!.utcOf(0);
    expect(alone.uncertaintyUs).toBeGreaterThan(700_000);
    expect(both.uncertaintyUs).toBeLessThan(250_000);
    expect(Math.abs(both.utcUs - clock.utcUs(0))).toBeLessThan(40_000);
    expect(Math.abs(alone.utcUs - clock.utcUs(0))).toBeGreaterThan(500_000);
  });

  test("the smallest round trip wins: it lends its sureness to its neighbours", () => {
    const clock = new SimulatedClock(PERFECT);
    const samples = [100, 2, 100].map((tripMs, index) =>
      clock.sample({ atMs: index * MINUTE_MS, thereMs: tripMs, backMs: 0 }),
    );
    const map = ClockMap.from(samples)!;
    expect(map.utcOf(0).uncertaintyUs).toBeLessThan(9_000);
    expect(map.utcOf(2 * MINUTE_MS).uncertaintyUs).toBeLessThan(9_000);
    expect(map.utcOf(MINUTE_MS).uncertaintyUs).toBe(2_500);
  });
});

describe("a host whose clock is set", () => {
  const clock = new SimulatedClock({ ...PERFECT, steady: 30e-6 });
  const sampleAt = (minute: number, hostErrorUs: number) =>
    clock.sample({ atMs: minute * MINUTE_MS, thereMs: 2, backMs: 2, hostErrorUs });

  test.each([
    ["forward", -HOUR_US],
    ["back", HOUR_US],
    ["by a tenth of a second", 100_000],
    ["from 1970", -BORN_US],
  ])("%s: what it says since then dates all readings", (_, errorUs) => {
    const keeper = new Keeper();
    for (let minute = 1; minute < 60; minute++) {
      keeper.add(sampleAt(minute, minute < 20 ? errorUs : 0));
    }
    const map = ClockMap.from(keeper.samples)!;
    for (let minute = 0; minute < 70; minute++) {
      expect(errorPart(map, clock, minute * MINUTE_MS)).toBeLessThanOrEqual(1);
    }
    expect(map.utcOf(0).uncertaintyUs).toBeLessThan(150_000);
  });

  test("and set back: all is as it was, a little less sure", () => {
    const keeper = new Keeper();
    for (let minute = 1; minute < 60; minute++) {
      keeper.add(sampleAt(minute, minute > 20 && minute < 25 ? 10 * HOUR_US : 0));
    }
    const map = ClockMap.from(keeper.samples)!;
    for (let minute = 0; minute < 70; minute++) {
      expect(errorPart(map, clock, minute * MINUTE_MS)).toBeLessThanOrEqual(1);
    }
    expect(map.utcOf(MINUTE_MS).uncertaintyUs).toBeLessThan(80_000);
  });

  test("a step within the uncertainties cannot be told from a slow link, and does no harm", () => {
    const before = clock.sample({ atMs: MINUTE_MS, thereMs: 40, backMs: 40, hostErrorUs: 30_000 });
    const map = ClockMap.from([before, sampleAt(2, 0)])!;
    expect(errorPart(map, clock, MINUTE_MS)).toBeLessThanOrEqual(1);
    expect(errorPart(map, clock, 2 * MINUTE_MS)).toBeLessThanOrEqual(1);
  });
});

describe("time", () => {
  /** Samples as no clock gives them: hosts that are set at any moment, devices that lie. */
  const wild = fc
    .uniqueArray(
      fc.record({
        deviceMs: fc.oneof(fc.nat(1_000), fc.nat(1e9), fc.nat(1e12)),
        utcUs: fc.oneof(
          fc.nat(1e6),
          fc.nat(4e15),
          fc.nat(1e9).map((us) => BORN_US + us),
        ),
        uncertaintyUs: fc.oneof(fc.nat(10), fc.nat(1e7), fc.nat(1e12)),
      }),
      { minLength: 1, maxLength: 30, selector: ({ deviceMs }) => deviceMs },
    )
    .map((samples) => samples.sort((a, b) => a.deviceMs - b.deviceMs));

  test("never runs backwards, and stays a number, whatever the samples are", () => {
    fc.assert(
      fc.property(wild, fc.array(fc.nat(1e12)), (samples, uptimes) => {
        const map = ClockMap.from(samples)!;
        const edges = samples.flatMap(({ deviceMs }) => [deviceMs - 1, deviceMs, deviceMs + 1]);
        const timesMs = [...edges, ...uptimes].filter((ms) => ms >= 0).sort((a, b) => a - b);
        let beforeUs = Number.NEGATIVE_INFINITY;
        for (const uptimeMs of timesMs) {
          const { utcUs, uncertaintyUs } = map.utcOf(uptimeMs);
          expect(utcUs).toBeGreaterThanOrEqual(beforeUs);
          expect(uncertaintyUs).toBeGreaterThanOrEqual(0);
          beforeUs = utcUs;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("runs on by what passed on the device, to the bound on drift", () => {
    fc.assert(
      fc.property(
        wild,
        fc.nat(1e9),
        fc.integer({ min: 1, max: 1e9 }),
        (samples, fromMs, passedMs) => {
          const map = ClockMap.from(samples)!;
          const passedUs = map.utcOf(fromMs + passedMs).utcUs - map.utcOf(fromMs).utcUs;
          expect(Math.abs(passedUs - passedMs * 1_000)).toBeLessThanOrEqual(passedMs * 0.1001 + 2);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("goes both ways", () => {
    fc.assert(
      fc.property(wild, fc.nat(1e12), (samples, uptimeMs) => {
        const map = ClockMap.from(samples)!;
        expect(map.deviceMsOf(map.utcOf(uptimeMs).utcUs)).toBeCloseTo(uptimeMs, 1);
      }),
    );
  });

  test("comes out the same for many uptimes at once", () => {
    fc.assert(
      fc.property(wild, fc.array(fc.nat(1e12), { minLength: 1 }), (samples, uptimes) => {
        const map = ClockMap.from(samples)!;
        const timesMs = Float64Array.from(uptimes).sort();
        const timesUs = new Float64Array(timesMs.length);
        map.mapTimes(timesMs, timesMs.length, timesUs);
        const moments = [...timesMs].map((ms) => map.utcOf(ms));
        expect([...timesUs]).toEqual(moments.map(({ utcUs }) => utcUs));
        const largestUs = Math.max(...moments.map(({ uncertaintyUs }) => uncertaintyUs));
        expect(map.uncertaintyUsMax(timesMs, 0, timesMs.length)).toBe(largestUs);
      }),
    );
  });
});

test("without samples there is no map", () => {
  expect(ClockMap.from([])).toBeUndefined();
});
