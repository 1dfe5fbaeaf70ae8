// What the device's work may take on XS, and how large its firmware may be: measured here, compared by
// test/xs/budget.test.ts with what test/xs/budget.json has, and written there by `npm run budget:record`.

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { measureTasks } from "./xs.ts";

/** Figures by name: steps of the engine's meter, heap slots, bytes. Each is the same in every run. */
export type Budget = Readonly<Record<string, number>>;

const RECORD = new URL("../test/xs/budget.json", import.meta.url);
const BUNDLE = new URL("../build/main.js", import.meta.url);
const TASKS = ["encode", "stream", "serial"];

/** Runs before the one that counts: the encoder has learned its ways and rests. */
const RUNS_BEFORE = 60;

export function recordedBudget(): Budget {
  return JSON.parse(readFileSync(RECORD, "utf8")) as Budget;
}

export function recordBudget(budget: Budget): void {
  writeFileSync(RECORD, `${JSON.stringify(budget, undefined, 2)}\n`);
}

/** Bytes of the firmware's script as it was built last, as it is and packed. */
export function measureFirmware(): Budget {
  const script = readFileSync(BUNDLE);
  return { "firmware.bytes": script.length, "firmware.gzip.bytes": gzipSync(script).length };
}

/** Steps and garbage of 1,000 readings. Needs the XS engine. */
export async function measureSteps(): Promise<Budget> {
  const { costs } = await measureTasks(TASKS, { rounds: 3, runsBefore: RUNS_BEFORE });
  return Object.fromEntries(
    [...costs].flatMap(([task, { steps, garbageSlots }]) => [
      [`xs.${task}.1000-readings.steps`, steps],
      [`xs.${task}.1000-readings.garbage.slots`, garbageSlots],
    ]),
  );
}
