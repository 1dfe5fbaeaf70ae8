// An epoch as the log names it: the eight bytes of PROTOCOL 7.1 and the four of the hash of its schema,
// so that a later life, of other firmware perhaps, can tell the host which channels the batches have.
// 24 hexadecimal digits in interfaces, twelve bytes in flash. Lower case is all that is known.

import { assert } from "../../shared/errors.ts";

export const EPOCH_BYTES = 12;

/** Digits of the epoch itself; those of the schema's hash follow. */
const SESSION_DIGITS = 16;

/** The log's name for an epoch of 16 hexadecimal digits whose schema has this hash (32 bits). */
export function logEpoch(epoch: string, schemaHash: number): string {
  return epoch + schemaHash.toString(16).padStart(2 * EPOCH_BYTES - SESSION_DIGITS, "0");
}

/** The epoch as messages name it, in the log's name. */
export function sessionEpoch(name: string): string {
  return name.slice(0, SESSION_DIGITS);
}

/** The hash of its schema. */
export function epochSchemaHash(name: string): number {
  return Number.parseInt(name.slice(SESSION_DIGITS), 16);
}

const DIGITS = "0123456789abcdef";

/** Writes the bytes of `epoch` into `into`, from its start. */
export function epochIntoBytes(epoch: string, into: Uint8Array): void {
  assert(epoch.length === 2 * EPOCH_BYTES, "an epoch of 24 hexadecimal digits");
  for (let index = 0; index < EPOCH_BYTES; index++) {
    into[index] = (digitAt(epoch, 2 * index) << 4) | digitAt(epoch, 2 * index + 1);
  }
}

function digitAt(epoch: string, position: number): number {
  const code = epoch.charCodeAt(position);
  const digit = code < 0x3a ? code - 0x30 : code - 0x61 + 10;
  assert(DIGITS.charCodeAt(digit) === code, "an epoch of hexadecimal digits in lower case");
  return digit;
}

/** The epoch whose bytes stand at `position`. Returns `known` itself where it is that one: no new text. */
export function epochAt(bytes: Uint8Array, position: number, known: string): string {
  if (isEpochAt(bytes, position, known)) return known;
  let epoch = "";
  for (let index = 0; index < EPOCH_BYTES; index++) {
    const byte = bytes[position + index]!;
    epoch += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  }
  return epoch;
}

function isEpochAt(bytes: Uint8Array, position: number, epoch: string): boolean {
  if (epoch.length !== 2 * EPOCH_BYTES) return false;
  for (let digit = 0; digit < 2 * EPOCH_BYTES; digit++) {
    const byte = bytes[position + (digit >> 1)]!;
    const nibble = digit % 2 === 0 ? byte >> 4 : byte & 15;
    if (DIGITS.charCodeAt(nibble) !== epoch.charCodeAt(digit)) return false;
  }
  return true;
}
