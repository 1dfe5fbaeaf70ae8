// Worlds that failed once, each with what it found. A seed means the same world only as long as plans
// are drawn alike (plan.ts): where drawing changes, the scenario is one more world, and no less true.

export interface Scenario {
  readonly name: string;
  readonly seed: number;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "a hello that records on another link overtook is no reuse of an epoch", seed: 49 },
  { name: "neither is one that the network delayed or doubled", seed: 37 },
  { name: "nor one whose session is over when it comes", seed: 92 },
  { name: "a late pong answers no later ping", seed: 31 },
  { name: "a late pong answers no later ping, by a hair", seed: 72 },
  { name: "the last acknowledgement is lost when everything has arrived", seed: 202 },
  { name: "the same, where a gap arrived ahead of its turn", seed: 564 },
  { name: "records of an ended session are committed while the next one runs", seed: 4915 },
  { name: "records of an ended session are committed with the next one's hello", seed: 5461 },
  { name: "a ping of the collector's earlier life is not answered in the next", seed: 5746 },
];
