// Framing for datagrams: the message, then its CRC-32C. One datagram, one message. PROTOCOL 3.4.
// The session's token (PROTOCOL 3.5) is part of the message here: shared/session/ knows it.

import { crc32c } from "../bytes/crc32c.ts";
import { readU32At, writeU32At } from "../bytes/cursor.ts";
import { DATAGRAM_BYTES_MAX } from "../limits.ts";
import type { FrameEvent } from "./frame.ts";

/** Bytes behind each message. */
export const DATAGRAM_TRAILER_BYTES = 4;

/** Seals the first `length` bytes of `message` with a checksum behind them. Returns the datagram's length. */
export function endDatagram(message: Uint8Array, length: number): number {
  writeU32At(message, length, crc32c(message, 0, length));
  return length + DATAGRAM_TRAILER_BYTES;
}

/** The message in a datagram, as a view of it, or why it holds none. */
export function decodeDatagram(bytes: Uint8Array): FrameEvent {
  const length = bytes.length - DATAGRAM_TRAILER_BYTES;
  if (length <= 0) return { kind: "noise", reason: "too-short", dropped: bytes.length };
  if (bytes.length > DATAGRAM_BYTES_MAX) {
    return { kind: "noise", reason: "too-long", dropped: bytes.length };
  }
  if (crc32c(bytes, 0, length) !== readU32At(bytes, length)) {
    return { kind: "noise", reason: "checksum", dropped: bytes.length };
  }
  return { kind: "message", bytes: bytes.subarray(0, length) };
}
