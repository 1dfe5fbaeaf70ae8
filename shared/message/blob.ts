// The messages of the transfer of files, to bytes and back. PROTOCOL 4.14 to 4.17. The code before
// them is written and read by encode.ts and decode.ts.

import type { ByteReader, ByteWriter } from "../bytes/cursor.ts";
import { fromHex, toHex } from "../bytes/hex.ts";
import { utf8Length } from "../bytes/utf8.ts";
import { isName } from "../channel.ts";
import { BLOB_PURPOSES, BLOB_STATUSES, type BlobPurpose } from "../errors.ts";
import {
  BLOB_BYTES_MAX,
  CHUNK_BYTES_MAX,
  CHUNK_WINDOW_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../limits.ts";
import { type CborValue, decodeCbor, encodeCbor } from "./cbor.ts";
import { type Blob, type BlobMessage, MESSAGE_CODES } from "./message.ts";

/** Most bytes before those of a chunk: code, id, an offset below BLOB_BYTES_MAX. */
export const CHUNK_HEAD_BYTES_MAX = 9;

const SHA256_BYTES = 32;
const U32_MAX = 0xffff_ffff;

/** Writes what stands behind the code. */
export function encodeBlobMessage(message: BlobMessage, writer: ByteWriter): void {
  switch (message.kind) {
    case "blob":
      writer.writeBytes(encodeCbor(blobToCbor(message)));
      break;
    case "blob-end":
      writer.writeU32(message.id);
      writer.writeU8(BLOB_STATUSES.indexOf(message.status));
      writer.writeBytes(encodeCbor(message.text));
      break;
    case "chunk":
      writer.writeU32(message.id);
      writer.writeVarint(message.offset);
      writer.writeBytes(message.body);
      break;
    case "chunk-ack":
      writer.writeU32(message.id);
      writer.writeVarint(message.next);
      writer.writeVarint(message.windowBytes);
  }
}

/** Writes a chunk up to its bytes, which its sender reads into their place. */
export function writeChunkHead(writer: ByteWriter, id: number, offset: number): void {
  writer.writeU8(MESSAGE_CODES.chunk);
  writer.writeU32(id);
  writer.writeVarint(offset);
}

/** Reads what stands behind `code`; undefined where it is malformed, or none of these. */
export function decodeBlobMessage(code: number, reader: ByteReader): BlobMessage | undefined {
  switch (code) {
    case MESSAGE_CODES.blob:
      return decodeBlob(decodeCbor(reader.readBytes(reader.remaining)));
    case MESSAGE_CODES["blob-end"]: {
      const id = reader.readU32();
      const status = BLOB_STATUSES[reader.readU8()];
      const text = decodeCbor(reader.readBytes(reader.remaining));
      const isSound = isText(text) && status !== undefined && !reader.failed;
      return isSound ? { kind: "blob-end", id, status, text } : undefined;
    }
    case MESSAGE_CODES.chunk: {
      const id = reader.readU32();
      const offset = reader.readVarint();
      const body = reader.readBytes(reader.remaining);
      const isSound = body.length > 0 && body.length <= CHUNK_BYTES_MAX;
      const isInside = offset + body.length <= BLOB_BYTES_MAX;
      return isSound && isInside ? { kind: "chunk", id, offset, body } : undefined;
    }
    case MESSAGE_CODES["chunk-ack"]: {
      const [id, next, windowBytes] = [reader.readU32(), reader.readVarint(), reader.readVarint()];
      const isSound = next <= BLOB_BYTES_MAX && windowBytes <= CHUNK_WINDOW_BYTES_MAX;
      return isSound ? { kind: "chunk-ack", id, next, windowBytes } : undefined;
    }
    default:
      return undefined;
  }
}

function blobToCbor({ id, purpose, name, sizeBytes, sha256 }: Blob): CborValue {
  return new Map<string, CborValue>([
    ["id", id],
    ["purpose", purpose],
    ["name", name],
    ["size", sizeBytes],
    ["sha256", sha256 === null ? null : fromHex(sha256)],
  ]);
}

function decodeBlob(map: CborValue | undefined): Blob | undefined {
  if (!(map instanceof Map)) return undefined;
  const [id, purpose, name] = [map.get("id"), map.get("purpose"), map.get("name")];
  const [sizeBytes, hash] = [map.get("size"), map.get("sha256")];
  if (!isCount(id, U32_MAX) || !isPurpose(purpose) || !isText(name) || !isName(name)) {
    return undefined;
  }
  const blob = { kind: "blob", id, purpose, name } as const;
  if (sizeBytes === null && hash === null) return { ...blob, sizeBytes, sha256: null };
  if (!isCount(sizeBytes, BLOB_BYTES_MAX) || !(hash instanceof Uint8Array)) return undefined;
  return hash.length === SHA256_BYTES ? { ...blob, sizeBytes, sha256: toHex(hash) } : undefined;
}

function isPurpose(value: CborValue | undefined): value is BlobPurpose {
  return BLOB_PURPOSES.includes(value as BlobPurpose);
}

function isCount(value: CborValue | undefined, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isText(value: CborValue | undefined): value is string {
  return typeof value === "string" && utf8Length(value) <= TEXT_BYTES_MAX;
}
