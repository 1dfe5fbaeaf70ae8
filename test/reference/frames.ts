// The reference twin's frames: COBS by its definition, and the three framings of PROTOCOL 3 as
// functions of the whole input. They know nothing of pieces: that is what they are compared for.

import { type Bytes, bigEndian, crc32c, Fault, fromBigEndian, toHex } from "./numbers.ts";

const MESSAGE_BYTES_MAX = 65_536;
const SERIAL_MESSAGE_BYTES_MAX = 2_048;
const DATAGRAM_BYTES_MAX = 1_200;
const CRC_BYTES = 4;

/** As the vectors write what a framing gives. */
export type FrameNotation =
  | { message: string }
  | { text: string }
  | { noise: string; dropped: number }
  | { broken: string };

/** Blocks of a length byte and up to 254 bytes without a zero; each but a full one stands for a zero behind it. */
export function encodeCobs(plain: Bytes): Bytes {
  const stuffed: Bytes = [];
  let rest = [...plain, 0]; // the zero that every message is thought to end in
  while (rest.length > 0) {
    const zeroAt = rest.indexOf(0);
    const run = rest.slice(0, Math.min(zeroAt, 254));
    stuffed.push(run.length + 1, ...run);
    rest = rest.slice(run.length === 254 ? 254 : run.length + 1);
    const onlyThoughtIsLeft = run.length === 254 && rest.length === 1;
    if (onlyThoughtIsLeft) break;
  }
  return stuffed;
}

export function decodeCobs(stuffed: Bytes): Bytes {
  const plain: Bytes = [];
  let rest = stuffed;
  while (rest.length > 0) {
    const code = rest[0]!;
    const run = rest.slice(1, code);
    if (code === 0 || run.length < code - 1) throw new Fault("cobs");
    rest = rest.slice(code);
    plain.push(...run);
    if (code < 255 && rest.length > 0) plain.push(0);
  }
  return plain;
}

export function encodeStreamFrame(message: Bytes): Bytes {
  return [...bigEndian(message.length, 4), ...message];
}

/** Everything that a stream gives that so far consists of `bytes`. */
export function decodeStream(bytes: Bytes): FrameNotation[] {
  const found: FrameNotation[] = [];
  let rest = bytes;
  while (rest.length >= 4) {
    const length = Number(fromBigEndian(rest.slice(0, 4)));
    if (length > MESSAGE_BYTES_MAX) return [...found, { broken: "too-long" }];
    if (rest.length < 4 + length) break;
    found.push({ message: toHex(rest.slice(4, 4 + length)) });
    rest = rest.slice(4 + length);
  }
  return found;
}

export function encodeDatagram(message: Bytes): Bytes {
  return [...message, ...bigEndian(crc32c(message), CRC_BYTES)];
}

export function decodeDatagram(bytes: Bytes): FrameNotation[] {
  const noise = (reason: string) => [{ noise: reason, dropped: bytes.length }];
  if (bytes.length <= CRC_BYTES) return noise("too-short");
  if (bytes.length > DATAGRAM_BYTES_MAX) return noise("too-long");
  const message = bytes.slice(0, -CRC_BYTES);
  if (toHex(encodeDatagram(message)) !== toHex(bytes)) return noise("checksum");
  return [{ message: toHex(message) }];
}

export function encodeSerialFrame(message: Bytes): Bytes {
  return [0, ...encodeCobs([...message, ...bigEndian(crc32c(message), CRC_BYTES)]), 0];
}

/** Bytes between two zeros that a frame may take: COBS adds one byte, and one more for each 254. */
export const SEGMENT_BYTES_MAX =
  SERIAL_MESSAGE_BYTES_MAX +
  CRC_BYTES +
  1 +
  Math.floor((SERIAL_MESSAGE_BYTES_MAX + CRC_BYTES) / 254);

/** Everything that a serial line gives that so far consists of `bytes`. */
export function decodeSerial(bytes: Bytes): FrameNotation[] {
  const found: FrameNotation[] = [];
  let segment: Bytes = [];
  for (const byte of bytes) {
    if (byte === 0) {
      found.push(...decodeSegment(segment));
      segment = [];
      continue;
    }
    if (segment.length === SEGMENT_BYTES_MAX && isText(segment)) {
      found.push({ text: toHex(segment) });
      segment = [];
    }
    segment.push(byte);
  }
  return found;
}

function decodeSegment(segment: Bytes): FrameNotation[] {
  const noise = (reason: string) => [{ noise: reason, dropped: segment.length }];
  if (segment.length === 0) return [];
  if (segment.length > SEGMENT_BYTES_MAX) return noise("too-long");
  if (isText(segment)) return [{ text: toHex(segment) }];
  let plain: Bytes;
  try {
    plain = decodeCobs(segment);
  } catch {
    return noise("cobs");
  }
  if (plain.length <= CRC_BYTES) return noise("too-short");
  const message = plain.slice(0, -CRC_BYTES);
  const isGood = fromBigEndian(plain.slice(-CRC_BYTES)) === BigInt(crc32c(message));
  return isGood ? [{ message: toHex(message) }] : noise("checksum");
}

function isText(segment: Bytes): boolean {
  return segment.every(
    (byte) => [0x09, 0x0a, 0x0d, 0x1b].includes(byte) || (byte >= 0x20 && byte !== 0x7f),
  );
}
