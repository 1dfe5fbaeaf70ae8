// Values of flags: each parser gives the value or says what is expected. Commander puts the flag's
// name and what was given in front.

import { InvalidArgumentError } from "commander";
import { type Address, DEFAULT_BAUD, parseAddress, type SerialAddress } from "../links/address.ts";
import { PlainSpecError, parsePlainInput } from "../plain/input-parser.ts";
import type { PlainSpec } from "../plain/spec.ts";

/** One input for plain clients; repeated flags add up. */
export function plainInputs(text: string, before: readonly PlainSpec[] = []): readonly PlainSpec[] {
  try {
    return [...before, parsePlainInput(text)];
  } catch (error) {
    if (error instanceof PlainSpecError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

/** Where to listen, or "off". Not undefined: commander takes that for a value that was not given. */
export type AddressOrOff = Address | "off";

/** ADDR:PORT, PORT alone (loopback), or "off". */
export function addressOrOff(text: string): AddressOrOff {
  if (text === "off") return text;
  const address = parseAddress(text);
  if (address === undefined) {
    throw new InvalidArgumentError(
      'Expected ADDR:PORT such as 127.0.0.1:7363 or [::]:7363, a port from 0 to 65535 (0: any free one), or "off".',
    );
  }
  return address;
}

/** PATH or PATH@BAUD; repeated flags add up. */
export function serialAddresses(
  text: string,
  before: readonly SerialAddress[] = [],
): readonly SerialAddress[] {
  const match = /^(.+?)(?:@(\d+))?$/.exec(text);
  const baud = match?.[2] === undefined ? DEFAULT_BAUD : Number(match[2]);
  if (match === null || !(baud > 0)) {
    throw new InvalidArgumentError("Expected PATH or PATH@BAUD such as /dev/ttyUSB0@115200.");
  }
  return [...before, { path: match[1]!, baud }];
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A size such as 500MB, 2GB or 1000000; bytes. */
export function sizeInBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(k|M|G)?B?$/i.exec(text);
  const unit = (match?.[2] ?? "").toUpperCase() as keyof typeof UNIT_BYTES;
  const bytes = match === null ? 0 : Math.round(Number(match[1]) * UNIT_BYTES[unit]);
  if (bytes < SIZE_BYTES_MIN) {
    throw new InvalidArgumentError("Expected a size of 256kB or more, such as 500MB or 2GB.");
  }
  return bytes;
}

const UNIT_BYTES = { "": 1, K: 1e3, M: 1e6, G: 1e9 };
/** A store without a reading in it takes about 100 kB. */
const SIZE_BYTES_MIN = 256_000;

/** A chance from 0 up to 1. */
export function chance(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError("Expected a number from 0 to 1.");
  }
  return value;
}

/** ISO 8601, in UTC where no zone is given; its date alone is midnight. */
const ISO_TIME = /^\d{4}-\d\d-\d\d(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** A time, or a duration back from now such as 90s, 15m, 6h, 7d. Microseconds since 1970. */
export function pointInTime(text: string): number {
  const back = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  const ms =
    back === null ? parseIso(text) : Date.now() - Number(back[1]) * UNIT_MS[back[2] as "s"]!;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      "Expected a time such as 2026-11-22T18:00:00Z or 2026-11-22 (UTC), or how long ago: 90s, 15m, 6h, 7d.",
    );
  }
  return Math.round(ms) * 1_000;
}

/** NaN where the text is no time. */
function parseIso(text: string): number {
  const match = ISO_TIME.exec(text);
  if (match === null) return Number.NaN;
  const [, time, zone] = match;
  return Date.parse(
    time === undefined ? text : `${text.replace(" ", "T")}${zone === undefined ? "Z" : ""}`,
  );
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
