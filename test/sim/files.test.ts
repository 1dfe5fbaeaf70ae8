// Worlds in which files go both ways beside the readings: all that holds without them still does, what is
// said to be done is there bit by bit, and everything comes. docs/SIMULATION.md.

import { expect, test } from "vitest";
import { MemoryShelf } from "../blob/memory-shelf.ts";
import { Simulator } from "./simulator.ts";
import { describeFailure } from "./summary.ts";

const WORLDS = 200;
const FIRST = 1;
const TIMEOUT_MS = 240_000;

async function failureAmong(count: number): Promise<string | undefined> {
  const simulator = new Simulator(undefined, true);
  try {
    for (let seed = FIRST; seed < FIRST + count; seed++) {
      const verdict = await simulator.run({ seed });
      if (verdict.violation !== undefined) return describeFailure(verdict);
    }
    return undefined;
  } finally {
    simulator.dispose();
  }
}

test(
  `everything is as promised: ${WORLDS} worlds from seed ${FIRST} on`,
  async () => {
    expect(await failureAmong(WORLDS)).toBeUndefined();
  },
  TIMEOUT_MS,
);

test("a shelf that loses the last byte of a file is found out", async () => {
  const { openSink } = MemoryShelf.prototype;
  MemoryShelf.prototype.openSink = function (content) {
    const sink = openSink.call(this, content);
    const complete = sink.complete.bind(sink);
    sink.complete = () => {
      const name = complete();
      if (name !== undefined) this.files.set(name, this.files.get(name)!.slice(0, -1));
      return name;
    };
    return sink;
  };
  try {
    expect(await failureAmong(10)).toContain("(files)");
  } finally {
    MemoryShelf.prototype.openSink = openSink;
  }
});
