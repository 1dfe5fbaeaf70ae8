// What the system says of a process: its memory and its processor time.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Ticks of /proc: 100 a second on every Linux there is (sysconf _SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** Resident memory; NaN where the system does not tell. */
export function residentBytes(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]) * 1_024;
  } catch {
    return residentBytesByPs(pid);
  }
}

function residentBytesByPs(pid: number): number {
  try {
    return (
      Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1_024
    );
  } catch {
    return Number.NaN;
  }
}

/** Processor time so far, of all threads; NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
