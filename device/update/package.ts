// An update as one file: a head with the manifest, then the image. The head comes first, so that its
// signature is checked before a byte of the image is kept. PROTOCOL 7.12.

import { ByteReader, ByteWriter } from "../../shared/bytes/cursor.ts";
import { decodeUtf8, encodeUtf8 } from "../../shared/bytes/utf8.ts";
import { NAME_BYTES_MAX } from "../../shared/limits.ts";
import type { UpdateManifest } from "./manifest.ts";

const MARK = "senda update 1\n";
const SHA256_BYTES = 32;
const SIGNATURE_BYTES = 64;
const AFTER_VERSION_BYTES = 4 + SHA256_BYTES + SIGNATURE_BYTES;

/** Longest head. */
export const UPDATE_HEAD_BYTES_MAX = MARK.length + 1 + NAME_BYTES_MAX + AFTER_VERSION_BYTES;

/** What stands before the image. */
export function encodeUpdateHead({
  version,
  bytes,
  sha256,
  signature,
}: UpdateManifest): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(UPDATE_HEAD_BYTES_MAX));
  const name = encodeUtf8(version);
  writer.writeBytes(encodeUtf8(MARK));
  writer.writeU8(name.length);
  writer.writeBytes(name);
  writer.writeU32(bytes);
  writer.writeBytes(sha256);
  writer.writeBytes(signature);
  return writer.written();
}

export type UpdateHead =
  | { readonly kind: "head"; readonly manifest: UpdateManifest; readonly headBytes: number }
  /** It may be one, with more bytes. */
  | { readonly kind: "short" }
  | { readonly kind: "none" };

/** Reads the head that `bytes` begins with; the manifest is a copy. */
export function decodeUpdateHead(bytes: Uint8Array): UpdateHead {
  const mark = encodeUtf8(MARK);
  const seen = Math.min(bytes.length, mark.length);
  for (let at = 0; at < seen; at++) if (bytes[at] !== mark[at]) return { kind: "none" };
  const versionBytes = bytes[mark.length];
  if (versionBytes === undefined) return { kind: "short" };
  if (versionBytes === 0 || versionBytes > NAME_BYTES_MAX) return { kind: "none" };
  const headBytes = mark.length + 1 + versionBytes + AFTER_VERSION_BYTES;
  if (bytes.length < headBytes) return { kind: "short" };
  const reader = new ByteReader(bytes.subarray(mark.length + 1, headBytes));
  const version = decodeUtf8(reader.readBytes(versionBytes));
  if (version === undefined) return { kind: "none" };
  const manifest = {
    version,
    bytes: reader.readU32(),
    sha256: new Uint8Array(reader.readBytes(SHA256_BYTES)),
    signature: new Uint8Array(reader.readBytes(SIGNATURE_BYTES)),
  };
  return { kind: "head", manifest, headBytes };
}
