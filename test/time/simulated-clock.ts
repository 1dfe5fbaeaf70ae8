// A device's clock as it could be: off by some ppm that go up and down with the temperature of a day.
// And pings to it over links whose two ways take different times, from a host whose UTC may be set.

import type { HostMoment, UtcSample } from "../../host/time/utc-sample.ts";
import { utcSampleOf } from "../../host/time/utc-sample.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** UTC at which devices here were switched on. */
export const BORN_US = 1_760_000_000_000_000;

/** Of the clock of a device: `steady` for ever, and `swing` up and down in each `periodMs`. */
export interface Crystal {
  readonly steady: number;
  readonly swing: number;
  readonly periodMs: number;
  readonly phase: number;
}

export const PERFECT: Crystal = { steady: 0, swing: 0, periodMs: DAY_MS, phase: 0 };

export interface Ping {
  /** Uptime at which the device answers, with fractions. */
  readonly atMs: number;
  /** How long the ping and the pong took, by the host's clock. */
  readonly thereMs: number;
  readonly backMs: number;
  /** How far the host's UTC is wrong. */
  readonly hostErrorUs?: number;
}

export class SimulatedClock {
  readonly #crystal: Crystal;

  constructor(crystal: Crystal) {
    this.#crystal = crystal;
  }

  /** True UTC at an uptime: the integral of one and the drift. */
  utcUs(uptimeMs: number): number {
    const { steady, swing, periodMs, phase } = this.#crystal;
    const turn = (2 * Math.PI) / periodMs;
    const swungMs = (swing / turn) * (Math.cos(phase) - Math.cos(turn * uptimeMs + phase));
    return BORN_US + (uptimeMs * (1 + steady) + swungMs) * 1_000;
  }

  /** The sample that the host takes of a ping, as a collector does: both clocks tell whole ms. */
  sample({ atMs, thereMs, backMs, hostErrorUs = 0 }: Ping): UtcSample {
    const roundTripMs = thereMs + backMs;
    const sentAtMs = 1_000;
    const now: HostMoment = {
      monotonicMs: sentAtMs + roundTripMs,
      utcUs: Math.floor((this.utcUs(atMs) + backMs * 1_000 + hostErrorUs) / 1_000) * 1_000,
    };
    const deviceMs = Math.floor(atMs);
    const hostMs = sentAtMs + roundTripMs / 2;
    return utcSampleOf({ deviceMs, hostMs, uncertaintyMs: roundTripMs / 2 }, now);
  }
}

/** A small generator of chance: mulberry32. Numbers in [0, 1). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The pings of one stay in reach of the host: the first four a second apart, then one each 30 s. */
export function pingTimes(fromMs: number, toMs: number): number[] {
  const times: number[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += times.length < 4 ? 1_000 : 30_000) times.push(atMs);
  return times;
}
