// Lets host/collector/collector.ts run on virtual time as it is. It asks Node for the time
// (performance.now, Date.now), for timers (setInterval, setImmediate), for tokens (randomInt); while a world
// runs, these give the world's. Otherwise, and for everyone else, they are what they always were.

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Chance } from "./chance.ts";
import type { Alarm, VirtualClock } from "./clock.ts";

/** 2026-01-01T00:00:00Z, in ms. */
const UTC_AT_START_MS = 1_767_225_600_000;

/** Where a world's collector has its time and chance from. */
export class VirtualHost {
  /** What an administrator, or NTP, added to the host's UTC. */
  utcStepMs = 0;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly #intervals = new Set<Interval>();
  readonly #soon = new Set<Alarm>();

  constructor(clock: VirtualClock, chance: Chance) {
    this.clock = clock;
    this.chance = chance;
  }

  get utcMs(): number {
    return UTC_AT_START_MS + this.utcStepMs + Math.floor(this.clock.nowMs);
  }

  every(callback: () => void, periodMs: number): Interval {
    const interval = new Interval(this.clock, callback, periodMs);
    this.#intervals.add(interval);
    return interval;
  }

  /** As `setImmediate`. */
  soon(callback: () => void): Alarm {
    const alarm = this.clock.after(0, () => {
      this.#soon.delete(alarm);
      callback();
    });
    this.#soon.add(alarm);
    return alarm;
  }

  /** The process died, and its timers with it. */
  stopIntervals(): void {
    for (const interval of this.#intervals) interval.stop();
    this.#intervals.clear();
    for (const alarm of this.#soon) this.clock.cancel(alarm);
    this.#soon.clear();
  }
}

class Interval {
  readonly #clock: VirtualClock;
  readonly #callback: () => void;
  readonly #periodMs: number;
  #alarm: Alarm | undefined;

  constructor(clock: VirtualClock, callback: () => void, periodMs: number) {
    this.#clock = clock;
    this.#callback = callback;
    this.#periodMs = periodMs;
    this.#arm();
  }

  stop(): void {
    this.#clock.cancel(this.#alarm);
  }

  #arm(): void {
    this.#alarm = this.#clock.after(this.#periodMs, () => {
      this.#arm();
      this.#callback();
    });
  }
}

/** Whose time it is; undefined while no world runs. */
let current: VirtualHost | undefined;

/** Gives Node's clocks, timers and chance to `host`, or back where it is undefined. */
export function useVirtualHost(host: VirtualHost | undefined): void {
  current = host;
}

/** Puts the virtual globals in place. Returns what takes them away again. */
export function installVirtualGlobals(): () => void {
  const real = {
    performanceNow: performance.now,
    dateNow: Date.now,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    randomInt: crypto.randomInt,
    setImmediate: globalThis.setImmediate,
  };
  globalThis.setImmediate = ((callback: () => void) =>
    current?.soon(callback) ?? real.setImmediate(callback)) as typeof setImmediate;
  performance.now = () => current?.clock.nowMs ?? real.performanceNow.call(performance);
  Date.now = () => current?.utcMs ?? real.dateNow();
  globalThis.setInterval = ((callback: () => void, periodMs: number) =>
    current?.every(callback, periodMs) ??
    real.setInterval(callback, periodMs)) as typeof setInterval;
  globalThis.clearInterval = ((timer: Parameters<typeof clearInterval>[0]) =>
    (timer as unknown) instanceof Interval
      ? (timer as unknown as Interval).stop()
      : real.clearInterval(timer)) as typeof clearInterval;
  setRandomInt(
    ((min: number, max: number) =>
      current?.chance.integer(min, max - 1) ?? real.randomInt(min, max)) as typeof crypto.randomInt,
  );
  return () => {
    performance.now = real.performanceNow;
    Date.now = real.dateNow;
    globalThis.setInterval = real.setInterval;
    globalThis.clearInterval = real.clearInterval;
    setRandomInt(real.randomInt);
    globalThis.setImmediate = real.setImmediate;
  };
}

/** Modules import `randomInt` by name; the names of built-in modules follow their object when told to. */
function setRandomInt(randomInt: typeof crypto.randomInt): void {
  crypto.randomInt = randomInt;
  syncBuiltinESMExports();
}
