// Simulated worlds in CI: the same seeds each time, others for each commit, those that failed once, and
// the planted bugs that must be found. docs/SIMULATION.md.

import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUGS, worldsToFind } from "./sabotage/bugs.ts";
import { hunt } from "./sabotage/hunt.ts";
import { SCENARIOS } from "./scenarios.ts";
import { Simulator } from "./simulator.ts";
import { describeFailure, Summary } from "./summary.ts";

const WORLDS = 2_000;
const WORLDS_PER_TEST = 250;
const FIXED_FIRST = 1;
const TIMEOUT_MS = 240_000;

/** Seeds of this commit: the same for whoever checks it out. */
function firstSeedOfCommit(): number {
  const root = new URL("../../", import.meta.url);
  try {
    const head = execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" });
    return Number.parseInt(head.slice(0, 8), 16);
  } catch {
    return 1_000_000; // a source archive has no commit
  }
}

let simulator: Simulator;

/** Runs the worlds from seed `first` on. Returns what failed, with how to see it again. */
async function failureAmong(first: number, count: number): Promise<string | undefined> {
  const summary = new Summary();
  for (let seed = first; seed < first + count; seed++) {
    const verdict = await simulator.run({ seed });
    summary.add(verdict);
    if (verdict.violation !== undefined) return describeFailure(verdict);
  }
  return undefined;
}

describe("worlds", () => {
  beforeAll(() => {
    simulator = new Simulator();
  });
  afterAll(() => simulator.dispose());

  describe.each([
    { seeds: "fixed", base: FIXED_FIRST },
    { seeds: "of this commit", base: firstSeedOfCommit() },
  ])("with seeds that are $seeds, from $base on", ({ base }) => {
    const starts = Array.from(
      { length: WORLDS / WORLDS_PER_TEST },
      (_, index) => base + index * WORLDS_PER_TEST,
    );
    test.each(starts)(
      `everything is as promised: ${WORLDS_PER_TEST} worlds from seed %i on`,
      async (first) => {
        expect(await failureAmong(first, WORLDS_PER_TEST)).toBeUndefined();
      },
      TIMEOUT_MS,
    );
  });

  describe("that failed once", () => {
    test.each(SCENARIOS)("$name (seed $seed)", async ({ seed }) => {
      expect(await failureAmong(seed, 1)).toBeUndefined();
    });
  });

  test("are the same each time, byte for byte", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const once = await simulator.run({ seed, isTold: true });
      const again = await simulator.run({ seed, isTold: true });
      expect(again).toEqual(once);
    }
  });

  test("leave the clocks and timers of others alone", async () => {
    const before = Date.now();
    await simulator.run({ seed: 1 });
    expect(Date.now() - before).toBeLessThan(TIMEOUT_MS);
    expect(await new Promise((resolve) => setTimeout(() => resolve("woken"), 1))).toBe("woken");
  });
});

describe("planted bugs are found", () => {
  test.each(BUGS)(
    "$name",
    async (bug) => {
      const { found } = await hunt(bug, FIXED_FIRST, worldsToFind(bug));
      expect(found?.violation).toBeDefined();
    },
    TIMEOUT_MS,
  );
});
