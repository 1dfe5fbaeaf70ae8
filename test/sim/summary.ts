// Many worlds in a few figures: how fast, how long, what befell them.

import { FAULT_KINDS, type FaultKind } from "./plan.ts";
import type { Verdict } from "./world.ts";

export class Summary {
  worlds = 0;
  virtualMs = 0;
  readings = 0;
  lives = 0;
  drainMsMax = 0;
  failed: Verdict | undefined;
  readonly #faults = new Map<FaultKind, number>();
  readonly #startedMs = performance.now();

  add(verdict: Verdict): void {
    this.worlds++;
    this.virtualMs += verdict.virtualMs;
    this.readings += verdict.readings;
    this.lives += verdict.lives;
    this.drainMsMax = Math.max(this.drainMsMax, verdict.drainMs);
    for (const [kind, count] of verdict.faults) {
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    }
    if (verdict.violation !== undefined) this.failed ??= verdict;
  }

  /** For programs. */
  toJson() {
    const seconds = (performance.now() - this.#startedMs) / 1_000;
    return {
      ok: this.failed === undefined,
      worlds: this.worlds,
      seconds: rounded(seconds),
      worldsPerSecond: rounded(this.worlds / seconds),
      simulatedHours: rounded(this.virtualMs / 3_600_000),
      timesRealTime: Math.round(this.virtualMs / 1_000 / seconds),
      readings: this.readings,
      lives: this.lives,
      longestDrainSeconds: rounded(this.drainMsMax / 1_000),
      faults: Object.fromEntries(FAULT_KINDS.map((kind) => [kind, this.#faults.get(kind) ?? 0])),
      failure: this.failed === undefined ? null : failureOf(this.failed),
    };
  }

  /** For people. */
  toText(): string {
    const json = this.toJson();
    const faults = Object.entries(json.faults).map(
      ([kind, count]) => `  ${kind.padEnd(18)} ${count.toLocaleString("en").padStart(12)}`,
    );
    return [
      `${json.worlds} worlds in ${json.seconds} s: ${json.worldsPerSecond} worlds/s`,
      `${json.simulatedHours} simulated hours: ${json.timesRealTime.toLocaleString("en")} x real time`,
      `${json.readings.toLocaleString("en")} readings taken in ${json.lives.toLocaleString("en")} lives of devices`,
      `longest drain after all was healed: ${json.longestDrainSeconds} s`,
      "faults injected:",
      ...faults,
    ].join("\n");
  }
}

/** What went wrong, and how to see it again. */
export function describeFailure({ seed, violation, hasFiles }: Verdict): string {
  const { checker, text, atMs } = violation!;
  const seconds = (atMs / 1_000).toFixed(3);
  return `world ${seed} failed at ${seconds} s (${checker}): ${text}\nsee it again: npm run sim -- --seed ${seed} --story${hasFiles ? " --files" : ""}`;
}

function failureOf({ seed, violation }: Verdict) {
  return { seed, ...violation };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
