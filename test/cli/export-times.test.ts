// The fast times of exports against those of Date, which they stand for.

import fc from "fast-check";
import { expect, test } from "vitest";
import { IsoClock } from "../../host/cli/output/iso-clock.ts";
import { formatTime } from "../../host/store/rows.ts";

const DAY_US = 86_400_000_000;

/** Any time of a Date and beyond, and runs of times that share minutes. */
const times = fc.oneof(
  fc.double({ min: -1e19, max: 1e19, noNaN: true }).map(Math.round),
  fc.integer({ min: -DAY_US, max: DAY_US }),
  fc.integer({ min: 1_700_000_000_000_000, max: 1_700_000_120_000_000 }),
);

test("the same text, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 20 }), (run) => {
      const clock = new IsoClock();
      expect(run.map((us) => clock.format(us))).toEqual(run.map(formatTime));
    }),
    { numRuns: 2_000 },
  );
});
