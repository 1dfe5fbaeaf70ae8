// Framing for serial lines: 0x00, COBS of (message, CRC-32C), 0x00. PROTOCOL 3.3.
//
// The line also carries text: the chip's boot messages, traces, a person at a terminal. A segment
// between two zeros that consists of text bytes only is given out as text; a frame can never look
// like that, for the first byte of every message is a control character that text does not use.
// Whatever is neither is noise, and the next zero starts afresh.

import { crc32c } from "../bytes/crc32c.ts";
import { readU32At, writeU32At } from "../bytes/cursor.ts";
import { SERIAL_MESSAGE_BYTES_MAX } from "../limits.ts";
import { cobsLengthMax, decodeCobs, encodeCobs } from "./cobs.ts";
import type { FrameDecoder, FrameEvent } from "./frame.ts";

const DELIMITER = 0;
const CRC_BYTES = 4;
const NEWLINE = 0x0a;

/** Most bytes of a frame that carries a message of `messageLength` bytes. */
export function serialFrameLengthMax(messageLength: number): number {
  return cobsLengthMax(messageLength + CRC_BYTES) + 2;
}

/**
 * Frames the first `length` bytes of `message`, behind which `CRC_BYTES` must be free, into `into`,
 * which must hold `serialFrameLengthMax(length)`. Returns the frame's length.
 */
export function encodeSerialFrame(message: Uint8Array, length: number, into: Uint8Array): number {
  writeU32At(message, length, crc32c(message, 0, length));
  into[0] = DELIMITER;
  const end = encodeCobs(message, 0, length + CRC_BYTES, into, 1);
  into[end] = DELIMITER;
  return end + 1;
}

export class SerialDecoder implements FrameDecoder {
  readonly #segment: Uint8Array;
  #segmentLength = 0;
  /** Bytes of a segment that grew beyond any frame, dropped up to the next delimiter. */
  #overflow = 0;
  #input: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(messageBytesMax: number = SERIAL_MESSAGE_BYTES_MAX) {
    this.#segment = new Uint8Array(cobsLengthMax(messageBytesMax + CRC_BYTES));
  }

  handleBytes(bytes: Uint8Array): void {
    this.#input = bytes;
    this.#position = 0;
  }

  pollFrame(): FrameEvent | undefined {
    const input = this.#input;
    while (this.#position < input.length) {
      const byte = input[this.#position++]!;
      const event = byte === DELIMITER ? this.#endSegment() : this.#addByte(byte);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /**
   * The line has been quiet for a while: gives out text lines that no delimiter has ended yet, so
   * that a person sees what a device prints before it frames anything.
   */
  handleQuiet(): FrameEvent | undefined {
    const length = this.#segmentLength;
    const isLine = length > 1 && this.#segment[length - 1] === NEWLINE;
    return isLine && isText(this.#segment, length) ? this.#takeText() : undefined;
  }

  #addByte(byte: number): FrameEvent | undefined {
    if (this.#overflow > 0) {
      this.#overflow++;
      return undefined;
    }
    const isFull = this.#segmentLength === this.#segment.length;
    const event = isFull ? this.#makeRoom() : undefined;
    if (this.#overflow === 0) this.#segment[this.#segmentLength++] = byte;
    return event;
  }

  /** Too long for a frame: text is given out and goes on, all else is dropped up to the next delimiter. */
  #makeRoom(): FrameEvent | undefined {
    if (isText(this.#segment, this.#segmentLength)) return this.#takeText(this.#segment.slice());
    this.#overflow = this.#segmentLength + 1;
    this.#segmentLength = 0;
    return undefined;
  }

  #endSegment(): FrameEvent | undefined {
    if (this.#overflow > 0) {
      const dropped = this.#overflow;
      this.#overflow = 0;
      return { kind: "noise", reason: "too-long", dropped };
    }
    const length = this.#segmentLength;
    if (length === 0) return undefined;
    if (isText(this.#segment, length)) return this.#takeText();
    this.#segmentLength = 0;
    return this.#decodeSegment(length);
  }

  #decodeSegment(length: number): FrameEvent {
    const decoded = decodeCobs(this.#segment, length);
    if (decoded < 0) return { kind: "noise", reason: "cobs", dropped: length };
    const end = decoded - CRC_BYTES;
    if (end <= 0) return { kind: "noise", reason: "too-short", dropped: length };
    if (crc32c(this.#segment, 0, end) !== readU32At(this.#segment, end)) {
      return { kind: "noise", reason: "checksum", dropped: length };
    }
    return { kind: "message", bytes: this.#segment.subarray(0, end) };
  }

  #takeText(bytes: Uint8Array = this.#segment): FrameEvent {
    const length = this.#segmentLength;
    this.#segmentLength = 0;
    return { kind: "text", bytes: bytes.subarray(0, length) };
  }
}

/** Printable ASCII, UTF-8 beyond it, tab, line ends and the escape of colours. */
function isText(bytes: Uint8Array, length: number): boolean {
  for (let index = 0; index < length; index++) {
    const byte = bytes[index]!;
    const isControl = byte < 0x20 || byte === 0x7f;
    if (isControl && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x1b) return false;
  }
  return true;
}
