// Batches that came whole and in their turn and cannot be stored as readings: their schema does not
// decode them, or they begin before the end of their predecessor. Such a batch would come again and
// again, and nothing behind it could be stored. So its bytes are kept aside, a gap stands for it in its
// epoch, and both are on disk before it is acknowledged. PROTOCOL 7.4.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { readBatchHeader } from "../../shared/batch/header.ts";
import { ByteReader } from "../../shared/bytes/cursor.ts";
import type { EpochState } from "./epoch-state.ts";
import type { PackedBatch } from "./packet.ts";
import { batchId } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";

/** Kept of one epoch, about a megabyte: a device whose every batch is unreadable does not fill the disk. */
const REFUSED_PER_EPOCH_MAX = 1_000;

export interface KeptAside {
  /** Readings in the batch; 0 where that cannot be known. */
  readonly readings: number;
  /** None of its epoch was kept aside before. */
  readonly isFirst: boolean;
}

export class RefusedTable {
  readonly #add: Statement;
  readonly #count: Statement;
  readonly #columns = new BatchColumns();

  constructor(database: Database) {
    this.#add = database.prepare("INSERT INTO refused VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#count = database.prepare(
      "SELECT count(*) AS count FROM refused WHERE id >= ? AND id < ?",
    );
  }

  /**
   * Keeps the epoch's next batch aside. Undefined, with nothing kept, where the epoch has too many of
   * them, or where the store lacks the schema without which nobody could ever read the batch.
   */
  keep(state: EpochState, batch: PackedBatch, fault: string): KeptAside | undefined {
    const { sequence, link, receivedUs, body } = batch;
    const header = readBatchHeader(new ByteReader(body));
    const schema = header && state.schemas.get(header.schema);
    if (schema === undefined) return undefined;
    const count = this.#countOf(state);
    if (count >= REFUSED_PER_EPOCH_MAX) return undefined;
    const id = batchId(state.id, sequence);
    const crc = state.checksum.of(sequence, body);
    this.#add.run(id, schema.id, link, receivedUs, fault, crc, body);
    const isReadable = decodeBatch(body, schema.channels, this.#columns);
    return { readings: isReadable ? this.#columns.readings : 0, isFirst: count === 0 };
  }

  #countOf({ id }: EpochState): number {
    const row = this.#count.get(batchId(id, 0), batchId(id + 1, 0)) as { count: number };
    return row.count;
  }
}
