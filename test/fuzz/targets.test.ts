// Every target in CI: the inputs that are kept in the repository, those that once found a bug among them,
// and then a few new ones, the same each time.

import { expect, test } from "vitest";
import { loadTarget } from "./bundle.ts";
import { lineOf, readInputs, targetNames } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";

const SEED = 1;
const INPUTS = 200;

test.each(targetNames())(
  `%s: its corpus, its regressions and ${INPUTS} inputs of seed ${SEED}`,
  async (name) => {
    const loaded = await loadTarget(name);
    const fuzzer = new Fuzzer(loaded, SEED);
    fuzzer.begin([...readInputs("corpus", name), ...readInputs("regressions", name)]);
    const { passed } = loaded.coverage;
    fuzzer.run(INPUTS);
    console.log(`${name}: ${fuzzer.inputs} inputs, ${passed} branches by the corpus`);
    const found = fuzzer.findings.map(({ input, error }) => `${lineOf(input)}: ${error.message}`);
    expect(found).toEqual([]);
    expect(passed).toBeGreaterThan(10);
  },
);
