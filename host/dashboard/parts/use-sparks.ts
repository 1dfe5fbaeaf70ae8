// The points of a device's spark lines: asked for when the device comes into view, then as the stream
// brings them.

import { useEffect, useRef, useState } from "preact/hooks";
import type { DeviceDocument, SeriesDocument } from "../../http/documents.ts";
import { api } from "../api.ts";
import type { LiveConnection } from "../live-connection.ts";
import type { SparkPoint } from "./spark.tsx";

export const SPARK_SECONDS = 600;

const SPARK_BUCKETS = 60;

/** Two values this close are one point of a line that is 96 pixels long. */
const POINT_US = (SPARK_SECONDS * 1e6) / SPARK_BUCKETS / 2;

export type Sparks = ReadonlyMap<string, readonly SparkPoint[]>;

/** By channel; empty before the device has come into view. */
export function useSparks(
  device: DeviceDocument,
  channels: readonly string[],
  isSeen: boolean,
  live: LiveConnection,
): Sparks {
  const [sparks, setSparks] = useState<Sparks>(new Map());
  const { name } = device;
  const key = channels.join("\n");
  useEffect(() => {
    if (!isSeen || channels.length === 0) return undefined;
    const controller = new AbortController();
    const load = () => {
      const toUs = Date.now() * 1_000;
      const fromUs = toUs - SPARK_SECONDS * 1e6;
      const asked = { device: name, channels, fromUs, toUs, buckets: SPARK_BUCKETS };
      api.series(asked, controller.signal).then(
        (series) => setSparks(sparksOf(series)),
        () => undefined, // the next look may do better
      );
    };
    load();
    const end = live.listen({ handleMissed: load });
    return () => {
      end();
      controller.abort();
    };
  }, [name, key, isSeen, live]);
  return withLatest(sparks, device);
}

/** The same points with the device's last values behind them; kept until they are a step away. */
function withLatest(sparks: Sparks, { latest }: DeviceDocument): Sparks {
  const kept = useRef(new Map<string, SparkPoint[]>());
  const base = useRef(sparks);
  if (base.current !== sparks) {
    base.current = sparks;
    kept.current = new Map([...sparks].map(([name, points]) => [name, [...points]]));
  }
  for (const { channel, timeUs, value } of latest) {
    const points = kept.current.get(channel);
    if (points === undefined || timeUs === null || typeof value !== "number") continue;
    const before = points.at(-1);
    if (before !== undefined && timeUs - before.timeUs < POINT_US) continue;
    points.push({ timeUs, value });
    if (points.length > 2 * SPARK_BUCKETS) points.shift();
  }
  return kept.current;
}

function sparksOf({ channels, fromUs, toUs, buckets }: SeriesDocument): Sparks {
  const bucketUs = (toUs - fromUs) / buckets;
  return new Map(
    channels.map(({ name, mean }) => {
      const points = mean.flatMap((value, bucket): SparkPoint[] =>
        value === null ? [] : [{ timeUs: fromUs + (bucket + 0.5) * bucketUs, value }],
      );
      return [name, points];
    }),
  );
}

/** True from when the element comes into view. */
export function useSeen() {
  const place = useRef<HTMLLIElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) setSeen(true);
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  return { place, isSeen };
}
