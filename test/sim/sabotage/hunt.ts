// Plants one bug and runs worlds until a checker finds it.

import { type Bug, Simulator } from "../simulator.ts";
import type { Verdict } from "../world.ts";

export interface Hunt {
  readonly bug: string;
  /** Worlds that were run, the last of which found it. */
  readonly worlds: number;
  /** The verdict that found it; undefined where it escaped. */
  readonly found: Verdict | undefined;
}

/** Runs the worlds from seed `first` on, `worldsMax` at most. */
export async function hunt(bug: Bug, first: number, worldsMax: number): Promise<Hunt> {
  const simulator = new Simulator(bug);
  try {
    for (let worlds = 1; worlds <= worldsMax; worlds++) {
      const verdict = await simulator.run({ seed: first + worlds - 1 });
      if (verdict.violation !== undefined) return { bug: bug.name, worlds, found: verdict };
    }
    return { bug: bug.name, worlds: worldsMax, found: undefined };
  } finally {
    simulator.dispose();
  }
}
