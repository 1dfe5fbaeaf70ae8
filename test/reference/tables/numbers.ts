// Vectors of the lowest layer: varints, CRC-32C, COBS.

import { decodeCobs, encodeCobs } from "../frames.ts";
import { type Bytes, crc32c, encodeVarint, Source, toHex } from "../numbers.ts";
import { ascii, type Entry, invalid, repeat, type Table, valid } from "./entry.ts";

function decodeVarint(bytes: Bytes): number {
  const source = new Source(bytes, "malformed");
  const value = Number(source.varint());
  source.end();
  return value;
}

export function varintTable(): Table {
  const values = [0, 1, 127, 128, 300, 16_383, 16_384, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1, 2 ** 32];
  values.push(2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER);
  return {
    about: "Varints (PROTOCOL 2.1). value: the integer.",
    vectors: [
      ...values.map((value) => valid(String(value), encodeVarint(value), decodeVarint)),
      invalid("nothing", "", decodeVarint),
      invalid("cut off after the first group", "80", decodeVarint),
      invalid("cut off after seven groups", "ff ff ff ff ff ff ff", decodeVarint),
      invalid("padded zero", "80 00", decodeVarint),
      invalid("padded 127", "ff 00", decodeVarint),
      invalid("2^53", encodeVarint(2n ** 53n), decodeVarint),
      invalid("2^56 - 1, the largest of eight groups", encodeVarint(2n ** 56n - 1n), decodeVarint),
      invalid("nine groups", encodeVarint(2n ** 56n), decodeVarint),
      invalid("endless", repeat(0xff, 20), decodeVarint),
    ],
  };
}

export function crcTable(): Table {
  const samples: [string, Bytes][] = [
    ["nothing", []],
    ["the check value of RFC 3720 B.4", ascii("123456789")],
    ["32 zeros (RFC 3720 B.4)", repeat(0, 32)],
    ["32 ones (RFC 3720 B.4)", repeat(0xff, 32)],
    ["ascending (RFC 3720 B.4)", Array.from({ length: 32 }, (_, index) => index)],
    ["descending (RFC 3720 B.4)", Array.from({ length: 32 }, (_, index) => 31 - index)],
    ["one zero", [0]],
    ["one byte", [0x10]],
  ];
  return {
    about: "CRC-32C (PROTOCOL 3.3). value: the checksum as an unsigned integer.",
    vectors: samples.map(([name, bytes]) => valid(name, bytes, crc32c)),
  };
}

export function cobsTable(): Table {
  const count = (from: number, length: number) =>
    Array.from({ length }, (_, index) => ((from + index - 1) % 255) + 1);
  const plains: [string, Bytes][] = [
    ["nothing", []],
    ["one zero", [0]],
    ["two zeros", [0, 0]],
    ["a zero inside", [0x11, 0x22, 0, 0x33]],
    ["no zero", [0x11, 0x22, 0x33, 0x44]],
    ["zeros at the end", [0x11, 0, 0, 0]],
    ["253 bytes without a zero", count(1, 253)],
    ["254 bytes without a zero", count(1, 254)],
    ["255 bytes without a zero", count(1, 255)],
    ["254 bytes, then a zero", [...count(1, 254), 0]],
    ["a zero, then 254 bytes", [0, ...count(1, 254)]],
    ["253 bytes, a zero, a byte", [...count(1, 253), 0, 1]],
    ["508 bytes without a zero", count(7, 508)],
    ["600 zeros", repeat(0, 600)],
  ];
  const decode = (bytes: Bytes) => toHex(decodeCobs(bytes));
  const made: Entry[] = plains.map(([name, plain]) => {
    const made = valid(name, encodeCobs(plain), decode);
    if (made.value !== toHex(plain)) throw new Error(`the twin's COBS does not undo "${name}"`);
    return made;
  });
  return {
    about: "COBS (PROTOCOL 3.3). hex: stuffed, without delimiters; value: plain, hexadecimal.",
    vectors: [
      ...made,
      valid("nothing at all", "", decode, { decodeOnly: true }),
      valid("a full block and a needless empty one", [0xff, ...count(1, 254), 1], decode, {
        decodeOnly: true,
      }),
      invalid("a block of length 0", "00", decode),
      invalid("a block longer than what is there", "05 11 22", decode),
      invalid("a code without its block", "02", decode),
      invalid("a full block cut off", [0xff, ...count(1, 253)], decode),
    ],
  };
}
