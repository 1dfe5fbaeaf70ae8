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
  #input: Uint8Array = new Uint8Array(0);
  #position = 0;
  /** Header and body of a frame of which only a part has come. */
  #partial = new Uint8Array(0);
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
    if (this.#isBroken) return undefined;
    return this.#partialLength === 0 ? this.#pollWhole() : this.#pollPartial();
  }

  /** The usual case: the frame lies whole within the input and is not copied. */
  #pollWhole(): FrameEvent | undefined {
    const input = this.#input;
    const start = this.#position + STREAM_HEADER_BYTES;
    if (start > input.length) return this.#keepRest();
    const length = readU32At(input, this.#position);
    if (length > this.#messageBytesMax) return this.#break();
    if (start + length > input.length) return this.#keepRest();
    this.#position = start + length;
    return { kind: "message", bytes: input.subarray(start, start + length) };
  }

  #pollPartial(): FrameEvent | undefined {
    if (!this.#fillPartial(STREAM_HEADER_BYTES)) return undefined;
    const length = readU32At(this.#partial, 0);
    if (length > this.#messageBytesMax) return this.#break();
    const end = STREAM_HEADER_BYTES + length;
    if (!this.#fillPartial(end)) return undefined;
    const bytes = this.#partial.subarray(STREAM_HEADER_BYTES, end);
    this.#partialLength = 0;
    if (this.#partial.length > PARTIAL_BYTES_KEPT_MAX) this.#partial = new Uint8Array(0);
    return { kind: "message", bytes };
  }

  #keepRest(): undefined {
    this.#fillPartial(Number.POSITIVE_INFINITY);
  }

  /** Takes input into the partial frame until it holds `end` bytes. True once it does. */
  #fillPartial(end: number): boolean {
    const count = Math.min(end - this.#partialLength, this.#input.length - this.#position);
    if (count > 0) {
      const length = this.#partialLength + count;
      if (length > this.#partial.length) this.#growPartial(length);
      this.#partial.set(
        this.#input.subarray(this.#position, this.#position + count),
        this.#partialLength,
      );
      this.#partialLength = length;
      this.#position += count;
    }
    return this.#partialLength >= end;
  }

  #growPartial(length: number): void {
    const grown = new Uint8Array(Math.max(length, 2 * this.#partial.length, PARTIAL_BYTES_MIN));
    grown.set(this.#partial.subarray(0, this.#partialLength));
    this.#partial = grown;
  }

  #break(): FrameEvent {
    this.#isBroken = true;
    return { kind: "broken", reason: "too-long" };
  }
}
