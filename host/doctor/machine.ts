// Disk and clock.

import { access, constants, stat, statfs } from "node:fs/promises";
import { bytesText, roughCountText } from "../cli/output/quantity.ts";
import { type Check, note, ok, problem, reasonOf } from "./check.ts";

/** Below this a store fills up within hours. */
const FREE_BYTES_NOTE = 1_000_000_000;

/** Below this SQLite's log of one burst may not fit. */
const FREE_BYTES_PROBLEM = 100_000_000;

/** Stored bytes of a reading, typical. */
const BYTES_PER_READING = 0.6;

/** Nothing of this program is older. */
const CLOCK_MIN_MS = Date.UTC(2025, 0, 1);

/** No computer that runs this will: a clock beyond it is wrong. */
const CLOCK_MAX_MS = Date.UTC(2100, 0, 1);

/** Room and permission in the folder where a store would be made. */
export async function checkDisk(folder: string): Promise<Check> {
  try {
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return diskCheck(folder, bavail * bsize);
  } catch (error) {
    const advice = "change to a folder that you may write to, or name one with --db";
    return problem("disk", `${folder} cannot be used: ${reasonOf(error)}`, advice);
  }
}

/** What `freeBytes` in `folder` mean. */
export function diskCheck(folder: string, freeBytes: number): Check {
  const readings = roughCountText(freeBytes / BYTES_PER_READING);
  const text = `${bytesText(freeBytes)} free in ${folder}, room for about ${readings} readings`;
  const advice = "make room, or keep the store on another disk with --db";
  if (freeBytes < FREE_BYTES_PROBLEM) return problem("disk", text, advice);
  return freeBytes < FREE_BYTES_NOTE ? note("disk", text, advice) : ok("disk", text);
}

/** Readings get their time from this computer's clock. `program`: a file that was made before now. */
export async function checkClock(nowMs: number, program: URL): Promise<Check> {
  const builtMs = await stat(program).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return clockCheck(nowMs, builtMs);
}

/** Whether a clock that shows `nowMs` can be right on a program made at `builtMs`. */
export function clockCheck(nowMs: number, builtMs: number): Check {
  const time = new Date(nowMs).toISOString();
  const advice = "set the clock (NTP: `timedatectl set-ntp true`) before you collect";
  if (nowMs < CLOCK_MIN_MS || nowMs > CLOCK_MAX_MS) {
    return problem("clock", `${time} cannot be right`, advice);
  }
  if (nowMs < builtMs) {
    const built = new Date(builtMs).toISOString();
    return note("clock", `${time} is before this program was made (${built})`, advice);
  }
  return ok("clock", `${time} (UTC)`);
}
