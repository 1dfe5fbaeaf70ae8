// Patterns for text such as "T={temperature} H={humidity} {note:text}": what stands in braces is a
// value, all else must be there as it is, any blanks counting as one. Not regular expressions, for
// some of these take forever on the wrong input; this is one pass from left to right.

import { type Decoded, type PlainValue, refused } from "../value.ts";

interface Place {
  readonly name: string;
  readonly isText: boolean;
  /** What stands behind it, up to the next place. */
  readonly behind: string;
}

export interface TextPattern {
  readonly source: string;
  readonly before: string;
  readonly places: readonly Place[];
}

const PLACE = /\{([^{}:]+)(:text)?\}/g;
const NUMBER_AT_START = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/;

/** Undefined where there is no place in braces, or two stand side by side. */
export function parsePattern(source: string): TextPattern | undefined {
  const pattern = blanksJoined(source);
  const found = [...pattern.matchAll(PLACE)];
  const places = found.map((match, index) => {
    const end = match.index + match[0].length;
    const behind = pattern.slice(end, found[index + 1]?.index);
    return { name: match[1]!, isText: match[2] !== undefined, behind };
  });
  const isClear = places.every(({ behind }, index) => behind !== "" || index === places.length - 1);
  if (places.length === 0 || !isClear) return undefined;
  return { source, before: pattern.slice(0, found[0]!.index), places };
}

export function matchPattern({ source, before, places }: TextPattern, text: string): Decoded {
  const misfit = refused(`it does not look like ${JSON.stringify(source)}`);
  let rest = blanksJoined(text).trim();
  if (!rest.startsWith(before)) return misfit;
  rest = rest.slice(before.length);
  const values = new Map<string, PlainValue>();
  for (const { name, isText, behind } of places) {
    const length = isText ? textLength(rest, behind) : NUMBER_AT_START.exec(rest)?.[0].length;
    if (length === undefined || !rest.startsWith(behind, length)) return misfit;
    const taken = rest.slice(0, length);
    values.set(name, isText ? taken : Number(taken));
    rest = rest.slice(length + behind.length);
  }
  return rest === "" ? { ok: true, value: values } : misfit;
}

/** Up to what stands behind it, or all there is; undefined where that does not come. */
function textLength(rest: string, behind: string): number | undefined {
  if (behind === "") return rest.length;
  const found = rest.indexOf(behind);
  return found < 0 ? undefined : found;
}

function blanksJoined(text: string): string {
  return text.replace(/\s+/g, " ");
}
