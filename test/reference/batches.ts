// The reference twin's batches, format 1 (PROTOCOL 6), integers as BigInt.

import {
  decodeCbor,
  encodeCbor,
  floatBytes,
  floatOf,
  type Notation,
  numberNotation,
  numberOf,
  textOf,
} from "./cbor.ts";
import {
  type Bytes,
  bigEndian,
  encodeVarint,
  Fault,
  fromBigEndian,
  fromHex,
  SAFE_MAX,
  Source,
  toHex,
  unzigzag,
  zigzag,
} from "./numbers.ts";
import type { ChannelNotation } from "./schemas.ts";

const FORMAT = 1;
const ROWS_MAX = 4_096n;
const VALUE_BYTES_MAX = 512;
const DELTA_MAX = 2n ** 50n;

/** Stands where a row has no value for a channel. */
export type Missing = { missing: true };
export const MISSING: Missing = { missing: true };

export interface BatchNotation {
  schema: number;
  rows: { timeMs: number; values: (Notation | Missing)[] }[];
}

/** Encodes without a limit on bytes or rows, so that what is beyond them can be made too. */
export function encodeBatch(channels: ChannelNotation[], batch: BatchNotation): Bytes {
  const firstMs = batch.rows[0]?.timeMs ?? 0;
  const previous = channels.map(() => 0n);
  const bytes: Bytes = [FORMAT, ...bigEndian(batch.rows.length, 2)];
  bytes.push(...encodeVarint(batch.schema), ...encodeVarint(firstMs));
  let timeMs = BigInt(firstMs);
  let stepMs = 0n;
  for (const row of batch.rows) {
    const nextStepMs = BigInt(row.timeMs) - timeMs;
    const isWhole = !row.values.some(isMissing);
    bytes.push(...encodeVarint(2n * zigzag(nextStepMs - stepMs) + (isWhole ? 0n : 1n)));
    if (!isWhole) bytes.push(...encodeMask(row.values));
    for (const [index, value] of row.values.entries()) {
      if (!isMissing(value)) bytes.push(...encodeValue(channels[index]!, value, previous, index));
    }
    timeMs = BigInt(row.timeMs);
    stepMs = nextStepMs;
  }
  return bytes;
}

export function isMissing(value: Notation | Missing): value is Missing {
  return value !== null && typeof value === "object" && "missing" in value;
}

function encodeMask(values: (Notation | Missing)[]): Bytes {
  let mask = 0n;
  for (const [bit, value] of values.entries()) if (!isMissing(value)) mask += 2n ** BigInt(bit);
  return bigEndian(mask, Math.ceil(values.length / 8)).reverse();
}

function encodeValue(
  channel: ChannelNotation,
  value: Notation,
  previous: bigint[],
  index: number,
): Bytes {
  switch (channel.kind) {
    case "float32":
      return floatBytes(numberOf(value), 4);
    case "float64":
      return floatBytes(numberOf(value), 8);
    case "text":
      return withLength([...new TextEncoder().encode(value as string)]);
    case "bytes":
      return withLength(fromHex((value as { bytes: string }).bytes));
    case "structured":
      return withLength(encodeCbor(value));
    default: {
      const integer = integerOf(channel, value);
      const delta = integer - previous[index]!;
      previous[index] = integer;
      if (delta <= DELTA_MAX && delta >= -DELTA_MAX) return encodeVarint(zigzag(delta) + 1n);
      return integer < 0n ? [0, 1, ...encodeVarint(-integer)] : [0, 0, ...encodeVarint(integer)];
    }
  }
}

function withLength(bytes: Bytes): Bytes {
  return [...encodeVarint(bytes.length), ...bytes];
}

function integerOf(channel: ChannelNotation, value: Notation): bigint {
  if (channel.kind !== "number") return BigInt(value as number | boolean);
  const [numerator, denominator] = ratio(channel.resolution!);
  return BigInt(Math.round(((value as number) * denominator) / numerator));
}

/** A resolution as a fraction: 0.01 is 1/100, for which computing is exact; 0.3 is 0.3/1. */
function ratio(resolution: number): [number, number] {
  const inverse = Math.round(1 / resolution);
  return inverse * resolution === 1 ? [1, inverse] : [resolution, 1];
}

/** Throws a Fault with "malformed". */
export function decodeBatch(channels: ChannelNotation[], bytes: Bytes): BatchNotation {
  const source = new Source(bytes, "malformed");
  if (source.byte() !== FORMAT) source.fail();
  const rowCount = fromBigEndian(source.take(2));
  if (rowCount === 0n || rowCount > ROWS_MAX) source.fail();
  const schema = Number(source.varint());
  const previous = channels.map(() => 0n);
  const rows: BatchNotation["rows"] = [];
  let timeMs = source.varint();
  let stepMs = 0n;
  while (BigInt(rows.length) < rowCount) {
    const token = source.varint();
    stepMs += unzigzag(token / 2n);
    timeMs += stepMs;
    const isSound = rows.length === 0 ? stepMs === 0n : stepMs >= 0n;
    if (!isSound || timeMs > SAFE_MAX) source.fail();
    const isPresent = decodeMask(source, channels.length, token % 2n === 1n);
    const values = channels.map((channel, index) =>
      isPresent[index] ? decodeValue(source, channel, previous, index) : MISSING,
    );
    rows.push({ timeMs: Number(timeMs), values });
  }
  source.end();
  return { schema, rows };
}

function decodeMask(source: Source, count: number, hasMissing: boolean): boolean[] {
  if (!hasMissing) return new Array<boolean>(count).fill(true);
  const mask = fromBigEndian(source.take(Math.ceil(count / 8)).reverse());
  if (mask >= 2n ** BigInt(count) - 1n) source.fail(); // nothing is missing, or bits of no channel
  return Array.from({ length: count }, (_, bit) => (mask >> BigInt(bit)) % 2n === 1n);
}

function decodeValue(
  source: Source,
  channel: ChannelNotation,
  previous: bigint[],
  index: number,
): Notation {
  switch (channel.kind) {
    case "float32":
      return numberNotation(floatOf(source.take(4)));
    case "float64":
      return numberNotation(floatOf(source.take(8)));
    case "text":
      return textOf(takePayload(source)) ?? source.fail();
    case "bytes":
      return { bytes: toHex(takePayload(source)) };
    case "structured":
      return decodeCbor(takePayload(source));
    default:
      previous[index] = decodeInteger(source, previous[index]!);
      return notationOf(source, channel, previous[index]!);
  }
}

function takePayload(source: Source): Bytes {
  const length = source.varint();
  if (length > VALUE_BYTES_MAX) source.fail();
  return source.take(Number(length));
}

function decodeInteger(source: Source, previous: bigint): bigint {
  const token = source.varint();
  if (token === 0n) {
    const sign = source.byte();
    const magnitude = source.varint();
    if (sign > 1 || (sign === 1 && magnitude === 0n)) source.fail();
    return sign === 1 ? -magnitude : magnitude;
  }
  const delta = unzigzag(token - 1n);
  const integer = previous + delta;
  const isDelta = delta <= DELTA_MAX && delta >= -DELTA_MAX;
  return isDelta && integer <= SAFE_MAX && integer >= -SAFE_MAX ? integer : source.fail();
}

function notationOf(source: Source, channel: ChannelNotation, integer: bigint): Notation {
  if (channel.kind === "integer") return Number(integer);
  if (channel.kind === "number") {
    const [numerator, denominator] = ratio(channel.resolution!);
    return numberNotation((Number(integer) * numerator) / denominator);
  }
  const most = channel.kind === "boolean" ? 1n : BigInt(channel.labels!.length - 1);
  if (integer < 0n || integer > most) source.fail();
  return channel.kind === "boolean" ? integer === 1n : Number(integer);
}

/** Throws away the reason; undefined where `decode` found a fault, which is all that it may throw. */
export function attempt<T>(decode: () => T): { value: T } | { error: string } {
  try {
    return { value: decode() };
  } catch (fault) {
    if (fault instanceof Fault) return { error: fault.reason };
    throw fault;
  }
}
