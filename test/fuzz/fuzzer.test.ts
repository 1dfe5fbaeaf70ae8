// The fuzzer itself: it finds bugs that were planted, ends what would never end, and does the same again
// for the same seed.

import { expect, test } from "vitest";
import { loadTarget } from "./bundle.ts";
import { lineOf } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";

async function fuzz(planted: string, inputs: number, seed = 1): Promise<Fuzzer> {
  const fuzzer = new Fuzzer(await loadTarget(planted, "planted"), seed);
  fuzzer.begin([]);
  fuzzer.run(inputs);
  return fuzzer;
}

test("coverage leads to a word that chance would not find", async () => {
  const { findings } = await fuzz("magic-word", 100_000);
  expect(findings.map(({ error }) => error.message)).toEqual(["the word was said"]);
  expect(lineOf(findings[0]!.input)).toBe("738e6ed461ff");
});

test("a loop without an end is ended, also where the code catches what ends it", async () => {
  const { findings } = await fuzz("endless", 5_000);
  expect(findings.map(({ error }) => error.message)).toEqual(["more than 110 steps"]);
  expect(lineOf(findings[0]!.input)).toBe("80");
});

test("work that grows faster than the input is found", async () => {
  const { findings } = await fuzz("quadratic", 5_000);
  expect(findings[0]?.error.message).toMatch(/^more than \d+ steps$/);
});

test("sound code stays sound with counters in it, and the same seed gives the same corpus", async () => {
  const first = await fuzz("sound", 3_000, 7);
  const again = await fuzz("sound", 3_000, 7);
  const other = await fuzz("sound", 3_000, 8);
  expect(first.findings).toEqual([]);
  expect(first.corpus.length).toBeGreaterThan(5);
  expect(again.corpus).toEqual(first.corpus);
  expect(other.corpus).not.toEqual(first.corpus);
});
