// What a test build starts in place of the firmware: checks the signatures that its configuration holds by
// the SDK's elliptic curves, and traces what came of each.

/// <reference path="../../device/moddable.d.ts" />

import config from "mc/config";
import { moddableCrypto } from "../../device/platform/moddable-update.ts";
import { encodeUtf8 } from "../../shared/bytes/utf8.ts";

interface Case {
  readonly name: string;
  readonly key: string;
  readonly text: string;
  readonly signature: string;
}

export default function main(): void {
  const crypto = moddableCrypto();
  for (const { name, key, text, signature } of config.cases as readonly Case[]) {
    const isGood = crypto.verify(fromHex(key), encodeUtf8(text), fromHex(signature));
    trace(`${name}: ${isGood}\n`);
  }
  const hash = crypto.createSha256();
  for (const part of ["a", "", "bc"]) hash.update(encodeUtf8(part)); // FIPS 180-4, as in its example
  trace(
    `sha256: ${Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("")}\n`,
  );
  trace("end\n");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}
