// The records that a merged batch was made of: how many rows each of them brought. By it a reader that
// has read up to some record finds its row within the merged batch. Written as runs, for a device's
// batches are mostly alike: varint records | varint rows of each, again and again.

import { ByteReader, ByteWriter } from "../../shared/bytes/cursor.ts";

/** Two varints of a merged batch's largest counts. */
const RUN_BYTES_MAX = 6;

/** `rows`: of each record, in order. */
export function encodeParts(rows: readonly number[]): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(rows.length * RUN_BYTES_MAX));
  for (let start = 0; start < rows.length; ) {
    let end = start + 1;
    while (rows[end] === rows[start]) end++;
    writer.writeVarint(end - start);
    writer.writeVarint(rows[start]!);
    start = end;
  }
  return writer.written().slice();
}

/** The rows of the first `records` records. `parts`: undefined and null for a batch as it came, which is one. */
export function rowsBefore(parts: Uint8Array | null | undefined, records: number): number {
  if (parts == null) return 0;
  const reader = new ByteReader(parts);
  let rest = records;
  let rows = 0;
  while (rest > 0 && reader.remaining > 0) {
    const repeated = Math.min(rest, reader.readVarint());
    rows += repeated * reader.readVarint();
    rest -= repeated;
  }
  return rows;
}

/** True where the parts are well-formed and make so many records and rows. */
export function arePartsOf(parts: Uint8Array | null, count: number, rows: number): boolean {
  if (parts === null) return count === 1;
  const reader = new ByteReader(parts);
  let recordsFound = 0;
  let rowsFound = 0;
  while (reader.remaining > 0) {
    const repeated = reader.readVarint();
    recordsFound += repeated;
    rowsFound += repeated * reader.readVarint();
  }
  return reader.finished && count > 1 && recordsFound === count && rowsFound === rows;
}
