// JSON to values: objects become maps, so that a key such as "__proto__" is a key like any other.

import { DEPTH_MAX } from "../limits.ts";
import { type Decoded, type PlainValue, refused } from "../value.ts";

export function decodeJson(text: string): Decoded {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const hint = /\b(?:NaN|Infinity)\b/.test(text)
      ? " (NaN and Infinity, which Python writes, are not JSON: send null)"
      : "";
    return refused(`it is not JSON: ${(error as Error).message}${hint}`);
  }
  const value = plainValueOf(parsed, DEPTH_MAX);
  return value === undefined
    ? refused(`its values are nested deeper than ${DEPTH_MAX}`)
    : { ok: true, value };
}

/** Undefined where it is nested too deep. */
function plainValueOf(parsed: unknown, depthLeft: number): PlainValue | undefined {
  if (typeof parsed !== "object" || parsed === null) return parsed as PlainValue;
  if (depthLeft === 0) return undefined;
  const keys = Array.isArray(parsed) ? undefined : Object.keys(parsed);
  const items: PlainValue[] = [];
  for (const item of Object.values(parsed)) {
    const value = plainValueOf(item, depthLeft - 1);
    if (value === undefined) return undefined;
    items.push(value);
  }
  return keys === undefined ? items : new Map(keys.map((key, index) => [key, items[index]!]));
}
