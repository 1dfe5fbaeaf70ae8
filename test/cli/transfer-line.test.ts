// How far a file is, as a line for people.

import { expect, test } from "vitest";
import { progressText } from "../../host/cli/output/transfer-line.ts";

test.each([
  [{ done: 0, total: 0, bytesPerSecond: 0 }, "waits for the device"],
  [{ done: 0, total: 4_000, bytesPerSecond: 0 }, "[--------------------] 0 %, 0 B of 4.00 kB"],
  [
    { done: 1_000_000, total: 4_000_000, bytesPerSecond: 500_000 },
    "[#####---------------] 25 %, 1.00 MB of 4.00 MB, 500 kB/s, 6 s left",
  ],
  [
    { done: 10_000, total: 490_000, bytesPerSecond: 4_000 },
    "[--------------------] 2 %, 10.0 kB of 490 kB, 4.00 kB/s, 2 min 0 s left",
  ],
  [
    { done: 300, total: 300, bytesPerSecond: 1_000 },
    "[####################] 100 %, 300 B of 300 B, 1.00 kB/s, 0 s left",
  ],
])("%o", (progress, text) => {
  expect(progressText(progress)).toBe(text);
});
