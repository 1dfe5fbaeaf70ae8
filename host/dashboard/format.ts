// Numbers, units and times as people read them, in the language of the page.

import type { ChannelDocument } from "../http/documents.ts";
import type { JsonValue } from "../store/value.ts";
import type { Speech } from "./words/words.ts";

/** SenML symbols (RFC 8428 12.1) that people write in another way. */
const SYMBOLS: Readonly<Record<string, string>> = {
  Cel: "°C",
  degF: "°F",
  "%RH": "% RH",
  "/": "",
  "1": "",
  "m/s2": "m/s²",
  m2: "m²",
  m3: "m³",
  "W/m2": "W/m²",
  count: "",
  Ohm: "Ω",
  deg: "°",
};

type Format = Pick<ChannelDocument, "kind" | "resolution">;

export function unitText(unit: string): string {
  return Object.hasOwn(SYMBOLS, unit) ? SYMBOLS[unit]! : unit;
}

/** Without its unit, with as many digits as were measured. */
export function valueText(
  value: JsonValue | undefined,
  format: Format | undefined,
  language: string,
) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return numberText(value, format, language);
  return typeof value === "string" || typeof value === "boolean"
    ? String(value)
    : JSON.stringify(value);
}

function numberText(value: number, format: Format | undefined, language: string): string {
  const decimals = format?.kind === "number" ? decimalsOf(format.resolution ?? 1) : undefined;
  const options =
    decimals === undefined
      ? { maximumSignificantDigits: 7 }
      : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString(language, options);
}

/** Digits after the point that a multiple of `resolution` needs. */
function decimalsOf(resolution: number): number {
  for (let decimals = 0; decimals < 9; decimals++) {
    const scaled = resolution * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-9 * scaled) return decimals;
  }
  return 9;
}

/** "1,234,567" */
export function countText(count: number, language: string): string {
  return Math.round(count).toLocaleString(language);
}

/** "12.3k": at most three digits. */
export function shortCount(count: number, language: string): string {
  return count.toLocaleString(language, { notation: "compact", maximumSignificantDigits: 3 });
}

/** "12.3 MB" */
export function bytesText(bytes: number, language: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const index = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return (bytes / 1_000 ** index).toLocaleString(language, {
    style: "unit",
    unit: units[index]!,
    maximumSignificantDigits: 3,
  });
}

const STEPS = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
  { unit: "second", seconds: 1 },
] as const;

/** "5 minutes ago" */
export function agoText(timeUs: number, nowUs: number, { language, words }: Speech): string {
  const seconds = (nowUs - timeUs) / 1e6;
  if (seconds < 2) return words.agoNow;
  const { unit, seconds: step } = STEPS.find((candidate) => seconds >= candidate.seconds)!;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
  return format.format(-Math.floor(seconds / step), unit);
}

/** "2 h 5 min" */
export function durationText(seconds: number, language: string): string {
  const index = STEPS.findIndex((step) => seconds >= step.seconds);
  const parts = STEPS.slice(index < 0 ? STEPS.length - 1 : index).slice(0, 2);
  let rest = seconds;
  const texts = parts.map(({ unit, seconds: step }) => {
    const count = Math.floor(rest / step);
    rest -= count * step;
    return count.toLocaleString(language, { style: "unit", unit, unitDisplay: "narrow" });
  });
  return texts.join(" ");
}

/** "± 3.9 ms" without its sign. */
export function uncertaintyText(us: number, language: string): string {
  const isLong = us >= 1e6;
  return (us / (isLong ? 1e6 : 1e3)).toLocaleString(language, {
    style: "unit",
    unit: isLong ? "second" : "millisecond",
    maximumSignificantDigits: 2,
  });
}

/** Date and time of this computer's zone. */
export function momentText(
  timeUs: number | null,
  language: string,
  withMs = false,
): string | undefined {
  if (timeUs === null) return undefined;
  return new Date(timeUs / 1_000).toLocaleString(language, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    ...(withMs && { fractionalSecondDigits: 3 }),
  });
}
