// What the parts of a world have in common: its clock, its chance, its weather, its one collector.

import type { Chance } from "./chance.ts";
import type { VirtualClock } from "./clock.ts";
import type { Life } from "./life.ts";
import type { WorldPlan } from "./plan.ts";
import type { Station } from "./station.ts";
import type { Story } from "./story.ts";

export interface Scene {
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly plan: WorldPlan;
  readonly story: Story;
  readonly conditions: Conditions;
  readonly station: Station;
  /** Whose code runs; undefined outside of any device's. */
  running: Life | undefined;
  /** Something is not as it must be. The world ends with the first such finding. */
  fail(checker: string, text: string): void;
  /** A message from a device reached the host's end of a wire, before the collector sees it. */
  handleArrival(life: Life, message: Uint8Array, isDatagram: boolean): void;
  /** The device keeps settings that were changed. */
  handleSettings(life: Life, text: string): void;
  /** The collector sends a message to where a device is, or was. */
  handleSent(where: string, message: Uint8Array, isDatagram: boolean): void;
}

/** The weather on all wires. */
export class Conditions {
  /** Everything is healed: nothing befalls anything any more. */
  isCalm = false;
  /** No IP traffic passes before this time. */
  partitionUntilMs = 0;
  /** Names cannot be looked up before this time. */
  lookupFailsUntilMs = 0;

  readonly #plan: WorldPlan;
  readonly #chance: Chance;

  constructor(plan: WorldPlan, chance: Chance) {
    this.#plan = plan;
    this.#chance = chance;
  }

  latencyMs(): number {
    return this.#plan.latencyMs * this.#chance.between(0.5, 1.5);
  }

  /** True where the fault with this rate befalls what is asked about. */
  befalls(rate: keyof WorldPlan["rates"], times = 1): boolean {
    return !this.isCalm && this.#chance.is(this.#plan.rates[rate] * times);
  }

  heal(): void {
    this.isCalm = true;
    this.partitionUntilMs = 0;
    this.lookupFailsUntilMs = 0;
  }
}

/** Flips one to three bits, which a CRC-32C always notices, in place. */
export function flipBits(bytes: Uint8Array, chance: Chance): void {
  const flips = chance.integer(1, 3);
  const first = chance.integer(0, 8 * bytes.length - 1);
  for (let flip = 0; flip < flips; flip++) {
    const bit = (first + flip * 11) % (8 * bytes.length);
    bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
  }
}
