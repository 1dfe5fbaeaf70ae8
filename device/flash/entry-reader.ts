// Finds the entries of the log one after the other, whatever has become of the bytes between them. It
// knows where the log ends, not what the entries mean.
//
// Behind a sound head it goes on by the lengths in it. Where no sound head stands it tries each word
// up to the end of the block: a head that has rotted costs its own entry only. Zeroed words were voided
// on purpose; blank ones end a block, unless the way was lost before, for a body may hold such bytes.

import { ByteReader } from "../../shared/bytes/cursor.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  decodeBlockHeader,
  emptyBlockHeader,
} from "./block-header.ts";
import {
  bodyReadBytes,
  decodeEntryHead,
  ENTRY_ALIGNMENT,
  ENTRY_BYTES_MIN,
  ENTRY_HEAD_BYTES_MAX,
  type Entry,
  emptyEntry,
  entryOrigin,
  isBodySound,
} from "./entry.ts";
import type { Flash } from "./flash.ts";
import type { Place } from "./place.ts";

const VOID = 0;
const BLANK = 0xff;

/** No block: the log is new, or no header is loaded. */
export const NO_BLOCK = -1;

export class EntryReader {
  /** What `find` last found. */
  readonly entry: Entry = emptyEntry();
  /** The log ends here: nothing stands at or behind it. */
  tailBlock = NO_BLOCK;
  tailOffset = 0;
  /** Runs of bytes passed by that were no entry, and blocks passed by that had no header; set to 0 at will. */
  damaged = 0;
  damagedBlocks = 0;

  readonly #flash: Flash;
  /** What is read at a time: the head of any entry, or a block's header. */
  readonly #window = new Uint8Array(Math.max(ENTRY_HEAD_BYTES_MAX, BLOCK_HEADER_BYTES));
  readonly #windowReader = new ByteReader(this.#window);
  readonly #header: BlockHeader = emptyBlockHeader();
  #loadedBlock = NO_BLOCK;

  constructor(flash: Flash) {
    this.#flash = flash;
  }

  /** The oldest block; that its header is gone is damage, unless its turn to be erased had come. */
  oldestBlock(): number {
    const turn = this.tailBlock + 1 - this.#flash.blockCount;
    if (turn < 0) return 0;
    return this.epochOfBlock(turn) === undefined ? turn + 1 : turn;
  }

  /** Where a place of a block lies in flash. */
  offsetOf(block: number, offset: number): number {
    const { blockBytes, blockCount } = this.#flash;
    return (block % blockCount) * blockBytes + offset;
  }

  /** The header at `index`, if it is sound and lies where it should. Valid until the next call of any method. */
  headerAt(index: number): BlockHeader | undefined {
    const { blockBytes, blockCount } = this.#flash;
    this.#loadedBlock = NO_BLOCK;
    const bytes = this.#window.subarray(0, BLOCK_HEADER_BYTES);
    this.#flash.read(index * blockBytes, bytes);
    const header = this.#header;
    if (!decodeBlockHeader(bytes, header) || header.sequence % blockCount !== index) return;
    this.#loadedBlock = header.sequence;
    return header;
  }

  /** A header was written. */
  forgetHeader(): void {
    this.#loadedBlock = NO_BLOCK;
  }

  /** The epoch in the header of `block`; undefined where that block has none. */
  epochOfBlock(block: number): string | undefined {
    if (this.#loadedBlock !== block) this.headerAt(block % this.#flash.blockCount);
    return this.#loadedBlock === block ? this.#header.epoch : undefined;
  }

  /** Moves `place` on to the next entry at or behind it, and loads that; false, and the log's end, where there is none. */
  find(place: Place): boolean {
    while (place.block <= this.tailBlock) {
      const epoch = this.epochOfBlock(place.block);
      if (epoch === undefined) this.damagedBlocks++;
      else if (this.#findInBlock(place, epoch)) return true;
      if (place.block === this.tailBlock) break;
      place.block++;
      place.offset = BLOCK_HEADER_BYTES;
    }
    if (place.block === this.tailBlock) place.offset = Math.max(place.offset, this.tailOffset);
    return false;
  }

  /** Reads the body of the entry at `place`, which is the loaded one, into the start of `into`. False where it has rotted. */
  readBody(place: Place, into: Uint8Array): boolean {
    const { entry } = this;
    const bytes = into.subarray(0, bodyReadBytes(entry));
    if (bytes.length > 0) {
      this.#flash.read(this.offsetOf(place.block, place.offset + entry.bodyOffset), bytes);
    }
    return isBodySound(into, entry);
  }

  #findInBlock(place: Place, blockEpoch: string): boolean {
    const { blockBytes } = this.#flash;
    const end = place.block === this.tailBlock ? this.tailOffset : blockBytes;
    let isAdrift = false;
    for (; place.offset + ENTRY_BYTES_MIN <= end; place.offset += ENTRY_ALIGNMENT) {
      this.#loadWindow(place);
      if (this.#isAll(VOID, ENTRY_ALIGNMENT)) continue;
      if (!isAdrift && this.#isAll(BLANK, ENTRY_BYTES_MIN)) return false;
      const origin = entryOrigin(place.block, blockBytes, place.offset);
      const room = end - place.offset;
      if (decodeEntryHead(this.#windowReader, room, origin, blockEpoch, this.entry)) {
        return true;
      }
      if (!isAdrift) this.damaged++;
      isAdrift = true;
    }
    return false;
  }

  #loadWindow({ block, offset }: Place): void {
    const length = Math.min(this.#window.length, this.#flash.blockBytes - offset);
    const isWhole = length === this.#window.length;
    const bytes = isWhole ? this.#window : this.#window.subarray(0, length);
    this.#flash.read(this.offsetOf(block, offset), bytes);
  }

  #isAll(value: number, count: number): boolean {
    for (let index = 0; index < count; index++) if (this.#window[index] !== value) return false;
    return true;
  }
}
