// What one ping says of a device's clock in UTC, and what is taken for granted of such clocks: how
// far a crystal is off, and how fast that changes. Everything else in host/time follows from these
// bounds (docs/decisions/0008-time.md).

import type { ClockSample } from "../../shared/session/host-link.ts";

/** At `deviceMs` of the device's uptime it was `utcUs`, give or take `uncertaintyUs`. */
export interface UtcSample {
  /** Whole. */
  readonly deviceMs: number;
  readonly utcUs: number;
  readonly uncertaintyUs: number;
}

/** Both clocks of the host at one moment. */
export interface HostMoment {
  readonly monotonicMs: number;
  readonly utcUs: number;
}

/**
 * Most that a device's clock gains or loses against UTC: twice the +-50 ppm that crystals of ESP32
 * boards are sold with, temperature included; the rest is for the host's own clock.
 */
export const DRIFT_MAX = 100e-6;

/**
 * How much that gain changes in a millisecond at most, on the average of minutes: 20 ppm an hour. An
 * AT-cut crystal changes by 1 ppm a kelvin at the ends of its range and by less between them.
 */
export const DRIFT_CHANGE_PER_MS = 20e-6 / 3_600_000;

/** Uptime comes in whole ms, in samples as in readings: of two, each may be older by up to so much. */
const DEVICE_TICK_US = 1_000;

/** The host's UTC comes in whole ms and is on the average half of one old. */
const UTC_TICK_US = 1_000;

/** A ping's sample in UTC, as the host's clock tells it at `now`, soon after. */
export function utcSampleOf(sample: ClockSample, now: HostMoment): UtcSample {
  const agoUs = (now.monotonicMs - sample.hostMs) * 1_000;
  return {
    deviceMs: sample.deviceMs,
    utcUs: Math.round(now.utcUs + UTC_TICK_US / 2 - agoUs),
    uncertaintyUs: Math.ceil(sample.uncertaintyMs * 1_000) + DEVICE_TICK_US + UTC_TICK_US / 2,
  };
}

/** How far two clocks may part within `apartMs`, in microseconds. */
export function driftUsMax(apartMs: number): number {
  return Math.abs(apartMs) * 1_000 * DRIFT_MAX;
}

/** True where no clock within the bounds agrees with both samples: the host's clock was set between them. */
export function contradicts(one: UtcSample, other: UtcSample): boolean {
  const apartMs = other.deviceMs - one.deviceMs;
  const partedUs = Math.abs(other.utcUs - one.utcUs - apartMs * 1_000);
  return partedUs > one.uncertaintyUs + other.uncertaintyUs + driftUsMax(apartMs);
}
