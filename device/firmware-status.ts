// How the firmware is doing: for whoever runs it, and for the command that tells it.

import type { CborValue } from "../shared/message/cbor.ts";
import type { PathKind } from "./settings.ts";

export interface FirmwareStatus {
  readonly path: PathKind | undefined;
  readonly samples: number;
  /** Sensors that were read late, and times at which none was, because the device was busy or held back. */
  readonly lateSamples: number;
  readonly missedSamples: number;
  /** Readings that the sensors gave. */
  readonly readings: number;
  /** Readings that the host confirmed as stored. */
  readonly acknowledged: number;
  /** Readings that had to be dropped. */
  readonly gapReadings: number;
  readonly reconnects: number;
  readonly retransmissions: number;
  /** Why the collector last turned this device away; undefined once it has let it in. */
  readonly turnedAway: string | undefined;
  /** Sampling has ended and everything, gaps included, is confirmed. */
  readonly isDone: boolean;
}

/** What the command "statistics" answers. */
export function statisticsOf(
  status: FirmwareStatus,
  counts: Readonly<Record<string, number>>,
): Record<string, CborValue> {
  const { path, turnedAway, isDone: _, ...others } = status;
  return { ...others, path: path ?? null, turnedAway: turnedAway ?? null, ...counts };
}
