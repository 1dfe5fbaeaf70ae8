// How far simulated devices are, on one line that is redrawn; nothing where there is no terminal.

import type { WriteStream } from "node:tty";
import type { Fleet } from "../simulator/fleet.ts";

const REDRAW_MS = 500;

export class FleetProgress {
  readonly #out: WriteStream;
  readonly #fleet: Fleet;
  readonly #samplesMax: number;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(out: WriteStream, fleet: Fleet, samplesMax: number) {
    this.#out = out;
    this.#fleet = fleet;
    this.#samplesMax = samplesMax;
    if (out.isTTY) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#timer !== undefined) this.#out.write("\r\x1b[K");
  }

  #draw(): void {
    const { statuses, summary } = this.#fleet;
    const connected = statuses.filter(({ path }) => path !== undefined).length;
    const total = this.#samplesMax * statuses.length;
    const share =
      total > 0
        ? ` ${Math.floor((100 * summary.samples) / total)} % of the samples`
        : ` ${summary.samples} samples`;
    const waiting = summary.readings - summary.acknowledged - summary.gapReadings;
    this.#out.write(
      `\r\x1b[K${connected} of ${statuses.length} connected,${share} taken, ` +
        `${summary.acknowledged} readings confirmed, ${waiting} waiting`,
    );
  }
}
