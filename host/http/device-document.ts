// A device as the API tells of it: what the store knows, and what the collector sees just now.

import type { LatestValue } from "../store/reader.ts";
import { formatTime } from "../store/rows.ts";
import type { DeviceDocument, DeviceStateDocument, LatestDocument } from "./documents.ts";
import type { StoredDevice } from "./reading/question.ts";

export function deviceDocument(
  stored: StoredDevice,
  state: DeviceStateDocument | undefined,
): DeviceDocument {
  const { name, next, firstSeenUs, lastSeenUs, storedUpToUs, gapReadings } = stored;
  const { firmware, reset, epoch, epochs, batches, readings, lastLink, channels } = stored;
  const away = { name, state: "away", links: [], next, waiting: 0, readingsPerSecond: 0 } as const;
  const latest = stored.latest.map(latestDocument);
  return {
    ...(state ?? away),
    firmware,
    reset,
    epoch,
    epochs,
    firstSeen: formatTime(firstSeenUs),
    lastSeen: formatTime(lastSeenUs),
    lastSeenUs,
    storedUpTo: storedUpToUs === null ? null : formatTime(storedUpToUs),
    storedUpToUs: storedUpToUs === null ? null : Math.round(storedUpToUs),
    batches,
    readings,
    lostReadings: gapReadings,
    lastLink,
    signal: signalOf(latest),
    channels,
    latest,
  };
}

function latestDocument({ timeUs, epoch: _, ...latest }: LatestValue): LatestDocument {
  return {
    ...latest,
    time: timeUs === null ? null : formatTime(timeUs),
    timeUs: timeUs === null ? null : Math.round(timeUs),
  };
}

/** A channel in decibels of power, or one that is called after it. */
function signalOf(latest: readonly LatestDocument[]): DeviceDocument["signal"] {
  for (const { channel, unit, value } of latest) {
    const isSignal = unit === "dBm" || unit === "dBW" || /^rssi$/i.test(channel);
    if (isSignal && typeof value === "number") return { channel, value, unit };
  }
  return null;
}
