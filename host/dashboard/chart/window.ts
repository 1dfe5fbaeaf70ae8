// The time that charts show: so many seconds up to now, or from one moment to another.

export type TimeWindow =
  | { readonly kind: "live"; readonly seconds: number }
  | { readonly kind: "fixed"; readonly fromUs: number; readonly toUs: number };

export const RANGES = {
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "1h": 3_600,
  "6h": 21_600,
  "1d": 86_400,
  "7d": 604_800,
  "30d": 2_592_000,
} as const;

export type RangeName = keyof typeof RANGES;

/** Closer than this nothing is to be seen: times are in milliseconds. */
const SHORTEST_US = 100_000;

/** Of what is shown: how far a step through time goes, and how much a zoom leaves. */
const STEP = 0.5;
const ZOOM = 0.5;

export interface Bounds {
  readonly fromUs: number;
  readonly toUs: number;
}

export function boundsOf(window: TimeWindow, nowUs: number): Bounds {
  if (window.kind === "fixed") return window;
  return { fromUs: nowUs - window.seconds * 1e6, toUs: nowUs };
}

export function fixed(fromUs: number, toUs: number): TimeWindow {
  const middle = (fromUs + toUs) / 2;
  const half = Math.max(toUs - fromUs, SHORTEST_US) / 2;
  return { kind: "fixed", fromUs: Math.floor(middle - half), toUs: Math.ceil(middle + half) };
}

/** One step earlier (-1) or later (1). */
export function panned({ fromUs, toUs }: Bounds, steps: number): TimeWindow {
  const by = (toUs - fromUs) * STEP * steps;
  return fixed(fromUs + by, toUs + by);
}

/** Closer where `isIn`. A live window stays live. */
export function zoomed(window: TimeWindow, nowUs: number, isIn: boolean): TimeWindow {
  const factor = isIn ? ZOOM : 1 / ZOOM;
  if (window.kind === "live") {
    return { kind: "live", seconds: Math.max(window.seconds * factor, SHORTEST_US / 1e6) };
  }
  const { fromUs, toUs } = window;
  const middle = (fromUs + toUs) / 2;
  const half = ((toUs - fromUs) / 2) * factor;
  return fixed(middle - half, Math.min(middle + half, Math.max(toUs, nowUs)));
}
