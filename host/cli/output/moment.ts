// Points in time and lengths of time as people and programs have them.

import { formatTime } from "../../store/rows.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Time of a reading for people, who are told elsewhere that it is UTC: "2026-11-22 18:00:00.000", or the uptime where no UTC is known. */
export function timeText(us: number | null | undefined, uptimeMs: number): string {
  const utc = us == null ? null : formatTime(us);
  return utc === null ? uptimeText(uptimeMs) : utc.replace("T", " ").replace("Z", "");
}

/** "3 s ago"; "in 3 s" for times that another clock set. */
export function relativeTime(us: number, nowUs: number): string {
  const ms = (nowUs - us) / 1_000;
  if (Math.abs(ms) < SECOND_MS) return "now";
  return ms > 0 ? `${durationText(ms)} ago` : `in ${durationText(-ms)}`;
}

/** The largest unit alone, or two where the first is small: "45 s", "3 min", "2 h 5 min", "12 d". */
export function durationText(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return twoUnits(ms, [HOUR_MS, "h"], [MINUTE_MS, "min"]);
  return twoUnits(ms, [DAY_MS, "d"], [HOUR_MS, "h"]);
}

function twoUnits(ms: number, large: [number, string], small: [number, string]): string {
  const count = Math.floor(ms / large[0]);
  const rest = Math.floor((ms % large[0]) / small[0]);
  const head = `${count.toLocaleString("en")} ${large[1]}`;
  return rest === 0 || count >= 10 ? head : `${head} ${rest} ${small[1]}`;
}

/** A device's uptime for people: "up 0:00:12.345", "up 3 d 4:05:06.789". */
export function uptimeText(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const hours = Math.floor((ms % DAY_MS) / HOUR_MS);
  const minutes = twoDigits((ms % HOUR_MS) / MINUTE_MS);
  const seconds = twoDigits((ms % MINUTE_MS) / SECOND_MS);
  const clock = `${hours}:${minutes}:${seconds}.${String(Math.floor(ms % 1_000)).padStart(3, "0")}`;
  return days === 0 ? `up ${clock}` : `up ${days} d ${clock}`;
}

/** ISO 8601 duration in seconds: "PT12.345S". */
export function isoDuration(ms: number): string {
  return `PT${ms / 1_000}S`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
