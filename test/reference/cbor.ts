// The reference twin's CBOR: the part of RFC 8949 that PROTOCOL 4.1 allows, to and from the notation
// in which the vectors write values (test/vectors/README.md).

import {
  type Bytes,
  bigEndian,
  fromBigEndian,
  fromHex,
  SAFE_MAX,
  Source,
  toHex,
} from "./numbers.ts";

const DEPTH_MAX = 8;
const ITEMS_MAX = 1_024;

/** A value as the vectors write it. */
export type Notation =
  | number
  | string
  | boolean
  | null
  | { float: "NaN" | "Infinity" | "-Infinity" | "-0" }
  | { bytes: string }
  | { map: [string, Notation][] }
  | Notation[];

/** The notation of a JavaScript number. */
export function numberNotation(value: number): Notation {
  if (Object.is(value, -0)) return { float: "-0" };
  if (Number.isFinite(value)) return value;
  return { float: String(value) as "NaN" | "Infinity" | "-Infinity" };
}

/** The entries of a map; undefined for any other value. */
export function entriesOf(value: Notation): [string, Notation][] | undefined {
  const isMap = value !== null && typeof value === "object" && !Array.isArray(value);
  return isMap && "map" in value ? value.map : undefined;
}

/** The inverse of `numberNotation`. */
export function numberOf(notation: Notation): number {
  if (typeof notation === "number") return notation;
  return Number((notation as { float: string }).float);
}

export function encodeCbor(value: Notation): Bytes {
  if (value === false) return [0xf4];
  if (value === true) return [0xf5];
  if (value === null) return [0xf6];
  if (typeof value === "number") return encodeNumber(value);
  if (typeof value === "string") return encodeText(value);
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(encodeCbor)];
  if ("bytes" in value) return [...head(2, value.bytes.length / 2), ...fromHex(value.bytes)];
  if ("map" in value) {
    const entries = value.map.flatMap(([key, item]) => [...encodeText(key), ...encodeCbor(item)]);
    return [...head(5, value.map.length), ...entries];
  }
  return encodeNumber(numberOf(value));
}

function encodeText(text: string): Bytes {
  const bytes = [...new TextEncoder().encode(text)];
  return [...head(3, bytes.length), ...bytes];
}

/** Whole numbers as integers, also -0; others as float32 where that is exact, else float64. */
function encodeNumber(value: number): Bytes {
  if (Number.isSafeInteger(value)) return value < 0 ? head(1, -1 - value) : head(0, value);
  const isExact = Object.is(Math.fround(value), value);
  return isExact ? [0xfa, ...floatBytes(value, 4)] : [0xfb, ...floatBytes(value, 8)];
}

/** IEEE 754, big-endian. */
export function floatBytes(value: number, count: 4 | 8): Bytes {
  const view = new DataView(new ArrayBuffer(count));
  if (count === 4) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return [...new Uint8Array(view.buffer)];
}

export function floatOf(bytes: Bytes): number {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return bytes.length === 4 ? view.getFloat32(0) : view.getFloat64(0);
}

/** A data item's first bytes, in their shortest form. */
function head(major: number, argument: number): Bytes {
  const initial = 32 * major;
  if (argument < 24) return [initial + argument];
  if (argument < 2 ** 8) return [initial + 24, argument];
  if (argument < 2 ** 16) return [initial + 25, ...bigEndian(argument, 2)];
  if (argument < 2 ** 32) return [initial + 26, ...bigEndian(argument, 4)];
  return [initial + 27, ...bigEndian(argument, 8)];
}

/** The one item that `bytes` are; anything else is a fault. */
export function decodeCbor(bytes: Bytes): Notation {
  const source = new Source(bytes, "malformed");
  const value = decodeItem(source, { left: ITEMS_MAX }, 1);
  source.end();
  return value;
}

function decodeItem(source: Source, items: { left: number }, depth: number): Notation {
  if (depth > DEPTH_MAX || items.left-- === 0) source.fail();
  const initial = source.byte();
  const major = Math.floor(initial / 32);
  const info = initial % 32;
  if (major === 7) return decodeSimple(source, info);
  const argument = decodeArgument(source, info);
  switch (major) {
    case 0:
      return Number(argument);
    case 1:
      return argument === SAFE_MAX ? source.fail() : Number(-1n - argument);
    case 2:
      return { bytes: toHex(source.take(Number(argument))) };
    case 3:
      return decodeText(source, Number(argument));
    case 4: {
      const list: Notation[] = [];
      for (let index = 0n; index < argument; index++)
        list.push(decodeItem(source, items, depth + 1));
      return list;
    }
    case 5:
      return decodeMap(source, items, depth, argument);
    default:
      return source.fail(); // tags
  }
}

function decodeMap(
  source: Source,
  items: { left: number },
  depth: number,
  count: bigint,
): Notation {
  const entries: [string, Notation][] = [];
  for (let index = 0n; index < count; index++) {
    const key = decodeItem(source, items, depth + 1);
    if (typeof key !== "string" || entries.some(([other]) => other === key)) return source.fail();
    entries.push([key, decodeItem(source, items, depth + 1)]);
  }
  return { map: entries };
}

function decodeText(source: Source, length: number): string {
  const text = textOf(source.take(length));
  return text === undefined || text.startsWith("\ufeff") ? source.fail() : text;
}

/** The text in well-formed UTF-8, else undefined. */
export function textOf(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes),
    );
  } catch {
    return undefined;
  }
}

function decodeSimple(source: Source, info: number): Notation {
  if (info === 20) return false;
  if (info === 21) return true;
  if (info === 22) return null;
  if (info === 26) return numberNotation(floatOf(source.take(4)));
  if (info === 27) return numberNotation(floatOf(source.take(8)));
  return source.fail();
}

function decodeArgument(source: Source, info: number): bigint {
  if (info < 24) return BigInt(info);
  if (info > 27) source.fail();
  const byteCount = 2 ** (info - 24);
  const argument = fromBigEndian(source.take(byteCount));
  const isShortest = argument >= (info === 24 ? 24n : 2n ** BigInt(4 * byteCount));
  return isShortest && argument <= SAFE_MAX ? argument : source.fail();
}
