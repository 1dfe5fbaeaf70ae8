// The sampler: reads sensors when they are due. Each sensor has its own period on a grid that begins
// when the sampler does, so nothing drifts. Sensors that are due at the same time make one sample.
// After a stall one sample is taken, with the time at which it really is taken; the grid points that
// went by are counted, not made up.

import type { Channel, ChannelValue, SampleValues } from "../shared/channel.ts";
import type { SamplingCounts, Sensor } from "./sensors/sensor.ts";

/** Between two samples, unless anything else is said. */
const COMMON_PERIOD_MS = 1_000;

export interface SensorSchedule {
  readonly sensor: Sensor;
  /** The device's own period, unless given. */
  readonly periodMs?: number | undefined;
}

interface Slot {
  readonly sensor: Sensor;
  /** Follows the device's own period. */
  readonly isCommon: boolean;
  periodMs: number;
  /** Index of the sensor's first channel among all. */
  readonly firstChannel: number;
  dueMs: number;
}

/** A sample is late when a tenth of its period has gone by, but not for what a timer may be off. */
const LATE_PART = 0.1;
const LATE_MS_MIN = 20;

export class Sampler implements SamplingCounts {
  /** All channels of all sensors, in order: the device's schema. */
  readonly channels: readonly Channel[];
  /** Samples taken. */
  samples = 0;
  /** Sensors that were read noticeably after their grid point, because the device was busy or held back. */
  lateSamples = 0;
  /** Grid points that went by unused, for the same reasons. */
  missedSamples = 0;

  readonly #slots: Slot[] = [];
  readonly #values: (ChannelValue | undefined)[];

  /** `commonPeriodMs`: of sensors that have none of their own. */
  constructor(
    schedules: readonly SensorSchedule[],
    nowMs: number,
    commonPeriodMs = COMMON_PERIOD_MS,
  ) {
    const channels: Channel[] = [];
    for (const { sensor, periodMs } of schedules) {
      this.#slots.push({
        sensor,
        isCommon: periodMs === undefined,
        periodMs: periodMs ?? commonPeriodMs,
        firstChannel: channels.length,
        dueMs: nowMs,
      });
      channels.push(...sensor.channels);
    }
    this.channels = channels;
    this.#values = channels.map(() => undefined);
  }

  /** Between two samples of each channel, in the order of `channels`. */
  get periodsMs(): number[] {
    return this.#slots.flatMap(({ sensor, periodMs }) => sensor.channels.map(() => periodMs));
  }

  /** Sensors without a period of their own have this one from here on: their next samples come that much later. */
  usePeriod(periodMs: number, nowMs: number): void {
    for (const slot of this.#slots) {
      if (!slot.isCommon || slot.periodMs === periodMs) continue;
      slot.periodMs = periodMs;
      slot.dueMs = nowMs + periodMs;
    }
  }

  /** Reads all sensors, whether they are due or not, as a sample of its own; their grids stay. */
  readNow(nowMs: number): readonly (ChannelValue | undefined)[] {
    for (const { sensor, firstChannel } of this.#slots) {
      this.#put(firstChannel, sensor, sensor.read(nowMs, this));
    }
    this.samples++;
    return this.#values;
  }

  /** When the next sensor is due. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots) dueMs = Math.min(dueMs, slot.dueMs);
    return dueMs;
  }

  /**
   * Reads what is due. Returns the values of all channels, undefined for those that are not due or
   * gave nothing, in an array that the next call overwrites; or undefined where nothing is due.
   */
  handleTimeout(nowMs: number): readonly (ChannelValue | undefined)[] | undefined {
    if (nowMs < this.nextDueMs()) return undefined;
    const values = this.#values;
    for (const slot of this.#slots) this.#readSlot(slot, nowMs);
    this.samples++;
    return values;
  }

  #readSlot(slot: Slot, nowMs: number): void {
    const { sensor, firstChannel } = slot;
    const isDue = nowMs >= slot.dueMs;
    this.#put(firstChannel, sensor, isDue ? sensor.read(nowMs, this) : undefined);
    if (!isDue) return;
    const lagMs = nowMs - slot.dueMs;
    if (lagMs > Math.max(LATE_MS_MIN, LATE_PART * slot.periodMs)) this.lateSamples++;
    const periods = Math.floor(lagMs / slot.periodMs) + 1;
    this.missedSamples += periods - 1;
    slot.dueMs += periods * slot.periodMs;
  }

  #put(firstChannel: number, { channels }: Sensor, read: SampleValues | undefined): void {
    for (let index = 0; index < channels.length; index++) {
      this.#values[firstChannel + index] = read?.[index];
    }
  }
}
