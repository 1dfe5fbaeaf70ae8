// One entry of the log as bytes: a batch, a gap, or an acknowledgement.
// docs/decisions/0009-flash-log.md has the layout.
//
// Head and body have a checksum each. The head's tells where the next entry begins although the body
// has rotted, and makes it cheap to find the next entry behind a head that has. Both start from the
// entry's position in the endless log, so that bytes pass for an entry at their own place only: neither
// a batch whose text happens to hold an entry nor what an earlier round left behind does.

import { crc32c } from "../../shared/bytes/crc32c.ts";
import { type ByteReader, type ByteWriter, readU32At } from "../../shared/bytes/cursor.ts";
import { GAP_REASONS, type GapReason } from "../../shared/errors.ts";
import { SEQUENCE_MAX } from "../../shared/limits.ts";
import { EPOCH_BYTES, epochAt } from "./epoch.ts";

type EntryKind = "batch" | "gap" | "ack";

/** By the number in flash; 0 is a voided word, 0xFF a blank one. The order is the layout's. */
const KINDS: readonly (EntryKind | undefined)[] = [undefined, "batch", "gap", "ack"];

/** Set in the kind's byte where a record's epoch is not the block's and stands in the entry. */
const HAS_EPOCH = 0x80;

const PREFIX_BYTES = 4; // kind, length of the details, length of the body
const CHECKSUM_BYTES = 4;

/** Longest details: an epoch, five numbers of up to 8 bytes, the count and the reason of a gap. */
const DETAILS_BYTES_MAX = EPOCH_BYTES + 5 * 8 + 5 + 1;

/** Longest head: what must be read to know an entry but for its body. */
export const ENTRY_HEAD_BYTES_MAX = PREFIX_BYTES + DETAILS_BYTES_MAX + CHECKSUM_BYTES + 2;

/** Shortest entry: an acknowledgement, two numbers. */
export const ENTRY_BYTES_MIN = PREFIX_BYTES + 2 + CHECKSUM_BYTES;

/** Entries begin at multiples of this: fewer places to look at, and what flash drivers like. */
export const ENTRY_ALIGNMENT = 4;

/** What an entry says, but for its body. One object serves for many entries. */
export interface Entry {
  kind: EntryKind;
  epoch: string;
  sequence: number;
  /** Sequence numbers that the record stands for; 1 for a batch. */
  count: number;
  /** Undefined for a batch. */
  gap: GapReason | undefined;
  readings: number;
  /** Readings of all records of the epoch before this one: what a lost record held is the difference. */
  readingsBefore: number;
  firstMs: number;
  lastMs: number;
  /** Of an acknowledgement, which has nothing else: the place before which all is acknowledged. */
  headBlock: number;
  headOffset: number;
  /** From the entry's start. */
  bodyOffset: number;
  bodyBytes: number;
  /** Of the whole entry, up to where the next one begins. */
  bytes: number;
  headChecksum: number;
}

export function emptyEntry(): Entry {
  return {
    kind: "ack",
    epoch: "",
    sequence: 0,
    count: 1,
    gap: undefined,
    readings: 0,
    readingsBefore: 0,
    firstMs: 0,
    lastMs: 0,
    headBlock: 0,
    headOffset: 0,
    bodyOffset: 0,
    bodyBytes: 0,
    bytes: 0,
    headChecksum: 0,
  };
}

/** Most bytes that an entry with a body of `bodyBytes` takes. */
export function entryBytesMax(bodyBytes: number): number {
  return align(ENTRY_HEAD_BYTES_MAX + bodyBytes + CHECKSUM_BYTES);
}

export function align(position: number): number {
  return Math.ceil(position / ENTRY_ALIGNMENT) * ENTRY_ALIGNMENT;
}

/**
 * Writes an entry from the start of the writer's array, which has room for it, and sets the entry's
 * lengths. `epochBytes`: undefined where the epoch is the block's. `origin`: as `entryOrigin` gives it.
 */
export function encodeEntry(
  entry: Entry,
  body: Uint8Array | undefined,
  epochBytes: Uint8Array | undefined,
  origin: number,
  writer: ByteWriter,
): void {
  const { bytes } = writer;
  writer.reset(bytes, PREFIX_BYTES);
  if (epochBytes !== undefined) writer.writeBytes(epochBytes);
  writeDetails(entry, writer);
  const detailsEnd = writer.position;
  bytes[0] = KINDS.indexOf(entry.kind) | (epochBytes === undefined ? 0 : HAS_EPOCH);
  bytes[1] = detailsEnd - PREFIX_BYTES;
  entry.bodyBytes = body === undefined ? 0 : body.length;
  bytes[2] = entry.bodyBytes >> 8;
  bytes[3] = entry.bodyBytes & 0xff;
  entry.headChecksum = crc32c(bytes, 0, detailsEnd, origin);
  writer.writeU32(entry.headChecksum);
  entry.bodyOffset = writer.position;
  if (body !== undefined && body.length > 0) {
    writer.writeBytes(body);
    writer.writeU32(crc32c(body, 0, body.length, entry.headChecksum));
  }
  entry.bytes = align(writer.position);
  bytes.fill(0xff, writer.position, entry.bytes);
}

function writeDetails(entry: Entry, writer: ByteWriter): void {
  if (entry.kind === "ack") {
    writer.writeVarint(entry.headBlock);
    writer.writeVarint(entry.headOffset);
    return;
  }
  writer.writeVarint(entry.sequence);
  if (entry.gap !== undefined) {
    writer.writeVarint(entry.count);
    writer.writeU8(GAP_REASONS.indexOf(entry.gap));
  }
  writer.writeVarint(entry.readings);
  writer.writeVarint(entry.readingsBefore);
  writer.writeVarint(entry.firstMs);
  writer.writeVarint(entry.lastMs - entry.firstMs);
}

/** Where the checksum of an entry starts from: its position in the endless log, modulo 2^32. */
export function entryOrigin(blockSequence: number, blockBytes: number, offset: number): number {
  return (Math.imul(blockSequence, blockBytes) + offset) >>> 0;
}

/**
 * Fills `entry` from the head at the start of the reader's bytes, of which `room` bytes at most are the
 * entry's. `blockEpoch` is its epoch where it names none. False where there is no sound head.
 */
export function decodeEntryHead(
  reader: ByteReader,
  room: number,
  origin: number,
  blockEpoch: string,
  entry: Entry,
): boolean {
  const { bytes } = reader;
  const kind = KINDS[bytes[0]! & ~HAS_EPOCH];
  const detailsEnd = PREFIX_BYTES + bytes[1]!;
  if (kind === undefined || detailsEnd + CHECKSUM_BYTES > bytes.length) return false;
  const bodyBytes = (bytes[2]! << 8) | bytes[3]!;
  const bodyOffset = detailsEnd + CHECKSUM_BYTES;
  const length = align(bodyOffset + (bodyBytes > 0 ? bodyBytes + CHECKSUM_BYTES : 0));
  if (length > room) return false;
  const checksum = crc32c(bytes, 0, detailsEnd, origin);
  if (checksum !== readU32At(bytes, detailsEnd)) return false;
  reader.position = PREFIX_BYTES;
  reader.failed = false;
  if (bytes[0]! >= HAS_EPOCH) {
    entry.epoch = epochAt(bytes, PREFIX_BYTES, entry.epoch);
    reader.position += EPOCH_BYTES;
  } else {
    entry.epoch = blockEpoch;
  }
  entry.kind = kind;
  entry.bodyOffset = bodyOffset;
  entry.bodyBytes = bodyBytes;
  entry.bytes = length;
  entry.headChecksum = checksum;
  return readDetails(reader, entry) && reader.position === detailsEnd;
}

function readDetails(reader: ByteReader, entry: Entry): boolean {
  if (entry.kind === "ack") {
    entry.headBlock = reader.readVarint();
    entry.headOffset = reader.readVarint();
    return !reader.failed;
  }
  entry.sequence = reader.readVarint();
  entry.count = 1;
  entry.gap = undefined;
  if (entry.kind === "gap") {
    entry.count = reader.readVarint();
    entry.gap = GAP_REASONS[reader.readU8()];
    if (entry.gap === undefined) return false;
  }
  entry.readings = reader.readVarint();
  entry.readingsBefore = reader.readVarint();
  entry.firstMs = reader.readVarint();
  entry.lastMs = entry.firstMs + reader.readVarint();
  const isSound = entry.count > 0 && entry.sequence + entry.count <= SEQUENCE_MAX;
  return isSound && entry.lastMs <= Number.MAX_SAFE_INTEGER && !reader.failed;
}

/** Whether `bytes` holds the body of `entry` and its checksum, from the start, and they agree. */
export function isBodySound(bytes: Uint8Array, entry: Entry): boolean {
  const { bodyBytes, headChecksum } = entry;
  if (bodyBytes === 0) return true;
  return crc32c(bytes, 0, bodyBytes, headChecksum) === readU32At(bytes, bodyBytes);
}

/** Bytes to read for `isBodySound`. */
export function bodyReadBytes(entry: Entry): number {
  return entry.bodyBytes === 0 ? 0 : entry.bodyBytes + CHECKSUM_BYTES;
}
