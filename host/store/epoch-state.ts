// What the writer keeps in memory of an epoch: where it stands, how its batches decode, and the last
// value of each of its channels.

import type { Channel } from "../../shared/channel.ts";
import type { UtcSample } from "../time/utc-sample.ts";
import type { BatchChecksum } from "./checksum.ts";
import type { JsonValue } from "./value.ts";

/** The last value of one channel within an epoch. */
export interface LatestReading {
  readonly channelId: number;
  readonly name: string;
  ms: number;
  value: JsonValue;
  /** Set since the last commit was told. */
  isFresh: boolean;
  /** Not yet in the latest table. */
  isUnsaved: boolean;
}

/** One of the epoch's schemas. */
export interface EpochSchema {
  readonly id: number;
  readonly hash: number;
  /** Devices with the same schema share them. */
  readonly channels: readonly Channel[];
  /**
   * By column; undefined until a batch needs them, for most devices of a fleet are silent. Schemas of
   * one epoch that name the same channel share its reading.
   */
  readings: readonly LatestReading[] | undefined;
}

export interface EpochState {
  readonly id: number;
  readonly deviceId: number;
  readonly device: string;
  readonly checksum: BatchChecksum;
  /** Every record before this one is accounted for. */
  next: number;
  /** What its records hold. */
  batches: number;
  readings: number;
  gapReadings: number;
  /** Device uptime at the end of the last batch; -1 before the first. */
  lastMs: number;
  /** The newest sample of its clock; undefined before there is one. */
  clock: UtcSample | undefined;
  /** By the epoch's number for them. */
  readonly schemas: Map<number, EpochSchema>;
  /** By channel id; undefined until a batch comes. */
  latest: Map<number, LatestReading> | undefined;
  /** The latest table covers the records before this one. */
  latestNext: number;
  /** When a record last came; 0 where none has since the state was loaded. */
  receivedUs: number;
}
