// Whether the collector's memory stays what it is under a steady load.

import type { Bench } from "../figure.ts";
import { CollectorProcess } from "./collector-process.ts";
import { residentBytes } from "./process.ts";
import { Task } from "./task.ts";

const MEBIBYTE = 2 ** 20;
const SAMPLES = 60;

/** Until SQLite's cache of pages is full, which is most of what a collector comes to need under load. */
const WARM_UP_MS = 25_000;

export const measureMemory: Bench = async ({ isQuick, minutes, wants }) => {
  if (!wants("memory")) return [];
  const measureMs = isQuick ? 300 : minutes * 60_000;
  const collector = await CollectorProcess.start();
  const seen: { readonly minute: number; readonly mebibytes: number }[] = [];
  const look = () => {
    const mebibytes = residentBytes(collector.pid) / MEBIBYTE;
    seen.push({ minute: performance.now() / 60_000, mebibytes });
  };
  let timer: NodeJS.Timeout | undefined;
  const task = new Task(
    "load",
    {
      target: { kind: "tcp", host: "127.0.0.1", port: collector.port },
      connections: 100,
      readings: 60,
      batchesPerSecond: isQuick ? 100 : 10_000,
      warmUpMs: isQuick ? 50 : WARM_UP_MS,
      measureMs,
    },
    (mark) => {
      look();
      if (mark === "begin") timer = setInterval(look, measureMs / SAMPLES);
      else clearInterval(timer);
    },
  );
  try {
    await task.result;
    return [
      { name: "memory.begin", value: seen[0]!.mebibytes, unit: "MiB" },
      { name: "memory.end", value: seen.at(-1)!.mebibytes, unit: "MiB" },
      { name: "memory.slope", value: slopeOf(seen), unit: "MiB/minute" },
    ];
  } finally {
    clearInterval(timer);
    await task.stop();
    await collector.stop();
  }
};

/** Of the line with the least squares of distances. */
function slopeOf(seen: readonly { readonly minute: number; readonly mebibytes: number }[]): number {
  const mean = (of: (look: (typeof seen)[number]) => number) =>
    seen.reduce((sum, look) => sum + of(look), 0) / seen.length;
  const [minute, mebibytes] = [mean((look) => look.minute), mean((look) => look.mebibytes)];
  const joint = mean((look) => (look.minute - minute) * (look.mebibytes - mebibytes));
  return joint / mean((look) => (look.minute - minute) ** 2);
}
