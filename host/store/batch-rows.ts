// The batch table's rows on their way in, many to a statement: calling SQLite costs about as much as
// what it then does for one row. docs/PERFORMANCE.md has the figures.

import type { Database, Statement } from "./sqlite.ts";

/** Rows of one statement: more gain nothing, fewer lose (measured with 1, 4, 16 and 50). */
const ROWS_PER_STATEMENT = 16;

const COLUMNS = 10;

/** `schema.ts` tells what they mean. */
const COLUMN_NAMES =
  "id, schema, first_ms, last_ms, rows, readings, link, received_us, crc32c, body";

/** In the order of the names. */
type BatchRow = readonly [
  id: number,
  schema: number,
  firstMs: number,
  lastMs: number,
  rows: number,
  readings: number,
  link: number,
  receivedUs: number,
  crc32c: number,
  body: Uint8Array,
];

export class BatchRows {
  readonly #addMany: Statement;
  readonly #addOne: Statement;
  /** Row after row. */
  readonly #waiting: (number | Uint8Array)[] = [];

  constructor(database: Database) {
    const row = `(${new Array<string>(COLUMNS).fill("?").join(", ")})`;
    const rows = new Array<string>(ROWS_PER_STATEMENT).fill(row).join(", ");
    this.#addMany = database.prepare(`INSERT INTO batch (${COLUMN_NAMES}) VALUES ${rows}`);
    this.#addOne = database.prepare(`INSERT INTO batch (${COLUMN_NAMES}) VALUES ${row}`);
  }

  /** Takes a row, which is in the table after `flush` at the latest; its body may not change before. */
  add(...row: BatchRow): void {
    this.#waiting.push(...row);
    if (this.#waiting.length < ROWS_PER_STATEMENT * COLUMNS) return;
    this.#addMany.run(...this.#waiting);
    this.#waiting.length = 0;
  }

  /** Puts into the table what waits. To be called before the transaction ends. */
  flush(): void {
    const waiting = this.#waiting;
    for (let start = 0; start < waiting.length; start += COLUMNS) {
      this.#addOne.run(...waiting.slice(start, start + COLUMNS));
    }
    waiting.length = 0;
  }

  /** Forgets what waits: the transaction was rolled back. */
  clear(): void {
    this.#waiting.length = 0;
  }
}
