// The batcher: gathers samples into batches and hands full ones to the outbox. While a link is up a
// batch also closes when its oldest row has waited long enough for people who watch; while none is,
// only when it is full, so that memory holds the most, or when it has waited long enough to be put
// where a cut of the power does not reach it.

import { BatchEncoder } from "../shared/batch/encoder.ts";
import type { Channel, SampleValues } from "../shared/channel.ts";
import type { GapReason } from "../shared/errors.ts";
import { BATCH_ROWS_MAX } from "../shared/limits.ts";
import type { BatchFacts } from "../shared/outbox.ts";

/** What takes the batches: the outbox, in memory or on flash. */
export interface BatchSink {
  appendBatch(batch: Uint8Array, facts: BatchFacts): void;
  appendGap(reason: GapReason, facts: BatchFacts): void;
}

export interface BatcherOptions {
  readonly channels: readonly Channel[];
  /** The schema's number within the epoch. */
  readonly schema: number;
  readonly outbox: BatchSink;
  /** While a link is up. */
  readonly ageMsMax: number;
  /** While none is; unless given, batches are gathered until they are full. */
  readonly ageOfflineMsMax?: number;
  /** 0 for as many as fit. */
  readonly rowsMax: number;
}

export class Batcher {
  readonly #encoder: BatchEncoder;
  readonly #outbox: BatchSink;
  #ageMsMax = 0;
  readonly #ageOfflineMsMax: number;
  #rowsMax = BATCH_ROWS_MAX;
  #isLinkUp = false;

  constructor(options: BatcherOptions) {
    this.#encoder = new BatchEncoder(options);
    this.#outbox = options.outbox;
    this.#ageOfflineMsMax = options.ageOfflineMsMax ?? Number.POSITIVE_INFINITY;
    this.useBounds(options);
  }

  /** From here on batches close at these. */
  useBounds({ ageMsMax, rowsMax }: Pick<BatcherOptions, "ageMsMax" | "rowsMax">): void {
    this.#ageMsMax = ageMsMax;
    this.#rowsMax = rowsMax === 0 ? BATCH_ROWS_MAX : rowsMax;
  }

  /** Readings that wait in the open batch. */
  get readingsWaiting(): number {
    return this.#encoder.readings;
  }

  /** Values that no channel could carry, since the start. */
  get unrepresentable(): number {
    return this.#encoder.unrepresentable;
  }

  handleLinkState(isUp: boolean): void {
    this.#isLinkUp = isUp;
  }

  /** Adds a sample. `timeMs` is the device's uptime when it was taken. */
  append(timeMs: number, values: SampleValues): void {
    const encoder = this.#encoder;
    let outcome = encoder.append(timeMs, values);
    if (outcome === "full") {
      this.close();
      outcome = encoder.append(timeMs, values);
    }
    if (outcome === "appended") {
      const isEarly = encoder.isBetterTaken && 2 * encoder.rows < this.#rowsMax;
      if (encoder.rows >= this.#rowsMax || isEarly) this.close();
      return;
    }
    const readings = values.filter((value) => value !== undefined).length;
    this.#outbox.appendGap("oversize", { readings, firstMs: timeMs, lastMs: timeMs });
  }

  /** When the open batch must be closed; infinity while nothing urges. */
  nextDueMs(): number {
    if (this.#encoder.rows === 0) return Number.POSITIVE_INFINITY;
    const ageMsMax = this.#isLinkUp ? this.#ageMsMax : this.#ageOfflineMsMax;
    return this.#encoder.firstMs + ageMsMax;
  }

  handleTimeout(nowMs: number): void {
    if (nowMs >= this.nextDueMs()) this.close();
  }

  /** Moves the open batch, where there is one, to the outbox. */
  close(): void {
    const encoder = this.#encoder;
    if (encoder.rows === 0) return;
    const { readings, firstMs, lastMs } = encoder;
    this.#outbox.appendBatch(encoder.take(), { readings, firstMs, lastMs });
  }
}
