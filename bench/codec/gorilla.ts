// Gorilla (T. Pelkonen et al., VLDB 8(12), 2015), for comparison only: times as differences of differences,
// values as the bits in which float64s differ. Nothing decodes it here.

import { XorState } from "../../shared/batch/xor.ts";
import { BitWriter } from "../../shared/bytes/bits.ts";

/** Encodes a column of times, then columns of values. */
export function encodeGorilla(columns: readonly (readonly number[])[]): Uint8Array {
  const [times, ...values] = columns;
  const writer = new BitWriter(new Uint8Array(32 * columns.length * times!.length + 64));
  writeTimes(times!, writer);
  for (const column of values) {
    const state = new XorState(true);
    for (const value of column) state.write(value, writer);
  }
  writer.finish();
  return writer.bytes.subarray(0, writer.position);
}

/** Section 4.1.1; beyond 12 bits 32 follow. */
function writeTimes(times: readonly number[], writer: BitWriter): void {
  writer.writeLong(times[0]!, 53);
  let lastStep = 0;
  for (let row = 1; row < times.length; row++) {
    const step = times[row]! - times[row - 1]!;
    const change = step - lastStep;
    lastStep = step;
    if (change === 0) writer.write(0, 1);
    else if (Math.abs(change) < 64) writer.writeLong(0b10 * 2 ** 7 + (change & 0x7f), 9);
    else if (Math.abs(change) < 256) writer.writeLong(0b110 * 2 ** 9 + (change & 0x1ff), 12);
    else if (Math.abs(change) < 2_048) writer.writeLong(0b1110 * 2 ** 12 + (change & 0xfff), 16);
    else writer.writeLong(0b1111 * 2 ** 32 + (change >>> 0), 36);
  }
}
