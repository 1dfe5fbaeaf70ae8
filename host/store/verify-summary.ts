// Verifies the summaries of one epoch: works each out again from the batches that it is about, which must
// give the same bytes.

import type { BatchColumns } from "../../shared/batch/columns.ts";
import type { Channel } from "../../shared/channel.ts";
import { BatchChecksum } from "./checksum.ts";
import { batchId, hasMergedBatches, sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";
import { type Block, blockOf, encodeSpan } from "./summary.ts";
import { SPANS, type SpanRow } from "./summary-table.ts";

const PAGE_ROWS = 64;

/** As far as a stored batch is part of a summary. */
interface Summarised {
  readonly id: number;
  readonly schema: number;
  readonly count: number;
}

interface Decoded {
  readonly channels: readonly Channel[];
  readonly columns: BatchColumns;
}

export interface SummarisedEpoch {
  readonly id: number;
  readonly epoch: string;
  /** Records before it are in summaries. */
  readonly merged: number;
}

export class SummaryVerifier {
  readonly #epoch: SummarisedEpoch;
  readonly #onFault: (text: string) => void;
  readonly #checksum: BatchChecksum;
  readonly #spans: Iterator<SpanRow, undefined>;
  #span: SpanRow | undefined;
  #blocks: Block[] = [];
  /** Cleared by a batch of the span that is damaged: that has been told. */
  #isSound = true;

  constructor(database: Database, epoch: SummarisedEpoch, onFault: (text: string) => void) {
    this.#epoch = epoch;
    this.#onFault = onFault;
    this.#checksum = new BatchChecksum(epoch.epoch);
    this.#spans = spansOf(database, epoch.id);
    this.#span = this.#spans.next().value;
  }

  /** Takes the epoch's batches in order, each decoded; undefined for one that is damaged. */
  add(batch: Summarised, decoded: Decoded | undefined): void {
    const start = sequenceOf(batch.id);
    while (this.#span !== undefined && start >= this.#span.next) this.#finish(this.#span);
    if (this.#span === undefined || start < sequenceOf(this.#span.id)) {
      const isLeftOut = decoded !== undefined && start < this.#epoch.merged;
      if (isLeftOut) this.#onFault(`batch ${start} is in no summary`);
      return;
    }
    this.#isSound &&= decoded !== undefined && batch.schema === this.#span.schema;
    if (decoded === undefined) return;
    const { channels, columns } = decoded;
    this.#blocks.push(blockOf(start, start + batch.count, channels, columns));
  }

  /** To be called behind the last batch. */
  end(): void {
    while (this.#span !== undefined) this.#finish(this.#span);
  }

  #finish(span: SpanRow): void {
    const start = sequenceOf(span.id);
    if (this.#isSound && !this.#agrees(span)) {
      this.#onFault(`the summary of records ${start} to ${span.next - 1} does not agree with them`);
    }
    this.#blocks = [];
    this.#isSound = true;
    this.#span = this.#spans.next().value;
  }

  #agrees(span: SpanRow): boolean {
    const [first] = this.#blocks;
    const last = this.#blocks.at(-1);
    if (first === undefined || last === undefined) return false;
    const encoded = encodeSpan(this.#blocks);
    return (
      first.start === sequenceOf(span.id) &&
      last.next === span.next &&
      first.firstMs === span.first_ms &&
      last.lastMs === span.last_ms &&
      this.#checksum.of(first.start, span.totals) === span.totals_crc32c &&
      this.#checksum.of(first.start, span.blocks) === span.blocks_crc32c &&
      Buffer.compare(encoded.totals, span.totals) === 0 &&
      Buffer.compare(encoded.blocks, span.blocks) === 0
    );
  }
}

function* spansOf(database: Database, epochId: number): Generator<SpanRow, undefined> {
  if (!hasMergedBatches(database)) return undefined;
  const page: Statement = database.prepare(
    `${SPANS} WHERE summary.id >= ? AND summary.id < ? ORDER BY summary.id LIMIT ?`,
  );
  let start = batchId(epochId, 0);
  for (;;) {
    const rows = page.all(start, batchId(epochId + 1, 0), PAGE_ROWS) as SpanRow[];
    yield* rows;
    if (rows.length < PAGE_ROWS) return undefined;
    start = rows[rows.length - 1]!.id + 1;
  }
}
