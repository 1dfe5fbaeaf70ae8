// The header of a block: which of the endless log's blocks it is, how often it was erased, where the
// log's head stood when the block was begun, and the epoch of most of its entries.
// docs/decisions/0009-flash-log.md has the layout.
//
// It stands there twice, because a block without its header is lost with all its entries: a flipped bit
// spoils one copy. A block is retired by zeros over both copies before it is erased. So an erase that
// is cut short, whatever it leaves, leaves nothing that passes for a block.

import { crc32c } from "../../shared/bytes/crc32c.ts";
import { ByteWriter, readU32At } from "../../shared/bytes/cursor.ts";
import { EPOCH_BYTES, epochAt } from "./epoch.ts";

/** "SFL1": another layout gets another number, and does not read this one. */
const MAGIC = 0x53464c31;

const SEQUENCE_POSITION = 4;
const WEAR_POSITION = 8;
const HEAD_BLOCK_POSITION = 12;
const HEAD_OFFSET_POSITION = 16;
const EPOCH_POSITION = 20;
const CHECKSUM_POSITION = EPOCH_POSITION + EPOCH_BYTES;
const COPY_BYTES = CHECKSUM_POSITION + 4;

export const BLOCK_HEADER_BYTES = 2 * COPY_BYTES;

export interface BlockHeader {
  /** Its place in the endless log: 0, 1, 2 ... It lies at index `sequence` modulo the count of blocks. */
  sequence: number;
  /** How often the block was erased, as far as is known. */
  wear: number;
  /** The place before which all was acknowledged when the block was begun: block, and bytes from its start. */
  headBlock: number;
  headOffset: number;
  epoch: string;
}

export function emptyBlockHeader(): BlockHeader {
  return { sequence: 0, wear: 0, headBlock: 0, headOffset: 0, epoch: "" };
}

/** Writes both copies into `into`, from its start. */
export function encodeBlockHeader(
  header: BlockHeader,
  epochBytes: Uint8Array,
  into: Uint8Array,
): void {
  const writer = new ByteWriter(into);
  writer.writeU32(MAGIC);
  writer.writeU32(header.sequence);
  writer.writeU32(header.wear);
  writer.writeU32(header.headBlock);
  writer.writeU32(header.headOffset);
  writer.writeBytes(epochBytes);
  writer.writeU32(crc32c(into, 0, CHECKSUM_POSITION));
  into.copyWithin(COPY_BYTES, 0, COPY_BYTES);
}

/** Fills `header` from the first sound copy at the start of `bytes`. False where neither is. */
export function decodeBlockHeader(bytes: Uint8Array, header: BlockHeader): boolean {
  return decodeCopy(bytes, 0, header) || decodeCopy(bytes, COPY_BYTES, header);
}

function decodeCopy(bytes: Uint8Array, start: number, header: BlockHeader): boolean {
  if (readU32At(bytes, start) !== MAGIC) return false;
  const end = start + CHECKSUM_POSITION;
  if (readU32At(bytes, end) !== crc32c(bytes, start, end)) return false;
  header.sequence = readU32At(bytes, start + SEQUENCE_POSITION);
  header.wear = readU32At(bytes, start + WEAR_POSITION);
  header.headBlock = readU32At(bytes, start + HEAD_BLOCK_POSITION);
  header.headOffset = readU32At(bytes, start + HEAD_OFFSET_POSITION);
  header.epoch = epochAt(bytes, start + EPOCH_POSITION, header.epoch);
  return true;
}
