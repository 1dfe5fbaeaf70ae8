// What is told of an image before it comes, and what of it is signed.

import { encodeUtf8 } from "../../shared/bytes/utf8.ts";
import { isName } from "../../shared/channel.ts";

export interface UpdateManifest {
  /** For people, such as "senda 0.2.0": 1 to 64 bytes. */
  readonly version: string;
  /** Length of the image. */
  readonly bytes: number;
  /** Of the image, 32 bytes. */
  readonly sha256: Uint8Array;
  /** Of `signedText`, 64 bytes: r and s. */
  readonly signature: Uint8Array;
}

const SHA256_BYTES = 32;
const SIGNATURE_BYTES = 64;
const PUBLIC_KEY_BYTES = 65;

/** The bytes that are signed. With the version and length in it, a signature is good for nothing else. */
export function signedText({
  version,
  bytes,
  sha256,
}: Omit<UpdateManifest, "signature">): Uint8Array {
  return encodeUtf8(`senda firmware\n${version}\n${bytes}\n${toHex(sha256)}\n`);
}

/** What is wrong with the form of a manifest; undefined where nothing is. */
export function manifestFault({
  version,
  bytes,
  sha256,
  signature,
}: UpdateManifest): string | undefined {
  if (!isName(version)) return "the version has 1 to 64 bytes and no control characters";
  if (!Number.isInteger(bytes) || bytes <= 0) return "the length is no number of bytes";
  if (sha256.length !== SHA256_BYTES) return `the hash is not of ${SHA256_BYTES} bytes`;
  if (signature.length !== SIGNATURE_BYTES)
    return `the signature is not of ${SIGNATURE_BYTES} bytes`;
  return undefined;
}

/** The bytes of a public key in hexadecimal digits; undefined where it is none. */
export function parsePublicKey(text: string): Uint8Array | undefined {
  if (!/^04[0-9a-f]+$/i.test(text) || text.length !== 2 * PUBLIC_KEY_BYTES) return undefined;
  const bytes = new Uint8Array(PUBLIC_KEY_BYTES);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
