// The batch decoder: bytes from outside in, columns out. Linear in its input, allocates by the rows
// that the bytes can hold rather than by the count they claim, never throws. PROTOCOL 6.

import { ByteReader, unzigzag } from "../bytes/cursor.ts";
import { decodeUtf8 } from "../bytes/utf8.ts";
import { type Channel, valueOfSteps } from "../channel.ts";
import { VALUE_BYTES_MAX } from "../limits.ts";
import { decodeCbor } from "../message/cbor.ts";
import type { BatchColumns, Column } from "./columns.ts";
import { DELTA_MAX } from "./encoder.ts";
import { readBatchHeader } from "./header.ts";

/** Where the decoder stands within a batch. */
interface Progress {
  readonly reader: ByteReader;
  readonly channels: readonly Channel[];
  readonly columns: BatchColumns;
  readonly float: DataView;
  /** By channel: the integer of the last row that had one. */
  readonly previous: Float64Array;
}

/**
 * Decodes the batch that fills `bytes` into `columns`, by the channels of its schema. False where it
 * is malformed, does not fit the channels, or a time runs backwards; the columns then hold nothing
 * of use.
 */
export function decodeBatch(
  bytes: Uint8Array,
  channels: readonly Channel[],
  columns: BatchColumns,
): boolean {
  const reader = new ByteReader(bytes);
  const header = readBatchHeader(reader);
  if (header === undefined || header.rows > reader.remaining) return false;
  columns.prepare(header.rows, channels.length);
  columns.schema = header.schema;
  const float = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const previous = new Float64Array(channels.length);
  const progress = { reader, channels, columns, float, previous };
  let timeMs = header.firstMs;
  let stepMs = 0;
  for (let row = 0; row < header.rows; row++) {
    const token = reader.readVarint();
    stepMs += unzigzag(Math.floor(token / 2));
    timeMs += stepMs;
    if (row === 0 && stepMs !== 0) return false; // the head has the first row's time
    if (stepMs < 0 || !Number.isSafeInteger(timeMs)) return false;
    columns.timesMs[row] = timeMs;
    if (!readRow(progress, row, token % 2 === 1)) return false;
  }
  return reader.finished;
}

function readRow(progress: Progress, row: number, hasMissing: boolean): boolean {
  const { reader, channels, columns } = progress;
  const count = channels.length;
  const mask = hasMissing ? reader.readBytes(Math.ceil(count / 8)) : undefined;
  if (reader.failed || (mask !== undefined && !isSoundMask(mask, count))) return false;
  for (let index = 0; index < count; index++) {
    const isPresent = mask === undefined || ((mask[index >> 3]! >> (index & 7)) & 1) === 1;
    columns.columns[index]!.present[row] = isPresent ? 1 : 0;
    if (!isPresent) continue;
    if (!readValue(progress, index, row)) return false;
    columns.readings++;
  }
  return true;
}

/** A mask must say that something is missing and have no bits beyond the channels: one batch, one encoding. */
function isSoundMask(mask: Uint8Array, count: number): boolean {
  let present = 0;
  for (let bit = 0; bit < mask.length * 8; bit++) {
    const isSet = ((mask[bit >> 3]! >> (bit & 7)) & 1) === 1;
    if (isSet && bit >= count) return false;
    if (isSet) present++;
  }
  return present < count;
}

/** False where the value is malformed. */
function readValue(progress: Progress, index: number, row: number): boolean {
  const channel = progress.channels[index]!;
  const column = progress.columns.columns[index]!;
  switch (channel.kind) {
    case "float32":
      column.numbers[row] = readFloat(progress, 4);
      return !progress.reader.failed;
    case "float64":
      column.numbers[row] = readFloat(progress, 8);
      return !progress.reader.failed;
    case "text":
    case "bytes":
    case "structured":
      return readPayload(progress.reader, channel, column, row);
    default:
      return readIntegral(progress, index, row);
  }
}

function readIntegral(progress: Progress, index: number, row: number): boolean {
  const { reader, previous } = progress;
  const channel = progress.channels[index]!;
  const token = reader.readVarint();
  const value = token === 0 ? readWhole(reader) : previous[index]! + unzigzag(token - 1);
  if (token - 1 > 2 * DELTA_MAX || !Number.isSafeInteger(value)) return false;
  if (channel.kind === "boolean" && value !== 0 && value !== 1) return false;
  if (channel.kind === "enumeration" && channel.labels![value] === undefined) return false;
  previous[index] = value;
  progress.columns.columns[index]!.numbers[row] =
    channel.kind === "number" ? valueOfSteps(value, channel.resolution!) : value;
  return !reader.failed;
}

/** A value whose difference was too large to be coded as one. NaN where it is malformed. */
function readWhole(reader: ByteReader): number {
  const sign = reader.readU8();
  const magnitude = reader.readVarint();
  if (sign > 1 || (sign === 1 && magnitude === 0)) return Number.NaN;
  return sign === 1 ? -magnitude : magnitude;
}

function readFloat(progress: Progress, byteCount: 4 | 8): number {
  const { reader, float } = progress;
  const { position } = reader;
  reader.readBytes(byteCount);
  if (reader.failed) return 0;
  return byteCount === 4 ? float.getFloat32(position) : float.getFloat64(position);
}

function readPayload(reader: ByteReader, channel: Channel, column: Column, row: number): boolean {
  const length = reader.readVarint();
  const bytes = reader.readBytes(length);
  if (reader.failed || length > VALUE_BYTES_MAX) return false;
  if (channel.kind === "bytes") {
    column.objects[row] = new Uint8Array(bytes); // not slice: that of Node's Buffer makes no copy
    return true;
  }
  const value = channel.kind === "text" ? decodeUtf8(bytes) : decodeCbor(bytes);
  if (value === undefined) return false;
  column.objects[row] = value;
  return true;
}
