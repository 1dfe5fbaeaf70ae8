// One line of a vector file (test/vectors/README.md), and the words in which tables are written.

import { attempt } from "../batches.ts";
import { type Bytes, fromHex, toHex } from "../numbers.ts";

export interface Entry {
  name: string;
  hex: string;
  value?: unknown;
  error?: string;
  /** Decoders take it, encoders do not make it. */
  decodeOnly?: true;
  [more: string]: unknown;
}

export interface Table {
  about: string;
  vectors: Entry[];
}

/** An entry with whatever the twin's `decode` makes of the bytes. */
export function entry<T>(
  name: string,
  bytes: Bytes | string,
  decode: (bytes: Bytes) => T,
  more: Partial<Entry> = {},
): Entry {
  const list = typeof bytes === "string" ? fromHex(bytes.replaceAll(" ", "")) : bytes;
  return { name, hex: toHex(list), ...more, ...attempt(() => decode(list)) };
}

/** The same, where the table expects a fault; a twin that finds none is wrong. */
export function invalid<T>(
  name: string,
  bytes: Bytes | string,
  decode: (bytes: Bytes) => T,
  more: Partial<Entry> = {},
): Entry {
  const made = entry(name, bytes, decode, more);
  if (made.error === undefined) throw new Error(`"${name}" should be invalid`);
  return made;
}

/** The same, where the table expects a value. */
export function valid<T>(
  name: string,
  bytes: Bytes | string,
  decode: (bytes: Bytes) => T,
  more: Partial<Entry> = {},
): Entry {
  const made = entry(name, bytes, decode, more);
  if (made.error !== undefined) throw new Error(`"${name}" should be valid: ${made.error}`);
  return made;
}

export function repeat(byte: number, count: number): Bytes {
  return new Array<number>(count).fill(byte);
}

export function ascii(text: string): Bytes {
  return Array.from(text, (character) => character.charCodeAt(0));
}
