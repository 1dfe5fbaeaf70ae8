// Format strings of Python's struct module, standard sizes only
// (docs.python.org/3/library/struct.html). Native sizes and alignment depend on the machine that
// packed the data, so "@" and a format without a prefix are refused with what to write instead.

import { FRAME_BYTES_MAX, VALUES_PER_FRAME_MAX } from "../limits.ts";

/** Standard sizes in bytes. "x" is padding; "s" and "p" take their count as a length. */
const SIZES = {
  x: 1,
  c: 1,
  b: 1,
  B: 1,
  "?": 1,
  h: 2,
  H: 2,
  e: 2,
  i: 4,
  I: 4,
  l: 4,
  L: 4,
  f: 4,
  q: 8,
  Q: 8,
  d: 8,
  s: 1,
  p: 1,
} as const;

export type StructCode = keyof typeof SIZES;

export interface StructItem {
  readonly code: StructCode;
  /** Of one value; for "s" and "p" the count. */
  readonly bytes: number;
  /** Values, or bytes of padding; 1 for "s" and "p". */
  readonly count: number;
}

export interface StructFormat {
  readonly source: string;
  readonly isLittleEndian: boolean;
  readonly items: readonly StructItem[];
  readonly bytes: number;
  readonly values: number;
}

const PREFIX_ADVICE =
  'begin the format with "<" (little-endian: what ESP32 and PCs use) or ">" (big-endian)';

/** The format, or what is wrong with it. */
export function parseStructFormat(source: string): StructFormat | string {
  const prefix = source.slice(0, 1);
  if (prefix === "@" || !"<>!=".includes(prefix) || prefix === "") {
    return `native sizes depend on the machine that packed the data; ${PREFIX_ADVICE}, in Python too`;
  }
  const items = parseItems(source.slice(1));
  if (typeof items === "string") return items;
  const bytes = sumOf(items, (item) => item.bytes * item.count);
  const values = sumOf(items, (item) => (item.code === "x" ? 0 : item.count));
  if (values === 0 || bytes === 0) return "the format has no values";
  if (values > VALUES_PER_FRAME_MAX)
    return `the format has more than ${VALUES_PER_FRAME_MAX} values`;
  if (bytes > FRAME_BYTES_MAX) return `the format takes ${bytes} bytes, more than any frame has`;
  return { source, isLittleEndian: prefix === "<" || prefix === "=", items, bytes, values };
}

function parseItems(text: string): StructItem[] | string {
  const items: StructItem[] = [];
  for (const match of text.matchAll(/\s+|(\d*)(\D)|\d+$/g)) {
    const [whole, digits, code] = match;
    if (whole.trim() === "") continue;
    if (code === undefined || code.trim() === "")
      return `the count ${whole.trim()} has no code behind it`;
    if (code === "n" || code === "N" || code === "P") {
      return `"${code}" is a native size, which depends on the machine; use "q" or "Q"`;
    }
    if (!Object.hasOwn(SIZES, code)) return `"${code}" is no code of struct`;
    const count = digits === "" ? 1 : Number(digits);
    if (!Number.isSafeInteger(count * 8)) return `the count ${digits} is too large`;
    items.push(itemOf(code as StructCode, count));
  }
  return items;
}

function itemOf(code: StructCode, count: number): StructItem {
  return code === "s" || code === "p"
    ? { code, bytes: count, count: 1 }
    : { code, bytes: SIZES[code], count };
}

function sumOf(items: readonly StructItem[], pick: (item: StructItem) => number): number {
  return items.reduce((sum, item) => sum + pick(item), 0);
}
