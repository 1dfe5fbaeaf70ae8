// The samples of each epoch's clock in the store: the writer keeps those that are worth it, readers
// make a map of them. host/time knows what the samples mean, this file where they are.

import {
  isWorthKeeping,
  stepBetween,
  thin,
  thinnedBeforeMs,
  UNCERTAINTY_US_MAX,
} from "../time/clock-filter.ts";
import { ClockMap } from "../time/clock-map.ts";
import type { UtcSample } from "../time/utc-sample.ts";
import type { Database, Statement } from "./sqlite.ts";

interface SampleRow {
  readonly device_ms: number;
  readonly utc_us: number;
  readonly uncertainty_us: number;
}

/** Written to by the one writer. */
export class ClockTable {
  readonly #newest: Statement;
  readonly #since: Statement;
  readonly #add: Statement;
  readonly #drop: Statement;
  readonly #dropFrom: Statement;
  readonly #move: Statement;

  constructor(database: Database) {
    this.#newest = database.prepare(`${SAMPLES} ORDER BY device_ms DESC LIMIT 1`);
    this.#since = database.prepare(`${SAMPLES} AND device_ms >= ? ORDER BY device_ms`);
    this.#add = database.prepare("INSERT INTO clock VALUES (?, ?, ?, ?)");
    this.#drop = database.prepare("DELETE FROM clock WHERE epoch = ? AND device_ms = ?");
    this.#dropFrom = database.prepare("DELETE FROM clock WHERE epoch = ? AND device_ms >= ?");
    this.#move = database.prepare(
      "UPDATE clock SET utc_us = utc_us + ?, uncertainty_us = min(uncertainty_us + ?, ?) WHERE epoch = ?",
    );
  }

  /** The newest sample of an epoch; undefined where there is none. */
  newest(epochId: number): UtcSample | undefined {
    const row = this.#newest.get(epochId) as SampleRow | undefined;
    return row && sampleOf(row);
  }

  /**
   * Keeps a sample if it is worth it, and lets go of those that are not any more. Returns the newest
   * sample of the epoch after that. A sample that gives no sane UTC is not kept.
   */
  put(epochId: number, measured: UtcSample, newest: UtcSample | undefined): UtcSample | undefined {
    const sample = rounded(measured);
    if (sample === undefined || !isWorthKeeping(sample, newest)) return newest;
    const before = this.#before(epochId, sample, newest);
    const step = before && stepBetween(before, sample);
    if (step !== undefined) {
      this.#move.run(step.byUs, step.uncertaintyUs, UNCERTAINTY_US_MAX, epochId);
    }
    const { deviceMs, utcUs, uncertaintyUs } = sample;
    this.#add.run(epochId, deviceMs, utcUs, uncertaintyUs);
    this.#thin(epochId, before === undefined ? 0 : thinnedBeforeMs(before, sample));
    return sample;
  }

  /** The newest sample before this one. Those that claim a later uptime, and came earlier, are not believed. */
  #before(
    epochId: number,
    sample: UtcSample,
    newest: UtcSample | undefined,
  ): UtcSample | undefined {
    if (newest === undefined || newest.deviceMs < sample.deviceMs) return newest;
    this.#dropFrom.run(epochId, sample.deviceMs);
    return this.newest(epochId);
  }

  #thin(epochId: number, fromMs: number): void {
    const rows = this.#since.all(epochId, fromMs) as SampleRow[];
    for (const deviceMs of thin(rows.map(sampleOf), fromMs === 0))
      this.#drop.run(epochId, deviceMs);
  }
}

/** Reads the samples of epochs, in any process. */
export class ClockReader {
  readonly #samples: Statement;
  #epochId = 0;
  #map: ClockMap | undefined;

  constructor(database: Database) {
    this.#samples = database.prepare(`${SAMPLES} ORDER BY device_ms`);
  }

  /** The epoch's map as it is at this moment; undefined where its clock was never measured. */
  mapOf(epochId: number): ClockMap | undefined {
    const rows = this.#samples.all(epochId) as SampleRow[];
    return ClockMap.from(rows.map(sampleOf));
  }

  /** The same; one that was asked for just before is not read again. */
  mapOfSame(epochId: number): ClockMap | undefined {
    if (epochId !== this.#epochId) this.#map = this.mapOf(epochId);
    this.#epochId = epochId;
    return this.#map;
  }
}

/** UTC less uptime is within 142 years of 1970: a sum of two is still exact, whatever a device claims. */
const OFFSET_US_MAX = 2 ** 52;

/** As the table holds it; undefined where it cannot. */
function rounded({ deviceMs, utcUs, uncertaintyUs }: UtcSample): UtcSample | undefined {
  const sample = {
    deviceMs: Math.floor(deviceMs),
    utcUs: Math.round(utcUs),
    uncertaintyUs: Math.ceil(uncertaintyUs),
  };
  const isSane =
    sample.deviceMs >= 0 &&
    sample.uncertaintyUs >= 0 &&
    sample.uncertaintyUs <= UNCERTAINTY_US_MAX &&
    Math.abs(sample.utcUs) <= OFFSET_US_MAX &&
    Math.abs(sample.utcUs - sample.deviceMs * 1_000) <= OFFSET_US_MAX;
  return isSane ? sample : undefined;
}

function sampleOf(row: SampleRow): UtcSample {
  return { deviceMs: row.device_ms, utcUs: row.utc_us, uncertaintyUs: row.uncertainty_us };
}

const SAMPLES = "SELECT device_ms, utc_us, uncertainty_us FROM clock WHERE epoch = ?";
