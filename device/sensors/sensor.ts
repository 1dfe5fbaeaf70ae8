// What the sampler asks of a sensor. Drivers of real parts, the random sensor, and the simulator's
// own (host/simulator/sensors) all look like this.

import type { Channel, SampleValues } from "../../shared/channel.ts";

/** How well the sampler keeps up, since the start. */
export interface SamplingCounts {
  /** Sensors that were read noticeably after their time. */
  readonly lateSamples: number;
  /** Times at which a sensor was to be read and was not. */
  readonly missedSamples: number;
}

export interface Sensor {
  readonly channels: readonly Channel[];
  /**
   * The values now, in the order of `channels`; undefined for a value that could not be read. The
   * array may be the sensor's own and be overwritten by the next reading.
   */
  read(nowMs: number, counts?: SamplingCounts): SampleValues;
}
