// Text with numbers in it: each number by its place. Text without any is one value, the text itself.

import type { Decoded } from "../value.ts";

/** A number that does not begin within a word or behind a point: of "T1=21.5C" that is 21.5. */
const NUMBER = /(?<![\w.])[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/g;

export function decodeNumbers(text: string): Decoded {
  const numbers = (text.match(NUMBER) ?? []).map(Number);
  if (numbers.length === 1) return { ok: true, value: numbers[0]! };
  return { ok: true, value: numbers.length > 0 ? numbers : new Map([["text", text]]) };
}
