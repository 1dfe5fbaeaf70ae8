// The flash memory that a log is kept in, as far as the log uses it: one partition, counted in bytes
// from its start. A board hands in its partition, a test a simulated one.
//
// What a log may take for granted is what NOR flash does:
//
// - `eraseBlock` sets every byte of a block to 0xFF, and is the only way to turn a 0 bit into a 1.
// - `write` clears bits: what is there afterwards is what was there AND what was written. So zeros may
//   be written over anything, other bytes only where nothing was written since the erase.
// - Power may fail at any moment. A write is then torn: bytes before some point are written, the byte
//   there has some of its bits cleared, the rest is untouched; or, within a page, any bits at all that
//   were to be cleared are. An erase may be torn too, and leaves anything at all.
// - Each erase wears its block; some 100,000 are allowed.
// - A bit may rot: read otherwise than it was written.
//
// A driver that fails throws. Offsets and lengths that the log writes are multiples of 4.

export interface Flash {
  /** Bytes of a block, the unit of erasing; 4,096 as a rule. */
  readonly blockBytes: number;
  readonly blockCount: number;
  /** Fills `into` with what stands from `offset` on. */
  read(offset: number, into: Uint8Array): void;
  /** Returns once the bytes are written; they may be reused afterwards. */
  write(offset: number, bytes: Uint8Array): void;
  /** Returns once all of the block is 0xFF. `index`: 0 to `blockCount` - 1. */
  eraseBlock(index: number): void;
}
