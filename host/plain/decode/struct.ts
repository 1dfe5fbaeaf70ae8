// Packed structs as Python's struct module has them, in both directions.

import { VALUES_PER_FRAME_MAX } from "../limits.ts";
import { type Decoded, type PlainValue, refused } from "../value.ts";
import { halfBits, halfValue } from "./half-float.ts";
import type { StructCode, StructFormat, StructItem } from "./struct-format.ts";

/** One row for each time that the format fits into the frame, which it must fill. */
export function decodeStructRows(format: StructFormat, frame: Uint8Array): Decoded {
  const rows = frame.length / format.bytes;
  if (rows < 1 || !Number.isInteger(rows)) {
    return refused(
      `it has ${frame.length} bytes, and ${JSON.stringify(format.source)} takes ${format.bytes}`,
    );
  }
  if (rows * format.values > VALUES_PER_FRAME_MAX) {
    return refused(`it has more than ${VALUES_PER_FRAME_MAX} values`);
  }
  const decoded = Array.from({ length: rows }, (_, row) => {
    const bytes = frame.subarray(row * format.bytes, (row + 1) * format.bytes);
    return unpack(format, bytes).map(plain);
  });
  return { ok: true, value: decoded, isRows: true };
}

/** The values, as Python's struct.unpack gives them; `bytes` must have the format's length. */
export function unpack(format: StructFormat, bytes: Uint8Array): PlainValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: PlainValue[] = [];
  let position = 0;
  for (const item of format.items) {
    for (let index = 0; index < item.count; index++) {
      if (item.code !== "x") values.push(readItem(view, position, item, format.isLittleEndian));
      position += item.bytes;
    }
  }
  return values;
}

function readItem(view: DataView, at: number, item: StructItem, isLittle: boolean): PlainValue {
  const bytes = () => new Uint8Array(view.buffer, view.byteOffset + at, item.bytes);
  switch (item.code) {
    case "c":
    case "s":
      return bytes().slice();
    case "p":
      return item.bytes === 0 ? new Uint8Array() : bytes().slice(1, 1 + view.getUint8(at));
    case "?":
      return view.getUint8(at) !== 0;
    case "e":
      return halfValue(view.getUint16(at, isLittle));
    case "q":
    case "Q":
      return safely(
        item.code === "q" ? view.getBigInt64(at, isLittle) : view.getBigUint64(at, isLittle),
      );
    default:
      return NUMBERS[item.code as keyof typeof NUMBERS].get(view, at, isLittle);
  }
}

/** The values of `texts`, packed; or what is wrong with them. */
export function packTexts(format: StructFormat, texts: readonly string[]): Uint8Array | string {
  if (texts.length !== format.values) {
    return `${JSON.stringify(format.source)} takes ${format.values} values, and ${texts.length} are given`;
  }
  const packed = new Uint8Array(format.bytes);
  const view = new DataView(packed.buffer);
  let position = 0;
  let used = 0;
  for (const item of format.items) {
    for (let index = 0; index < item.count; index++) {
      const text = item.code === "x" ? "" : texts[used++]!;
      const isWritten =
        item.code === "x" || writeItem(view, position, item, text, format.isLittleEndian);
      if (!isWritten) return `${JSON.stringify(text)} is no value for "${item.code}"`;
      position += item.bytes;
    }
  }
  return packed;
}

/** False where `text` is no value of the item. */
function writeItem(
  view: DataView,
  at: number,
  item: StructItem,
  text: string,
  isLittle: boolean,
): boolean {
  const { code, bytes } = item;
  if (code === "c" || code === "s" || code === "p") return writeText(view, at, item, text);
  if (code === "?") {
    view.setUint8(at, text === "true" || text === "True" || text === "1" ? 1 : 0);
    return /^(?:true|false|[01])$/i.test(text);
  }
  if (code === "q" || code === "Q") return writeLong(view, at, code, text, isLittle);
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) return false;
  if (code === "e") view.setUint16(at, halfBits(value), isLittle);
  else NUMBERS[code as keyof typeof NUMBERS].set(view, at, value, isLittle);
  const isFloat = code === "e" || code === "f" || code === "d";
  return isFloat || (Number.isInteger(value) && fits(code, bytes, value));
}

function writeText(view: DataView, at: number, { code, bytes }: StructItem, text: string): boolean {
  const encoded = Buffer.from(text).subarray(0, code === "p" ? Math.min(bytes - 1, 255) : bytes);
  const target = new Uint8Array(view.buffer, at, bytes);
  if (code === "p" && bytes > 0) target[0] = encoded.length;
  if (bytes > 0) target.set(encoded, code === "p" ? 1 : 0);
  return code !== "c" || Buffer.byteLength(text) === 1;
}

function writeLong(
  view: DataView,
  at: number,
  code: "q" | "Q",
  text: string,
  isLittle: boolean,
): boolean {
  if (!/^-?\d{1,20}$/.test(text)) return false;
  const value = BigInt(text);
  if (code === "q") view.setBigInt64(at, value, isLittle);
  else view.setBigUint64(at, value, isLittle);
  return value === (code === "q" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value));
}

function fits(code: StructCode, bytes: number, value: number): boolean {
  const isSigned = code === code.toLowerCase();
  const range = 2 ** (8 * bytes);
  return isSigned ? value >= -range / 2 && value < range / 2 : value >= 0 && value < range;
}

/** Numbers that doubles hold exactly, as such. */
function safely(value: bigint): PlainValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Bytes that are text padded with zeros, as such: what a 10s usually is. */
function plain(value: PlainValue): PlainValue {
  if (!(value instanceof Uint8Array)) return value;
  const end = value.findLastIndex((byte) => byte !== 0) + 1;
  const text = Buffer.from(value.subarray(0, end)).toString("utf8");
  return /[\p{Cc}\ufffd]/u.test(text) ? value : text;
}

interface NumberCode {
  get(view: DataView, at: number, isLittle: boolean): number;
  set(view: DataView, at: number, value: number, isLittle: boolean): void;
}

const NUMBERS = {
  b: { get: (view, at) => view.getInt8(at), set: (view, at, value) => view.setInt8(at, value) },
  B: { get: (view, at) => view.getUint8(at), set: (view, at, value) => view.setUint8(at, value) },
  h: {
    get: (v, at, little) => v.getInt16(at, little),
    set: (v, at, x, little) => v.setInt16(at, x, little),
  },
  H: {
    get: (v, at, little) => v.getUint16(at, little),
    set: (v, at, x, little) => v.setUint16(at, x, little),
  },
  i: {
    get: (v, at, little) => v.getInt32(at, little),
    set: (v, at, x, little) => v.setInt32(at, x, little),
  },
  I: {
    get: (v, at, little) => v.getUint32(at, little),
    set: (v, at, x, little) => v.setUint32(at, x, little),
  },
  l: {
    get: (v, at, little) => v.getInt32(at, little),
    set: (v, at, x, little) => v.setInt32(at, x, little),
  },
  L: {
    get: (v, at, little) => v.getUint32(at, little),
    set: (v, at, x, little) => v.setUint32(at, x, little),
  },
  f: {
    get: (v, at, little) => v.getFloat32(at, little),
    set: (v, at, x, little) => v.setFloat32(at, x, little),
  },
  d: {
    get: (v, at, little) => v.getFloat64(at, little),
    set: (v, at, x, little) => v.setFloat64(at, x, little),
  },
} as const satisfies Record<string, NumberCode>;
