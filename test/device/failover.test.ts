// The policy that chooses the path: pure, so time and chance are written down here.

import { expect, test } from "vitest";
import { Failover, type FailoverAction } from "../../device/failover.ts";

const TCP = 0;
const SERIAL = 1;
const middle = () => 0.5;

function actions(failover: Failover, nowMs: number): FailoverAction[] {
  const all: FailoverAction[] = [];
  for (let next = failover.pollAction(nowMs); next; next = failover.pollAction(nowMs))
    all.push(next);
  return all;
}

test("the best path is tried first, the worse one only after a moment", () => {
  const failover = new Failover(2, middle, 0);
  expect(actions(failover, 0)).toEqual([{ kind: "open", path: TCP }]);
  expect(failover.nextDueMs()).toBe(1_000);
  expect(actions(failover, 999)).toEqual([]);
  expect(actions(failover, 1_000)).toEqual([{ kind: "open", path: SERIAL }]);
});

test("once the best path is up, worse ones are closed and left alone", () => {
  const failover = new Failover(2, middle, 0);
  actions(failover, 1_000);
  failover.handleUp(SERIAL);
  expect(failover.best).toBe(SERIAL);
  failover.handleUp(TCP);
  expect(failover.best).toBe(TCP);
  expect(actions(failover, 1_001)).toEqual([{ kind: "close", path: SERIAL }]);
  expect(failover.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
});

test("when the best path is lost the next one is tried at once", () => {
  const failover = new Failover(2, middle, 0);
  actions(failover, 0);
  failover.handleUp(TCP);
  actions(failover, 1);
  failover.handleDown(TCP, 0, 60_000);
  expect(actions(failover, 60_000)).toEqual([{ kind: "open", path: SERIAL }]);
});

test("the better path is probed, with longer and longer waits, while the worse one is in use", () => {
  const failover = new Failover(2, middle, 0);
  actions(failover, 1_000);
  failover.handleUp(SERIAL);
  let nowMs = 1_000;
  const waits: number[] = [];
  for (let failure = 0; failure < 9; failure++) {
    failover.handleDown(TCP, 0, nowMs);
    expect(failover.best).toBe(SERIAL);
    waits.push(failover.nextDueMs() - nowMs);
    nowMs = failover.nextDueMs();
    expect(actions(failover, nowMs)).toEqual([{ kind: "open", path: TCP }]);
  }
  expect(waits).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
});

test("chance spreads the waits over half their length", () => {
  const waitWith = (random: () => number) => {
    const failover = new Failover(1, random, 0);
    actions(failover, 0);
    failover.handleDown(0, 0, 0);
    return failover.nextDueMs();
  };
  expect(waitWith(() => 0)).toBe(250);
  expect(waitWith(() => 1)).toBe(500);
});

test("a collector's wish to be left alone is obeyed, and spread", () => {
  const failover = new Failover(1, middle, 0);
  actions(failover, 0);
  failover.handleUp(0);
  failover.handleDown(0, 20_000, 0);
  expect(failover.nextDueMs()).toBe(25_000);
});

test("success forgets the failures", () => {
  const failover = new Failover(1, middle, 0);
  for (let failure = 0; failure < 6; failure++) failover.handleDown(0, 0, 0);
  actions(failover, 100_000);
  failover.handleUp(0);
  failover.handleDown(0, 0, 100_000);
  expect(failover.nextDueMs()).toBe(100_375);
});

test("a path that is left out is never opened, whatever becomes of the others", () => {
  const failover = new Failover(2, middle, 0);
  failover.leaveOut(SERIAL);
  expect(actions(failover, 5_000)).toEqual([{ kind: "open", path: TCP }]);
  failover.handleUp(TCP);
  failover.handleDown(TCP, 0, 10_000); // the next one would be tried at once
  expect(actions(failover, 10_000)).toEqual([]);
  expect(actions(failover, 3_600_000)).toEqual([{ kind: "open", path: TCP }]);
  expect(failover.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
});
