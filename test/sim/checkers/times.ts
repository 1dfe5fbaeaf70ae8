// Promise 6: true times. A stored row has the device's uptime at which its sample was taken, across
// wraps of the tick counter; and a measured relation of the device's clock to UTC is right within the
// uncertainty that is stated with it.

import type { Life } from "../life.ts";
import type { ClockMapping } from "../model-store.ts";
import type { Checker, StoredRow } from "./checker.ts";

/** Device and host show whole milliseconds, and each cuts off the rest. */
const ROUNDING_MS = 2;

/** A device's clock may run faster or slower by so much between a ping and its pong. */
const DRIFT_MAX = 0.01;

export class Times implements Checker {
  readonly name = "times";

  handleBatch(life: Life, _sequence: number, rows: readonly StoredRow[]): string | undefined {
    for (const { sample, timeMs } of rows) {
      const takenMs = life.ledger.timesMs[sample];
      if (timeMs !== takenMs) {
        return `sample ${sample} was taken at ${takenMs} ms of uptime, ${timeMs} ms is stored`;
      }
    }
    return undefined;
  }

  /** `utcMs`: what the host's UTC shows at true time `nowMs`. */
  handleClock(life: Life, mapping: ClockMapping, nowMs: number, utcMs: number): string | undefined {
    const trueMs = life.trueMsOf(mapping.deviceMs);
    const trueUtcMs = utcMs - (nowMs - trueMs);
    const errorMs = Math.abs(mapping.utcUs / 1_000 - trueUtcMs);
    const allowedMs = (mapping.uncertaintyUs / 1_000) * (1 + DRIFT_MAX) + ROUNDING_MS;
    return errorMs > allowedMs
      ? `uptime ${mapping.deviceMs} ms is mapped ${errorMs.toFixed(1)} ms wrong, stated are ${(mapping.uncertaintyUs / 1_000).toFixed(1)}`
      : undefined;
  }
}
