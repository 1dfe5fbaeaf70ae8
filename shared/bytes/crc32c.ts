// CRC-32C (Castagnoli), the checksum of serial frames, datagrams and stored batches.
// Reflected polynomial 0x82F63B78, initial value and final XOR 0xFFFFFFFF; the check value of
// "123456789" is 0xE3069283 (RFC 3720 B.4). Chosen over CRC-32: it detects all errors of up to five
// bits in messages of up to 655 bytes, and beyond that all of up to three bits and of any odd number
// (docs/decisions/0003-checksums.md).

const POLYNOMIAL_REFLECTED = 0x82f63b78;

/** One step for each byte value. Written while the module loads, only read afterwards: on a board it lives in ROM. */
const TABLE = makeTable();

function makeTable(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
    table[byte] = crc;
  }
  return table;
}

/**
 * The CRC-32C of `bytes` from `start` up to `end`, as an unsigned 32-bit integer.
 * `previous` is the CRC of the bytes before them, so that pieces can be joined.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, previous = 0): number {
  const table = TABLE;
  let crc = ~previous;
  for (let index = start; index < end; index++) {
    crc = table[(crc ^ bytes[index]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
