// What a person should know of a device before all else, and in which order devices stand.

import type { DeviceDocument } from "../../http/documents.ts";
import { agoText, countText } from "../format.ts";
import type { Speech } from "../words/words.ts";

/** Records that wait while a device streams: a few are always on their way. */
export const WAITING_USUAL = 8;

/** A device that was never heard of again is not a warning for ever. */
const AWAY_US_MAX = 7 * 86_400e6;

export function warningsOf(device: DeviceDocument, nowUs: number, speech: Speech): string[] {
  const { words, language } = speech;
  const { state, waiting, lostReadings, lastSeenUs } = device;
  const warnings: string[] = [];
  if (state === "away" && nowUs - lastSeenUs < AWAY_US_MAX) {
    warnings.push(words.warnings.away(agoText(lastSeenUs, nowUs, speech)));
  }
  if (waiting > WAITING_USUAL) warnings.push(words.warnings.waiting(countText(waiting, language)));
  if (lostReadings > 0) warnings.push(words.warnings.lost(countText(lostReadings, language)));
  return warnings;
}

/** 2 for what needs a person, 1 for what may, 0 for what is well. */
function urgencyOf({ state, waiting, lostReadings, lastSeenUs }: DeviceDocument, nowUs: number) {
  if (state === "away") return nowUs - lastSeenUs < AWAY_US_MAX ? 2 : 0;
  return waiting > WAITING_USUAL || lostReadings > 0 ? 1 : 0;
}

/** Warnings first, then by name as people count: 2 before 10. */
export function ordered(devices: readonly DeviceDocument[], nowUs: number): DeviceDocument[] {
  return [...devices].sort(
    (a, b) =>
      urgencyOf(b, nowUs) - urgencyOf(a, nowUs) ||
      a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
}
