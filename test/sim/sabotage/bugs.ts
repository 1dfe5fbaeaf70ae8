// All bugs that are planted on purpose, and how soon each was found: that is how we know that the
// checkers work. The first twelve are those that the project asked for.

import type { Bug } from "../simulator.ts";
import { DEVICE_BUGS } from "./device-bugs.ts";
import { HOST_BUGS } from "./host-bugs.ts";
import { STORE_BUGS } from "./store-bugs.ts";

const ALL = [...HOST_BUGS, ...STORE_BUGS, ...DEVICE_BUGS];

const ASKED_FOR = [
  "acknowledge before commit",
  "acknowledge on receipt over UDP",
  "no de-duplication",
  "off-by-one cursor",
  "epoch reused after reset",
  "gap sent but not stored",
  "gap counted twice",
  "window ignored",
  "backlog bound ignored",
  "stale acknowledgement accepted",
  "tick wrap mishandled",
  "failed commit acknowledged",
];

/** Worlds within which each bug must be found. */
export const SABOTAGE_WORLDS_MAX = 2_000;

/** Within how many worlds CI must find each: some times what it took, for plans and code change. */
const FOUND_WITHIN = 100;
const FOUND_WITHIN_RARE: ReadonlyMap<string, number> = new Map([
  ["window ignored", 500],
  ["stale acknowledgement accepted", 400],
  ["stale datagram accepted", 400],
]);

export function worldsToFind({ name }: Bug): number {
  return FOUND_WITHIN_RARE.get(name) ?? FOUND_WITHIN;
}

export const BUGS: readonly Bug[] = [
  ...ASKED_FOR.map((name) => ALL.find((bug) => bug.name === name)!),
  ...ALL.filter(({ name }) => !ASKED_FOR.includes(name)),
];
