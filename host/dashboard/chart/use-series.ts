// The readings behind a page's charts: the series of the time shown, the values that came since, and
// when to ask anew. In a live window the series is read again now and then, so what came late, out of an
// outage, stands at its true time.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { DeviceDocument, SeriesDocument, TickDocument } from "../../http/documents.ts";
import { api } from "../api.ts";
import type { LiveConnection } from "../live-connection.ts";
import { addToTail, lastBucketOf, type Tail } from "./rows.ts";
import { boundsOf, type TimeWindow } from "./window.ts";

/** A live window is read again after this share of it, and not more often than that. */
const REREAD_SHARE = 1 / 20;
const REREAD_MS_MIN = 5_000;
const REREAD_MS_MAX = 60_000;

/** Late values come in many ticks; they are asked for together. */
const LATE_MS = 700;

/** Points of a chart, whatever its width: between them nobody can see a difference. */
const BUCKETS_MIN = 200;
const BUCKETS_MAX = 1_500;

/** By channel: how far its series goes. */
type LastBuckets = ReadonlyMap<string, ReturnType<typeof lastBucketOf>>;

export interface ShownSeries {
  readonly series: SeriesDocument | undefined;
  readonly tails: ReadonlyMap<string, Tail>;
  /** Changes whenever something is new. */
  readonly version: number;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  readonly nowUs: () => number;
}

export function useSeries(
  device: DeviceDocument,
  window: TimeWindow,
  width: number,
  live: LiveConnection,
): ShownSeries {
  const [shown, setShown] = useState<Pick<ShownSeries, "series" | "error">>({
    series: undefined,
    error: undefined,
  });
  const [isLoading, setLoading] = useState(true);
  const [version, setVersion] = useState(0);
  const tails = useRef(new Map<string, Tail>());
  const offsetUs = useRef(0);
  const nowUs = useCallback(() => Date.now() * 1_000 + offsetUs.current, []);
  const { name } = device;
  const isLive = window.kind === "live";
  const key = isLive ? window.seconds : `${window.fromUs}-${window.toUs}`;
  const buckets = Math.max(BUCKETS_MIN, Math.min(BUCKETS_MAX, Math.round(width)));

  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let read: LastBuckets = new Map();
    const load = async () => {
      clearTimeout(timer);
      const { fromUs, toUs } = boundsOf(window, nowUs());
      try {
        const asked = { device: name, channels: [], fromUs, toUs, buckets };
        const series = await api.series(asked, controller.signal);
        read = lastBucketsOf(series);
        forget(tails.current, read);
        setShown({ series, error: undefined });
      } catch (error) {
        if (!controller.signal.aborted)
          setShown((before) => ({ ...before, error: error as Error }));
      }
      if (controller.signal.aborted) return;
      setLoading(false);
      if (window.kind === "live") loadIn(rereadMs(window.seconds));
    };
    const loadIn = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => void load(), ms);
    };
    const handleTick = (tick: TickDocument) => {
      offsetUs.current = tick.timeUs - Date.now() * 1_000;
      if (!isLive) return;
      if (takeValues(tails.current, tick, name, read)) loadIn(LATE_MS);
      setVersion((before) => before + 1);
    };
    const handleMissed = () => void load();
    setLoading(true);
    void load();
    const end = live.listen({ handleTick, handleMissed });
    return () => {
      end();
      clearTimeout(timer);
      controller.abort();
    };
  }, [name, key, buckets, live]);

  return { ...shown, tails: tails.current, version, isLoading, nowUs };
}

function rereadMs(seconds: number): number {
  return Math.min(REREAD_MS_MAX, Math.max(REREAD_MS_MIN, seconds * 1_000 * REREAD_SHARE));
}

/** Adds a tick's values. True where some are of a time that was read before: they came late. */
function takeValues(
  tails: Map<string, Tail>,
  { values }: TickDocument,
  device: string,
  read: LastBuckets,
): boolean {
  let isLate = false;
  for (const found of values) {
    if (found.device !== device) continue;
    for (const [channel, { timesUs, values: list }] of Object.entries(found.channels)) {
      const tail = tails.get(channel) ?? { times: [], values: [] };
      tails.set(channel, tail);
      timesUs.forEach((timeUs, index) => {
        const value = numberOf(list[index]);
        if (timeUs === null || value === undefined) return;
        const isBefore = timeUs < (read.get(channel)?.beginUs ?? 0);
        if (isBefore || timeUs / 1e6 < (tail.times.at(-1) ?? 0)) isLate = true;
        else addToTail(tail, timeUs / 1e6, value);
      });
    }
  }
  return isLate;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : undefined;
}

function lastBucketsOf(series: SeriesDocument): LastBuckets {
  return new Map(
    series.channels.map((channel) => [channel.name, lastBucketOf(series, channel)] as const),
  );
}

/** What the series has needs no tail. */
function forget(tails: Map<string, Tail>, read: LastBuckets): void {
  for (const [channel, { times, values }] of tails) {
    const endUs = read.get(channel)?.endUs ?? 0;
    const first = times.findIndex((time) => time * 1e6 >= endUs);
    const count = first < 0 ? times.length : first;
    times.splice(0, count);
    values.splice(0, count);
  }
}
