// Values and quantities as people read them: with a unit, and with as many digits as were measured.

import type { JsonValue } from "../../store/value.ts";

/** What formatting needs to know of a channel. */
export interface ValueFormat {
  /** One of CHANNEL_KINDS. */
  readonly kind: string;
  readonly unit: string;
  readonly resolution?: number | null;
}

/** SenML symbols (RFC 8428 12.1 and RFC 8798) that people write in another way. */
const SYMBOLS: Readonly<Record<string, string>> = {
  Cel: "°C",
  degF: "°F",
  "%RH": "% RH",
  "/": "",
  "1": "",
  "m/s2": "m/s²",
  m2: "m²",
  m3: "m³",
  "m3/s": "m³/s",
  "W/m2": "W/m²",
  "kg/m3": "kg/m³",
  count: "",
  Ohm: "Ω",
  deg: "°",
  "ug/m3": "µg/m³",
  "uS/cm": "µS/cm",
};

/** Digits of a float32 that mean something. */
const FLOAT32_DIGITS = 7;

/** Most of a text or structured value that a line for people carries. */
const TEXT_MAX = 200;

/** "21.35 °C"; "-" where there is no value. Text is not yet made printable. */
export function valueWithUnit(value: JsonValue | undefined, format: ValueFormat): string {
  const unit = unitText(format.unit);
  const text = valueText(value, format);
  if (unit === "" || value === undefined || value === null) return text;
  return unit.startsWith("°") && unit.length === 1 ? text + unit : `${text} ${unit}`;
}

/** "21.35"; "-" where there is no value. */
export function valueText(value: JsonValue | undefined, format: ValueFormat): string {
  if (value === undefined) return "-";
  if (value === null) return format.kind === "structured" ? "null" : "not a number";
  if (typeof value === "number") return numberText(value, format);
  if (typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

/** The unit as people write it; "" for none. */
export function unitText(unit: string): string {
  return Object.hasOwn(SYMBOLS, unit) ? SYMBOLS[unit]! : unit;
}

/** "1,234,567". */
export function countText(count: number): string {
  return count.toLocaleString("en");
}

/** "1 batch", "2 batches". */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** "141 million" */
export function roughCountText(count: number): string {
  const format = new Intl.NumberFormat("en", {
    notation: "compact",
    compactDisplay: "long",
    maximumSignificantDigits: 3,
  });
  return format.format(count);
}

/** "12.3 MB": powers of 1000, three digits. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let index = -1;
  do {
    value /= 1_000;
    index++;
  } while (value >= 999.5 && index < units.length - 1);
  return `${value.toPrecision(3)} ${units[index]}`;
}

function numberText(value: number, { kind, resolution }: ValueFormat): string {
  if (kind === "number" && typeof resolution === "number")
    return value.toFixed(decimalsOf(resolution));
  if (kind === "float32") return String(Number(value.toPrecision(FLOAT32_DIGITS)));
  return String(value);
}

/** Digits after the point that a multiple of `resolution` needs: 0.01 two, 0.25 two, 10 none. */
function decimalsOf(resolution: number): number {
  for (let decimals = 0; decimals < 12; decimals++) {
    const scaled = resolution * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-9 * scaled) return decimals;
  }
  return 12;
}
