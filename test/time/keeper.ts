// Keeps an epoch's samples as the store does, in memory.

import {
  isWorthKeeping,
  stepBetween,
  thin,
  thinnedBeforeMs,
} from "../../host/time/clock-filter.ts";
import type { UtcSample } from "../../host/time/utc-sample.ts";

export class Keeper {
  /** In order of uptime. */
  samples: UtcSample[] = [];
  /** Samples that were written, whether they stayed or not. */
  written = 0;

  add(sample: UtcSample): void {
    const newest = this.samples.at(-1);
    if (!isWorthKeeping(sample, newest)) return;
    this.samples = this.samples.filter(({ deviceMs }) => deviceMs < sample.deviceMs);
    const before = this.samples.at(-1);
    const step = before && stepBetween(before, sample);
    if (step !== undefined) {
      this.samples = this.samples.map(({ deviceMs, utcUs, uncertaintyUs }) => ({
        deviceMs,
        utcUs: utcUs + step.byUs,
        uncertaintyUs: uncertaintyUs + step.uncertaintyUs,
      }));
    }
    this.samples.push(sample);
    this.written++;
    const fromMs = before === undefined ? 0 : thinnedBeforeMs(before, sample);
    const recent = this.samples.filter(({ deviceMs }) => deviceMs >= fromMs);
    const dropped = new Set(thin(recent, fromMs === 0));
    this.samples = this.samples.filter(({ deviceMs }) => !dropped.has(deviceMs));
  }
}
