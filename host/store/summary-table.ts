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

/** Rows of both tables; where one has no blocks, none that anything could be. */
export const SPANS =
  "SELECT summary.*, coalesce(blocks_crc32c, -1) AS blocks_crc32c, coalesce(blocks, x'') AS blocks FROM summary LEFT JOIN summary_blocks USING (id)";

export class SummaryTable {
  readonly #last: Statement;
  readonly #put: Statement;
  readonly #putBlocks: Statement;
  readonly #reader = new SpanReader();

  constructor(database: Database) {
    this.#last = database.prepare(
      `${SPANS} WHERE summary.id >= ? AND summary.id < ? ORDER BY summary.id DESC LIMIT 1`,
    );
    this.#put = database.prepare("INSERT OR REPLACE INTO summary VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#putBlocks = database.prepare("INSERT OR REPLACE INTO summary_blocks VALUES (?, ?, ?)");
  }

  /** Adds a block behind all others of its epoch. */
  append(owner: BlockOwner, block: Block): void {
    const blocks = [...this.#lastSpan(owner, block), block];
    const { start, firstMs } = blocks[0]!;
    const span = encodeSpan(blocks);
    const checksum = new BatchChecksum(owner.epoch);
    const id = batchId(owner.id, start);
    const totalsCrc = checksum.of(start, span.totals);
    const times = [firstMs, block.lastMs] as const;
    this.#put.run(id, owner.schemaId, block.next, ...times, totalsCrc, span.totals);
    this.#putBlocks.run(id, checksum.of(start, span.blocks), span.blocks);
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
