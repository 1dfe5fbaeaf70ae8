// Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2),
// 1999): bytes without a zero among them, at one byte in 254 of overhead. PROTOCOL 3.3.

const RUN_MAX = 0xff;

/** Most bytes that `length` bytes take when stuffed. */
export function cobsLengthMax(length: number): number {
  return length + Math.floor(length / (RUN_MAX - 1)) + 1;
}

/**
 * Stuffs `source` from `start` up to `end` into `into` at `position`, where `cobsLengthMax` bytes must
 * be free. Returns the position behind the last byte. No delimiter is written.
 */
export function encodeCobs(
  source: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  position: number,
): number {
  let codePosition = position;
  let at = position + 1;
  let run = 1;
  for (let index = start; index < end; index++) {
    const byte = source[index]!;
    if (byte !== 0) {
      into[at++] = byte;
      run++;
      if (run < RUN_MAX) continue;
      if (index + 1 === end) break; // a full run at the very end needs no code of its own behind it
    }
    into[codePosition] = run;
    codePosition = at++;
    run = 1;
  }
  into[codePosition] = run;
  return at;
}

/**
 * Undoes the stuffing of the first `length` bytes of `bytes`, in place, for the result is never longer.
 * Returns the length of the result, or -1 where the bytes are not stuffed ones.
 */
export function decodeCobs(bytes: Uint8Array, length: number): number {
  let at = 0;
  let index = 0;
  while (index < length) {
    const run = bytes[index++]!;
    if (run === 0 || index + run - 1 > length) return -1;
    bytes.copyWithin(at, index, index + run - 1);
    at += run - 1;
    index += run - 1;
    if (run < RUN_MAX && index < length) bytes[at++] = 0;
  }
  return at;
}
