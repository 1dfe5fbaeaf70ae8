// A fleet that comes back at once, on paper.

import { expect, test } from "vitest";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { Admission } from "../../shared/session/admission.ts";

test("a burst comes in at once, the next ones are told their turns", () => {
  const admission = new Admission(100, 3);
  const answers = Array.from({ length: 6 }, () => admission.handleArrival(1_000));
  expect(answers).toEqual([0, 0, 0, 10, 20, 30]);
});

test("time fills the bucket, but not beyond the burst", () => {
  const admission = new Admission(100, 2);
  for (let count = 0; count < 5; count++) admission.handleArrival(0);
  expect(admission.handleArrival(10)).toBe(0);
  const later = Array.from({ length: 4 }, () => admission.handleArrival(60_000));
  expect(later.filter((answer) => answer === 0)).toHaveLength(2);
});

test("a device is never sent away for longer than a minute", () => {
  const admission = new Admission(1, 1);
  const answers = Array.from({ length: 500 }, () => admission.handleArrival(0));
  expect(Math.max(...answers)).toBe(60_000);
});

test("a thousand that come at once, and come back when told, are in soon, at the rate that was chosen", () => {
  const admission = new Admission(200, 50);
  const random = mulberry32(1);
  const arrivals = Array.from({ length: 1_000 }, () => 250 + 250 * random());
  const admittedMs: number[] = [];
  while (arrivals.length > 0) {
    arrivals.sort((a, b) => b - a);
    const nowMs = arrivals.pop()!;
    const retryAfterMs = admission.handleArrival(nowMs);
    if (retryAfterMs === 0) admittedMs.push(nowMs);
    else arrivals.push(nowMs + retryAfterMs * (1 + 0.5 * random())); // as device/failover.ts does
  }
  expect(admittedMs.at(-1)).toBeLessThan(15_000);
  for (let second = 0; second < 15; second++) {
    const inSecond = admittedMs.filter((ms) => Math.floor(ms / 1_000) === second).length;
    expect(inSecond).toBeLessThanOrEqual(250);
  }
});
