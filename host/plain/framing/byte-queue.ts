// Bytes that came and are not yet part of a whole frame. Room is made for bytes that are there, never
// for what a length field announces; taking from the front moves nothing.

const ROOM_BYTES_MIN = 256;

/** A larger buffer goes once it is empty: a client that sent one large frame must not keep its room. */
const ROOM_KEPT_BYTES_MAX = 4_096;

export class ByteQueue {
  #bytes = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies `bytes` to the end. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The byte at `index` from the front, which must be there. */
  at(index: number): number {
    return this.#bytes[this.#start + index]!;
  }

  /** The first `count` bytes, as a view that the next `push` may overwrite. */
  peek(count: number): Buffer {
    return this.#bytes.subarray(this.#start, this.#start + count);
  }

  /** Takes the first `count` bytes, which must be there, as a copy. */
  take(count: number): Buffer {
    const taken = Buffer.from(this.peek(count));
    this.drop(count);
    return taken;
  }

  drop(count: number): void {
    this.#start += count;
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
    if (this.#bytes.length > ROOM_KEPT_BYTES_MAX) this.#bytes = Buffer.alloc(0);
  }

  /** Where `byte` comes first at or behind `from`; -1 where it does not. */
  indexOf(byte: number, from: number): number {
    const found = this.#bytes.subarray(0, this.#end).indexOf(byte, this.#start + from);
    return found < 0 ? -1 : found - this.#start;
  }

  #makeRoom(count: number): void {
    const needed = this.length + count;
    const room = Math.max(needed, Math.min(2 * this.#bytes.length, 2 * needed), ROOM_BYTES_MIN);
    const grown = Buffer.alloc(room);
    this.#bytes.copy(grown, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#bytes = grown;
  }
}
