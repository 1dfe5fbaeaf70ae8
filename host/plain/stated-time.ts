// Times as clients write them.

import type { Scalar } from "./row.ts";

/** From here on a number counts milliseconds, and microseconds: as seconds it would be the year 5138. */
const MS_MIN = 1e11;
const US_MIN = 1e14;

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Milliseconds since 1970, whole; undefined where it is no time. A text without a zone is UTC. */
export function timeOf(value: Scalar | undefined): number | undefined {
  if (typeof value === "number") return value > 0 ? Math.round(value / unitOf(value)) : undefined;
  if (typeof value !== "string") return undefined;
  const match = ISO.exec(value);
  if (match === null) return undefined;
  const text = value.replace(" ", "T").replace(",", ".");
  const ms = Date.parse(match[1] === undefined ? `${text}Z` : text);
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}

/** How many of the number's units a millisecond has. */
function unitOf(value: number): number {
  if (value >= US_MIN) return 1_000;
  return value >= MS_MIN ? 1 : 1 / 1_000;
}
