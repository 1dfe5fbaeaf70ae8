// Writes entries at the log's end, and opens the next block where one is full. It erases what it is told
// may go, in the order of the ring, and keeps to what a cut at any byte leaves readable: nothing is
// written over, a block is retired before its erase, and what a cut left behind the last entry is zeroed
// before the next one is written.

import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { assert } from "../../shared/errors.ts";
import { SEQUENCE_MAX } from "../../shared/limits.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  emptyBlockHeader,
  encodeBlockHeader,
} from "./block-header.ts";
import { align, type Entry, emptyEntry, encodeEntry, entryOrigin } from "./entry.ts";
import { type EntryReader, NO_BLOCK } from "./entry-reader.ts";
import { EPOCH_BYTES, epochIntoBytes } from "./epoch.ts";
import type { Flash } from "./flash.ts";
import type { Place } from "./place.ts";

const BLANK = 0xff;
const VOID = 0;

export class EntryWriter {
  /** What `write` writes; filled in by its user but for the lengths. */
  readonly draft: Entry = emptyEntry();
  readonly #flash: Flash;
  /** Its tail is where this writes. */
  readonly #reader: EntryReader;
  readonly #buffer: Uint8Array;
  readonly #bytes: ByteWriter;
  readonly #epochBytes = new Uint8Array(EPOCH_BYTES);
  /** Of the block that is written. */
  readonly #header: BlockHeader = emptyBlockHeader();
  /** What stands from here to the tail is no entry, and not zeroed yet. */
  #voidFrom = 0;
  /** A write failed, and what it left at the tail is not known. */
  #isTailUnknown = false;

  /** `buffer`: room for the longest entry; shared with the readers of bodies. */
  constructor(flash: Flash, reader: EntryReader, buffer: Uint8Array) {
    this.#flash = flash;
    this.#reader = reader;
    this.#buffer = buffer;
    this.#bytes = new ByteWriter(buffer);
  }

  /** Of the block that is written. */
  get header(): Readonly<BlockHeader> {
    return this.#header;
  }

  /** Finds the newest block: the tail is its end, until `settleTail` knows better. */
  findTail(): void {
    const reader = this.#reader;
    for (let index = 0; index < this.#flash.blockCount; index++) {
      const header = reader.headerAt(index);
      if (header === undefined || header.sequence < reader.tailBlock) continue;
      reader.tailBlock = header.sequence;
      Object.assign(this.#header, header);
    }
    if (reader.tailBlock === NO_BLOCK) return;
    reader.tailOffset = this.#flash.blockBytes;
    this.#voidFrom = reader.tailOffset;
  }

  /** Sets the tail behind all that was written from `end` on, in the newest block. Returns whether it is more than voided words. */
  settleTail(end: number): boolean {
    const reader = this.#reader;
    const { blockBytes } = this.#flash;
    let writtenEnd = end;
    let voided = 0;
    for (let offset = end; offset < blockBytes; offset += this.#buffer.length) {
      const bytes = this.#buffer.subarray(0, Math.min(this.#buffer.length, blockBytes - offset));
      this.#flash.read(reader.offsetOf(reader.tailBlock, offset), bytes);
      for (let index = 0; index < bytes.length; index++) {
        if (bytes[index] === VOID) voided++;
        if (bytes[index] !== BLANK) writtenEnd = offset + index + 1;
      }
    }
    reader.tailOffset = align(writtenEnd);
    const isTorn = end + voided < reader.tailOffset;
    this.#voidFrom = isTorn ? end : reader.tailOffset;
    this.#isTailUnknown = false;
    return isTorn;
  }

  /**
   * Writes the draft with `body`, in the next block where this one has no room. `epoch` is the one that
   * a new block is for. False, and nothing changed, where that would take the block of `head`.
   */
  write(body: Uint8Array | undefined, epoch: string, head: Place): boolean {
    this.#voidTail();
    if (!this.#encode(body)) {
      if (!this.#openBlock(epoch, head)) return false;
      assert(this.#encode(body), "an entry that fits a block");
    }
    const reader = this.#reader;
    const { bytes } = this.draft;
    this.#isTailUnknown = true;
    this.#flash.write(
      reader.offsetOf(reader.tailBlock, reader.tailOffset),
      this.#buffer.subarray(0, bytes),
    );
    this.#isTailUnknown = false;
    reader.tailOffset += bytes;
    this.#voidFrom = reader.tailOffset;
    return true;
  }

  /** Zeroes what a cut or a failure left behind the last entry: from then on it is known for what it is. */
  #voidTail(): void {
    const reader = this.#reader;
    if (this.#isTailUnknown) this.settleTail(reader.tailOffset);
    while (this.#voidFrom < reader.tailOffset) {
      const length = Math.min(reader.tailOffset - this.#voidFrom, this.#buffer.length);
      const zeros = this.#buffer.subarray(0, length).fill(VOID);
      this.#flash.write(reader.offsetOf(reader.tailBlock, this.#voidFrom), zeros);
      this.#voidFrom += length;
    }
  }

  /** Encodes the draft for the tail. False where it does not fit there. */
  #encode(body: Uint8Array | undefined): boolean {
    const { tailBlock, tailOffset } = this.#reader;
    if (tailBlock === NO_BLOCK) return false;
    const { blockBytes } = this.#flash;
    const { draft } = this;
    const isImplied = draft.kind === "ack" || draft.epoch === this.#header.epoch;
    if (!isImplied) epochIntoBytes(draft.epoch, this.#epochBytes);
    const epochBytes = isImplied ? undefined : this.#epochBytes;
    encodeEntry(
      draft,
      body,
      epochBytes,
      entryOrigin(tailBlock, blockBytes, tailOffset),
      this.#bytes,
    );
    assert(!this.#bytes.failed, "room for any entry");
    return tailOffset + draft.bytes <= blockBytes;
  }

  /** Erases the block whose turn it is and writes its header. */
  #openBlock(epoch: string, head: Place): boolean {
    const reader = this.#reader;
    const { blockBytes, blockCount } = this.#flash;
    const sequence = reader.tailBlock + 1;
    if (head.block <= sequence - blockCount || sequence >= SEQUENCE_MAX) return false;
    const index = sequence % blockCount;
    const wear = this.#retire(index) + 1;
    this.#flash.eraseBlock(index);
    const header = { sequence, wear, headBlock: head.block, headOffset: head.offset, epoch };
    epochIntoBytes(epoch, this.#epochBytes);
    const bytes = this.#buffer.subarray(0, BLOCK_HEADER_BYTES);
    encodeBlockHeader(header, this.#epochBytes, bytes);
    this.#flash.write(index * blockBytes, bytes);
    Object.assign(this.#header, header); // not before: the block may not have come to be
    reader.forgetHeader();
    reader.tailBlock = sequence;
    reader.tailOffset = BLOCK_HEADER_BYTES;
    this.#voidFrom = BLOCK_HEADER_BYTES;
    return true;
  }

  /** Sees to it that no erase that is cut short leaves what passes for a block. Returns how often it was erased. */
  #retire(index: number): number {
    const header = this.#reader.headerAt(index);
    // A header that a cut took: about as often as the others, for the turn goes round.
    if (header === undefined) return Math.max(0, this.#header.wear - 1);
    const { wear } = header;
    const zeros = this.#buffer.subarray(0, BLOCK_HEADER_BYTES).fill(VOID);
    this.#flash.write(index * this.#flash.blockBytes, zeros);
    return wear;
  }
}
