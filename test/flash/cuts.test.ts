// Power fails at any byte of anything the log writes, again and again: what was appended stays, in
// order, nothing else appears, and what was acknowledged is at worst there once more.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Life, type Operation } from "./life.ts";
import { SimulatedFlash, TEARS } from "./simulated-flash.ts";

/** Small blocks, so that a short script goes round them several times. */
const BLOCK_BYTES = 272;
const BLOCKS = 4;
const BODY_BYTES_MAX = 120;

function append(bytes: number, readings = bytes): Operation {
  return { kind: "append", bytes, readings };
}

/** Every kind of write: batches and gaps, acknowledgements, turns of the ring, a full log, epochs within a block. */
const SCRIPT: readonly Operation[] = [
  ...[20, 1, 120, 33].map((bytes) => append(bytes)),
  { kind: "append", bytes: 0, readings: 40_000, gap: 0, count: 300 },
  { kind: "begin-epoch" },
  append(64),
  { kind: "acknowledge-other" },
  append(64),
  { kind: "acknowledge", records: 3 },
  { kind: "flush" },
  { kind: "reboot" },
  ...[90, 90, 90, 90, 90, 90].map((bytes) => append(bytes)),
  { kind: "acknowledge", records: 9 },
  { kind: "acknowledge", records: 9 },
  ...[7, 8, 9, 10, 11, 12].map((bytes) => append(bytes)),
  { kind: "acknowledge", records: 4 },
  append(110),
  append(110),
  append(110),
  { kind: "acknowledge", records: 20 },
  { kind: "flush" },
  ...[50, 50, 50, 50, 50].map((bytes) => append(bytes)),
  { kind: "acknowledge", records: 20 },
  append(3),
];

/** What a device does after a cut; every write of it is cut, too. */
const AFTERWARDS: readonly Operation[] = [
  append(30),
  append(100),
  { kind: "acknowledge", records: 2 },
  append(60),
  { kind: "flush" },
];

const blank = new SimulatedFlash(BLOCK_BYTES, BLOCKS);

/** Steps that the operations take from where the flash stands, up to the first cut. */
function stepsOf(flash: SimulatedFlash, operations: readonly Operation[]): number {
  const life = new Life(flash.clone(1), BODY_BYTES_MAX);
  for (const operation of operations) life.run(operation);
  return life.flash.steps;
}

test("the script goes round the blocks and meets a full log", () => {
  const life = new Life(blank.clone(1), BODY_BYTES_MAX);
  let refused = 0;
  for (const operation of SCRIPT) {
    const before = life.kept;
    life.run(operation);
    if (operation.kind === "append" && life.kept === before) refused++;
    life.checkLive();
  }
  expect(refused).toBeGreaterThan(0);
  expect(Math.min(...life.flash.eraseCounts)).toBeGreaterThan(1);
});

test.each(TEARS)("a cut at every byte, torn by the %s, and then life goes on", (tear) => {
  const steps = stepsOf(blank, SCRIPT);
  for (let cut = 0; cut < steps; cut++) {
    const life = new Life(blank.clone(cut), BODY_BYTES_MAX);
    life.flash.cutAfter(cut, tear);
    expect(life.runUntilCut(SCRIPT), `cut ${cut}`).toBe(true);
    life.boot();
    for (const operation of AFTERWARDS) life.run(operation);
    life.boot();
  }
  console.log(`${steps} cuts, torn by the ${tear}`);
});

test.each(TEARS)("a second cut at every byte of what follows a first, torn by the %s", (tear) => {
  const steps = stepsOf(blank, SCRIPT);
  let cuts = 0;
  for (let first = 0; first < steps; first += 41) {
    for (let second = 0; ; second++) {
      const life = new Life(blank.clone(first + second), BODY_BYTES_MAX);
      life.flash.cutAfter(first, tear);
      life.runUntilCut(SCRIPT);
      life.flash.cutAfter(second, tear);
      if (!life.runUntilCut(AFTERWARDS)) break;
      for (const operation of AFTERWARDS) life.run(operation);
      life.boot();
      cuts++;
    }
  }
  console.log(`${cuts} pairs of cuts, torn by the ${tear}`);
  expect(cuts).toBeGreaterThan(10_000);
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      bytes: fc.integer({ min: 1, max: BODY_BYTES_MAX }),
      readings: fc.oneof(
        fc.nat(500),
        fc.maxSafeNat().map((count) => Math.floor(count / 1e6)),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      bytes: fc.constant(0),
      readings: fc.nat(1e6),
      gap: fc.nat(2),
      count: fc.integer({ min: 1, max: 1e5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("acknowledge" as const),
      records: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "acknowledge-other" }) },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "begin-epoch" }) },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "flush" }) },
  { weight: 1, arbitrary: fc.constant<Operation>({ kind: "reboot" }) },
);

/** Lives that each end with a cut, after so many steps; undefined: with an orderly reboot. */
const lives = fc.array(
  fc.record({
    operations: fc.array(operation, { maxLength: 60, size: "max" }),
    steps: fc.option(fc.nat(1_500), { nil: undefined }),
    tear: fc.constantFrom(...TEARS),
  }),
  { minLength: 1, maxLength: 12, size: "max" },
);

test("any operations, any cuts, one after the other", () => {
  let cuts = 0;
  const blocks = fc.integer({ min: 2, max: 6 });
  fc.assert(
    fc.property(lives, blocks, fc.nat(), (all, blockCount, seed) => {
      const life = new Life(new SimulatedFlash(BLOCK_BYTES, blockCount, seed), BODY_BYTES_MAX);
      for (const { operations, steps, tear } of all) {
        if (steps !== undefined) life.flash.cutAfter(steps, tear);
        if (life.runUntilCut(operations)) {
          cuts++;
          continue;
        }
        life.flash.powerOn();
        life.checkLive();
        life.boot();
      }
    }),
    { numRuns: 3_000, interruptAfterTimeLimit: 20_000 },
  );
  console.log(`${cuts} cuts at random`);
});
