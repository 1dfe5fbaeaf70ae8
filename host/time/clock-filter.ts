// Which samples of a device's clock are worth keeping. The simple thing, to keep the one with the
// smallest round trip, forgets how the clock drifts; to keep all is a million a year.
//
// The rule: time is cut into windows, and of each window the surest sample stays. Windows are a
// minute for what is new and grow with age to a sixteenth of it, up to the window that makes at most
// WINDOWS_MAX of the whole uptime. All are powers of two and begin at multiples of themselves, so
// that windows which grow are joined two by two, and the result does not depend on when it is
// computed. There is no state but the samples kept: what a collector finds after a crash is enough.
//
// A sample that no clock within the bounds could give shows that the host's clock was set. Who sets
// a clock sets it right, and the device's own clock ran through: so all samples before are moved by
// as much, and are a little less sure from then on.

import { contradicts, driftUsMax, type UtcSample } from "./utc-sample.ts";

/** 65.5 s, two pings: about what a sample ages before the drift of its clock outweighs a round trip. */
export const WINDOW_MS_MIN = 2 ** 16;

/** Windows of the largest size in an uptime; with a year of it they are 9.3 hours. */
const WINDOWS_MAX = 1_000;

/** A sample may share its window with none that is nearer to it than about this part of its age. */
const AGE_PER_WINDOW = 16;

/** Less sure than 35 years a sample does not become, however often the host's clock is set. */
export const UNCERTAINTY_US_MAX = 2 ** 50;

/** Samples of an epoch at most: the largest windows, and 8 of each smaller size, of which there are 37 in 2^53 ms. */
export const SAMPLES_MAX = WINDOWS_MAX + 8 * 37 + 16;

/**
 * Whether `sample` says more than `newest`, the newest kept so far, does: it is the first, or comes
 * in a window of its own or is surer, or shows that the host's clock was set.
 */
export function isWorthKeeping(sample: UtcSample, newest: UtcSample | undefined): boolean {
  if (newest === undefined || contradicts(newest, sample)) return true;
  const apartMs = sample.deviceMs - newest.deviceMs;
  if (apartMs <= 0) return false; // two links were measured at a time
  const isSameWindow = isInOneWindow(newest, sample, WINDOW_MS_MIN);
  const boundUs = newest.uncertaintyUs + (isSameWindow ? 0 : driftUsMax(apartMs));
  return sample.uncertaintyUs < boundUs;
}

/** Samples before this uptime are as thin as they get, when `sample` comes after `newest`; 0 where none are. */
export function thinnedBeforeMs(newest: UtcSample, sample: UtcSample): number {
  const windowMs = windowMsMax(newest.deviceMs);
  if (windowMs !== windowMsMax(sample.deviceMs)) return 0;
  const windows = Math.floor(newest.deviceMs / windowMs) - 2 * AGE_PER_WINDOW;
  return Math.max(0, windows * windowMs);
}

/**
 * Says which samples go, by their uptime. `samples` are an epoch's, in order of uptime, either all or
 * those from `thinnedBeforeMs` on. With `keepsFirst` the first stays in any case: what was before it
 * hangs on it.
 */
export function thin(samples: readonly UtcSample[], keepsFirst: boolean): number[] {
  const kept: UtcSample[] = [];
  const dropped: number[] = [];
  const newestMs = samples.at(-1)?.deviceMs ?? 0;
  for (const sample of samples) {
    const windowMs = windowMsAt(newestMs - sample.deviceMs, newestMs);
    const before = kept.at(-1);
    if (before === undefined || !isInOneWindow(before, sample, windowMs)) {
      kept.push(sample);
    } else if (keepsFirst && kept.length === 1) {
      kept.push(sample);
    } else if (sample.uncertaintyUs < before.uncertaintyUs) {
      dropped.push(before.deviceMs);
      kept[kept.length - 1] = sample;
    } else {
      dropped.push(sample.deviceMs);
    }
  }
  return dropped;
}

/** By how much the host's clock was set, give or take how much. */
export interface ClockStep {
  readonly byUs: number;
  readonly uncertaintyUs: number;
}

/**
 * By how much all samples up to `newest` must be moved, and how much less sure they become, to agree
 * with `sample`, which comes after them; undefined where they agree as they are.
 */
export function stepBetween(newest: UtcSample, sample: UtcSample): ClockStep | undefined {
  if (!contradicts(newest, sample)) return undefined;
  const apartMs = sample.deviceMs - newest.deviceMs;
  return {
    byUs: sample.utcUs - newest.utcUs - apartMs * 1_000,
    uncertaintyUs: Math.ceil(newest.uncertaintyUs + sample.uncertaintyUs + driftUsMax(apartMs)),
  };
}

function isInOneWindow(one: UtcSample, other: UtcSample, windowMs: number): boolean {
  return Math.floor(one.deviceMs / windowMs) === Math.floor(other.deviceMs / windowMs);
}

function windowMsAt(ageMs: number, newestMs: number): number {
  return Math.min(windowMsFrom(ageMs / AGE_PER_WINDOW), windowMsMax(newestMs));
}

function windowMsMax(newestMs: number): number {
  return windowMsFrom(newestMs / WINDOWS_MAX);
}

/** The smallest window that is no shorter. */
function windowMsFrom(ms: number): number {
  let windowMs = WINDOW_MS_MIN;
  while (windowMs < ms) windowMs *= 2;
  return windowMs;
}
