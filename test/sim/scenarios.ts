// Worlds that failed once, each with what it found. A seed means the same world only as long as plans
// are drawn alike (plan.ts): where drawing changes, the scenario is one more world, and no less true.

export interface Scenario {
  readonly name: string;
  readonly seed: number;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "a hello that records on another link overtook is no reuse of an epoch", seed: 51 },
  { name: "neither is one that the network delayed or doubled", seed: 30 },
  { name: "the same, where the other link's session is over when the hello comes", seed: 653 },
  { name: "a late pong answers no later ping", seed: 55 },
  { name: "the last acknowledgement is lost when everything has arrived", seed: 218 },
  { name: "an acknowledgement goes to a link that the device has closed", seed: 839 },
  { name: "records of an ended session are committed while the next one runs", seed: 1295 },
  { name: "records of an ended session are committed with the next one's hello", seed: 5461 },
  { name: "a ping of the collector's earlier life is not answered in the next", seed: 5746 },
];
