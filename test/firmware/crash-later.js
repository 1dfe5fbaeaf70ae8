// Moddable module that a test build starts in place of `main`: runs the firmware as it is, and throws where
// nobody catches, once it has had the time to greet a collector.

import main from "main";
import Timer from "timer";

const LIFE_MS = 500;

function stumble(thing) {
  return thing.that.isNot.there;
}

export default function () {
  main();
  Timer.set(() => stumble({}), LIFE_MS);
}
