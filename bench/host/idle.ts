// What a connected device costs that has nothing to say: memory of the collector, and processor time
// for the pings by which both sides know that the other is there.

import { execFileSync } from "node:child_process";
import type { Bench } from "../figure.ts";
import { CollectorProcess } from "./collector-process.ts";
import { cpuSeconds, residentBytes } from "./process.ts";
import { Task } from "./task.ts";

const DEVICES = 10_000;
const IDLE_MS = 8_000;

/** Descriptors that a process needs beside those of its connections. */
const DESCRIPTORS_SPARE = 200;

export const measureIdle: Bench = async (options) => {
  if (!options.wants("idle.10000")) return [];
  const devices = options.isQuick ? 20 : Math.min(DEVICES, descriptorsMax() - DESCRIPTORS_SPARE);
  if (!options.isQuick && devices < DEVICES) {
    options.leaveOut(`idle.10000: ${DEVICES - devices} of the devices, for lack of descriptors`);
  }
  const idleMs = options.isQuick ? 50 : IDLE_MS;
  const collector = await CollectorProcess.start();
  const before = residentBytes(collector.pid);
  const target = { host: "127.0.0.1", port: collector.port };
  let cpu = 0;
  const task = new Task<number>("fleet", { target, devices, idleMs }, (mark) => {
    cpu = cpuSeconds(collector.pid) - (mark === "begin" ? 0 : cpu);
  });
  try {
    await task.result;
    const bytes = (residentBytes(collector.pid) - before) / devices;
    const share = (100 * cpu * 1_000) / idleMs;
    return [
      { name: "idle.10000.memory", value: bytes, unit: "bytes/device" },
      { name: "idle.10000.cpu", value: share, unit: "% of a core" },
      { name: "idle.10000.base", value: before / 2 ** 20, unit: "MiB" },
    ];
  } finally {
    await task.stop();
    await collector.stop();
  }
};

/** What a child of ours may have open: Node raises its own limit to the hard one. */
function descriptorsMax(): number {
  try {
    const limit = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
    return limit === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(limit);
  } catch {
    return 256;
  }
}
