// Moddable module that the test build starts in place of `main`: runs the firmware as it is, and traces
// the most memory that was live after a collection, in a line of JSON each time that it rose.

import Debug from "debug";
import Instrumentation from "instrumentation";
import main from "main";
import Timer from "timer";

const PERIOD_MS = 100;
const SOURCES = {
  chunkBytes: "XS Chunk Heap Used",
  slotBytes: "XS Slot Heap Used",
  stackBytes: "XS Stack Used",
};

export default function () {
  main();
  const names = Object.keys(SOURCES);
  const indexes = names.map((name) => Instrumentation.map(SOURCES[name]));
  const most = names.map(() => 0);
  Timer.repeat(() => {
    Debug.gc();
    let hasRisen = false;
    for (let at = 0; at < indexes.length; at++) {
      const used = Instrumentation.get(indexes[at]);
      if (used <= most[at]) continue;
      most[at] = used;
      hasRisen = true;
    }
    if (hasRisen) trace(`memory ${names.map((name, at) => `${name}=${most[at]}`).join(" ")}\n`);
  }, PERIOD_MS);
}
