// Framing for reliable byte streams such as TCP: a 4-byte big-endian length, then the message.
// PROTOCOL 3.2. A length beyond the limit means that the peer speaks something else: nothing behind
// it can be trusted, so the stream is broken. Room is made for bytes that came, never for bytes
// that a length field announces.

import { readU32At, writeU32At } from "../bytes/cursor.ts";
import { MESSAGE_BYTES_MAX } from "../limits.ts";
import type { FrameDecoder, FrameEvent } from "./frame.ts";

/** Bytes in front of each message. */
export const STREAM_HEADER_BYTES = 4;

const PARTIAL_BYTES_MIN = 256;

/** A larger buffer goes with its frame: ten thousand idle links must not keep their largest ones. */
const PARTIAL_BYTES_KEPT_MAX = 4_096;

/** Writes the header of a message of `length` bytes into `into` at `position`. */
export function writeStreamHeader(into: Uint8Array, position: number, length: number): void {
  writeU32At(into, position, length);
}

export class StreamDecoder implements FrameDecoder {
  readonly #messageBytesMax: number;
  /** Let go of once it is read: ten thousand idle links must not keep their last one. */
  #input: Uint8Array | undefined;
  #position = 0;
  /** Header and body of a frame of which only a part has come; without room while none has. */
  #partial: Uint8Array | undefined;
  #partialLength = 0;
  #isBroken = false;

  constructor(messageBytesMax: number = MESSAGE_BYTES_MAX) {
    this.#messageBytesMax = messageBytesMax;
  }

  handleBytes(bytes: Uint8Array): void {
    this.#input = bytes;
    this.#position = 0;
  }

  pollFrame(): FrameEvent | undefined {
    const input = this.#input;
    if (this.#isBroken || input === undefined) return undefined;
    const event = this.#partialLength === 0 ? this.#pollWhole(input) : this.#pollPartial(input);
    if (event === undefined) this.#input = undefined;
    return event;
  }

  /** The usual case: the frame lies whole within the input and is not copied. */
  #pollWhole(input: Uint8Array): FrameEvent | undefined {
    const start = this.#position + STREAM_HEADER_BYTES;
    if (start > input.length) return this.#keepRest(input);
    const length = readU32At(input, this.#position);
    if (length > this.#messageBytesMax) return this.#break();
    if (start + length > input.length) return this.#keepRest(input);
    this.#position = start + length;
    return { kind: "message", bytes: input.subarray(start, start + length) };
  }

  #pollPartial(input: Uint8Array): FrameEvent | undefined {
    const header = this.#fillPartial(input, STREAM_HEADER_BYTES);
    if (header === undefined) return undefined;
    const length = readU32At(header, 0);
    if (length > this.#messageBytesMax) return this.#break();
    const end = STREAM_HEADER_BYTES + length;
    const frame = this.#fillPartial(input, end);
    if (frame === undefined) return undefined;
    this.#partialLength = 0;
    if (frame.length > PARTIAL_BYTES_KEPT_MAX) this.#partial = undefined;
    return { kind: "message", bytes: frame.subarray(STREAM_HEADER_BYTES, end) };
  }

  #keepRest(input: Uint8Array): undefined {
    this.#fillPartial(input, Number.POSITIVE_INFINITY);
  }

  /** Takes input into the partial frame until that holds `end` bytes; then returns its buffer. */
  #fillPartial(input: Uint8Array, end: number): Uint8Array | undefined {
    const count = Math.min(end - this.#partialLength, input.length - this.#position);
    if (count > 0) {
      const partial = this.#roomFor(this.#partialLength + count);
      partial.set(input.subarray(this.#position, this.#position + count), this.#partialLength);
      this.#partialLength += count;
      this.#position += count;
    }
    return this.#partialLength >= end ? this.#partial : undefined;
  }

  /** The partial frame's buffer, with room for so many bytes. */
  #roomFor(length: number): Uint8Array {
    const partial = this.#partial;
    if (partial !== undefined && length <= partial.length) return partial;
    const room = Math.max(length, 2 * (partial?.length ?? 0), PARTIAL_BYTES_MIN);
    const grown = new Uint8Array(room);
    if (partial !== undefined) grown.set(partial.subarray(0, this.#partialLength));
    this.#partial = grown;
    return grown;
  }

  #break(): FrameEvent {
    this.#isBroken = true;
    return { kind: "broken", reason: "too-long" };
  }
}
