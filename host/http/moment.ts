// Times in a query: ISO 8601, in UTC where no zone is given, or microseconds since 1970.

import { Problem } from "./problem.ts";

export const MOMENT_PATTERN =
  "^(?:-?\\d{1,17}|\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d\\d:\\d\\d)?)?)$";

/** Microseconds since 1970; undefined for undefined. The pattern has been checked; throws a Problem at a 31st of February. */
export function parseMoment(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d{5,}$/.test(text)) return Number(text);
  const isLocal = text.includes("T") && !/(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = Date.parse(isLocal ? `${text}Z` : text);
  if (Number.isNaN(ms))
    throw new Problem(
      400,
      "Bad request",
      `"${text}" is no time; give one such as 2026-11-22T18:00:00Z.`,
    );
  return ms * 1_000;
}
