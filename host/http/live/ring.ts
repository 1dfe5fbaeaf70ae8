// The last ticks, for clients that come back: bounded by their number and by the values in them.

import { RING_TICKS_MAX, RING_VALUES_MAX } from "../limits.ts";
import type { Tick } from "./subscription.ts";

export class TickRing {
  readonly #ticks: { readonly tick: Tick; readonly values: number }[] = [];
  #values = 0;

  push(tick: Tick): void {
    const values = countValues(tick);
    this.#ticks.push({ tick, values });
    this.#values += values;
    while (this.#ticks.length > RING_TICKS_MAX || this.#values > RING_VALUES_MAX) {
      this.#values -= this.#ticks.shift()!.values;
    }
  }

  /** The ticks behind `sequence`, oldest first; undefined where some of them are gone. */
  since(sequence: number, newest: number): Tick[] | undefined {
    if (sequence >= newest) return [];
    const found = this.#ticks.filter(({ tick }) => tick.sequence > sequence);
    return found.length === newest - sequence ? found.map(({ tick }) => tick) : undefined;
  }
}

function countValues({ values }: Tick): number {
  let count = 0;
  for (const { channels } of values) {
    for (const { timesUs } of Object.values(channels)) count += timesUs.length;
  }
  return count;
}
