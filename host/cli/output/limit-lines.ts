// What a running collector did not take, in words.

import { countText } from "./quantity.ts";

/** By counter of the API, in the order of a message's way in. */
const WORDS: Readonly<Record<string, string>> = {
  noise: "pieces of input that were no frame",
  excessFrames: "frames beyond what a link may bring in a second",
  clear: "messages in the clear where a seal is required",
  knocksDropped: "proofs beyond what is checked in a second",
  denied: "wrong keys or unknown devices",
  unknown: "messages under keys that it does not know",
  forged: "forged, repeated or late sealed messages",
  misbound: "messages under the key of another device than the link's",
  refusals: "peers turned away, for whatever reason",
  ignored: "messages of no use",
};

/** One line for each that is not 0. */
export function limitLines(counters: Readonly<Record<string, number>>): string[] {
  return Object.entries(WORDS)
    .map(([name, words]) => ({ words, times: counters[name] ?? 0 }))
    .filter(({ times }) => times > 0)
    .map(({ words, times }) => `  ${words}: ${countText(times)}`);
}
