// What `senda tail` prints: the newest samples of a store, then those that come, and sentences about
// readings that did not, each at its place.

import type { StoreFollower } from "../../store/follower.ts";
import { gapText } from "./gap-line.ts";
import { type Sample, samplesOf } from "./sample.ts";

/** A sample, or a sentence about readings that did not come. */
export type Followed =
  | { readonly kind: "sample"; readonly sample: Sample }
  | { readonly kind: "remark"; readonly device: string; readonly text: string };

/** The newest `count` samples, in order of time; `newSamples` goes on from there. */
export function newestSamples(follower: StoreFollower, count: number): Sample[] {
  let newest: Sample[] = [];
  for (const epoch of follower.begin()) {
    if (count === 0) continue;
    let samples: Sample[] = [];
    for (const chunk of follower.backwards(epoch)) {
      samples = [...samplesOf(chunk), ...samples];
      if (samples.length >= count) break;
    }
    newest = [...newest, ...samples].sort((a, b) => sortKey(a) - sortKey(b)).slice(-count);
  }
  return newest;
}

/** What was stored since the last call. */
export function* newSamples(follower: StoreFollower): Generator<Followed> {
  for (const item of follower.pollNew()) {
    switch (item.kind) {
      case "chunk":
        for (const sample of samplesOf(item.chunk)) yield { kind: "sample", sample };
        break;
      case "gap":
        yield { kind: "remark", device: item.gap.device, text: gapText(item.gap) };
        break;
      case "damage":
        yield { kind: "remark", device: item.device, text: damageText(item.sequence) };
    }
  }
}

/** Samples without UTC come first: their device has only just appeared, or never will be known. */
function sortKey(sample: Sample): number {
  return sample.timeUs ?? Number.MIN_SAFE_INTEGER + sample.uptimeMs;
}

function damageText(sequence: number): string {
  return `batch ${sequence} is damaged; \`senda verify\` tells what else is`;
}
