// The summary table on its way in: each stored batch that is not touched any more becomes a block of the
// epoch's last span, or begins a new one.

import type { Channel } from "../../shared/channel.ts";
import { BatchChecksum } from "./checksum.ts";
import { batchId, sequenceOf } from "./schema.ts";
import type { Database, Statement } from "./sqlite.ts";
import { type Block, encodeSpan, SPAN_BLOCKS_MAX, SpanReader } from "./summary.ts";

/** A row of the table. */
export interface SpanRow {
  readonly id: number;
  readonly schema: number;
  /** Records [sequence of id, next). */
  readonly next: number;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly totals_crc32c: number;
  readonly totals: Uint8Array;
  readonly blocks_crc32c: number;
  readonly blocks: Uint8Array;
}

/** Whose block it is. */
export interface BlockOwner {
  readonly id: number;
  readonly epoch: string;
  readonly schemaId: number;
  readonly channels: readonly Channel[];
}

export class SummaryTable {
  readonly #last: Statement;
  readonly #put: Statement;
  readonly #reader = new SpanReader();

  constructor(database: Database) {
    this.#last = database.prepare(
      "SELECT * FROM summary WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1",
    );
    this.#put = database.prepare(
      "INSERT OR REPLACE INTO summary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  /** Adds a block behind all others of its epoch. */
  append(owner: BlockOwner, block: Block): void {
    const blocks = [...this.#lastSpan(owner, block), block];
    const { start, firstMs } = blocks[0]!;
    const span = encodeSpan(blocks);
    const checksum = new BatchChecksum(owner.epoch);
    const place = [batchId(owner.id, start), owner.schemaId, block.next, firstMs, block.lastMs];
    const [totalsCrc, blocksCrc] = [span.totals, span.blocks].map((blob) =>
      checksum.of(start, blob),
    );
    this.#put.run(...place, totalsCrc!, span.totals, blocksCrc!, span.blocks);
  }

  /** The blocks of the span that goes on with `block`; none where that begins a new one. */
  #lastSpan({ id, schemaId, channels }: BlockOwner, block: Block): readonly Block[] {
    const ids = [batchId(id, 0), batchId(id, block.start)] as const;
    const row = this.#last.get(...ids) as SpanRow | undefined;
    if (row === undefined || row.schema !== schemaId) return [];
    if (row.next !== block.start || row.last_ms > block.firstMs) return [];
    const place = { start: sequenceOf(row.id), firstMs: row.first_ms };
    const blocks = this.#reader.readBlocks(row.blocks, place, { channels: channels.length }) ?? [];
    return blocks.length < SPAN_BLOCKS_MAX ? blocks : [];
  }
}
