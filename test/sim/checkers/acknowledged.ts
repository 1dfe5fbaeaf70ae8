// Promise 1: nothing acknowledged is lost. A device lets go of a record only when it is told that the
// record is stored; at that moment it must be durable. What a device loses by its death it never let go.

import type { DurableEpoch } from "../disk.ts";
import type { Life } from "../life.ts";
import type { Checker, StoredRow } from "./checker.ts";

export class Acknowledged implements Checker {
  readonly name = "acknowledged";
  /** By life: readings in durable batches. */
  readonly #durable = new Map<number, number>();

  handleBatch(life: Life, _sequence: number, rows: readonly StoredRow[]): undefined {
    const before = this.#durable.get(life.number) ?? 0;
    this.#durable.set(
      life.number,
      rows.reduce((sum, { readings }) => sum + readings, before),
    );
  }

  handleReleased(life: Life, next: number, epoch: DurableEpoch | undefined): string | undefined {
    const durableNext = epoch?.next ?? 0;
    if (next > durableNext) {
      return `the device lets go of the records before ${next}; before ${durableNext} are durable`;
    }
    return this.#compare(life);
  }

  handleEnd(life: Life): string | undefined {
    return this.#compare(life);
  }

  /** What the firmware says it knows to be stored, against what is. */
  #compare(life: Life): string | undefined {
    const { acknowledged } = life.firmware.status;
    const durable = this.#durable.get(life.number) ?? 0;
    return acknowledged > durable
      ? `the device counts ${acknowledged} readings as stored; ${durable} are`
      : undefined;
  }
}
