// The head of an encoded batch, the same in every format. PROTOCOL 6.1.
//
//   u8 format | u16 rows | varint schema number | varint time of the first row, ms of device uptime

import type { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { BATCH_ROWS_MAX } from "../limits.ts";

/** Rows one after the other, in bits. 1 was that of drafts. */
const FORMAT_BITS = 2;

const ROWS_POSITION = 1;

export interface BatchHeader {
  readonly format: number;
  /** 1 to BATCH_ROWS_MAX. */
  readonly rows: number;
  /** Which of the epoch's schemas the columns follow. */
  readonly schema: number;
  /** Device uptime at the first row. */
  readonly firstMs: number;
}

/** Writes the head of a batch whose rows are not yet counted. */
export function writeBatchHeader(writer: ByteWriter, schema: number, firstMs: number): void {
  writer.writeU8(FORMAT_BITS);
  writer.writeU16(0);
  writer.writeVarint(schema);
  writer.writeVarint(firstMs);
}

/** Fills in the count of rows of a batch that begins at `start` in `bytes`. */
export function setBatchRows(bytes: Uint8Array, start: number, rows: number): void {
  bytes[start + ROWS_POSITION] = rows >>> 8;
  bytes[start + ROWS_POSITION + 1] = rows & 0xff;
}

/** Reads the head; undefined where it is malformed or of a format that this code does not know. */
export function readBatchHeader(reader: ByteReader): BatchHeader | undefined {
  const format = reader.readU8();
  const rows = reader.readU16();
  const schema = reader.readVarint();
  const firstMs = reader.readVarint();
  const isSound = format === FORMAT_BITS && rows > 0 && rows <= BATCH_ROWS_MAX;
  return isSound && !reader.failed ? { format, rows, schema, firstMs } : undefined;
}
