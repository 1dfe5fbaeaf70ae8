// What people type: each parser gives a value that the program can work with, or says what it expects.

import { InvalidArgumentError } from "commander";
import {
  addressOrOff,
  chance,
  pointInTime,
  serialAddresses,
  sizeInBytes,
  wholeNumber,
} from "../../../host/cli/arguments.ts";
import { formatAddress, parseAddress } from "../../../host/links/address.ts";
import { must, mustEqual, type Target } from "../target.ts";

const TEXTS = [
  "off",
  "7363",
  ":7363",
  "127.0.0.1:7363",
  "[::1]:7363",
  "/dev/ttyUSB0@115200",
  "12",
  "0x10",
  "1e3",
  "500MB",
  "2.5G",
  "0.25",
  "90s",
  "7d",
  "2026-11-22T18:00:00Z",
  "2026-11-22 18:00:00.5+01:00",
  "2026-11-22",
  "__proto__",
];

export function createTarget(): Target {
  return {
    inputBytesMax: 60,
    stepsMax: (bytes) => 500 + 20 * bytes,
    seeds: () => TEXTS.map((text) => Buffer.from(text)),
    run: (input) => check(new TextDecoder().decode(input)),
  };
}

function check(text: string): void {
  const address = given(() => addressOrOff(text));
  if (address !== undefined && address !== "off") {
    must(Number.isInteger(address.port) && address.port <= 65_535, "a port is one");
    mustEqual(parseAddress(formatAddress(address)), address, "an address is written as it is read");
  }
  for (const { path, baud } of given(() => serialAddresses(text)) ?? []) {
    must(path !== "" && Number.isSafeInteger(baud) && baud > 0, "a speed is a number");
  }
  const whole = given(() => wholeNumber(-5, 1e6)(text));
  must(whole === undefined || (Number.isInteger(whole) && whole >= -5 && whole <= 1e6), "whole");
  const size = given(() => sizeInBytes(text));
  must(size === undefined || (Number.isSafeInteger(size) && size >= 256_000), "a size is a number");
  const part = given(() => chance(text));
  must(part === undefined || (part >= 0 && part <= 1), "a chance is one");
  const timeUs = given(() => pointInTime(text));
  must(timeUs === undefined || Number.isSafeInteger(timeUs), "a time can be kept");
  if (timeUs !== undefined) new Date(timeUs / 1_000).toISOString();
}

/** The value; undefined where the parser says what it expects. */
function given<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}
