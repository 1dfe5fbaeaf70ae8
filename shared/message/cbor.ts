// CBOR (RFC 8949) for what is rare on the wire: hello, welcome, schemas, structured values.
// The coding itself is the library's (docs/decisions/0002-cbor.md). Before the library sees bytes
// from outside, `isAcceptable` walks them once and refuses what it may not meet: deep nesting (fatal
// on an XS stack), huge counts, indefinite lengths, tags, half floats, integers beyond 53 bits,
// malformed UTF-8, byte order marks. PROTOCOL 4.1.

import { type CBORType, decodeCBOR, encodeCBOR } from "@levischuck/tiny-cbor";
import { ByteReader } from "../bytes/cursor.ts";
import { decodeUtf8 } from "../bytes/utf8.ts";
import { CBOR_DEPTH_MAX, CBOR_ITEMS_MAX } from "../limits.ts";

const BYTE_ORDER_MARK = 0xfeff;

/** What CBOR carries here. Maps have text keys; they decode to `Map`, so no key can touch a prototype. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | CborMap;

/** A CBOR map with text keys. */
export interface CborMap extends ReadonlyMap<string, CborValue> {}

/** Encodes `value`, which is our own. Throws on what CBOR cannot carry (a function, say). */
export function encodeCbor(value: CborValue): Uint8Array {
  return encodeCBOR(value as CBORType);
}

/** Decodes one item that fills `bytes`, or gives undefined where it is malformed or beyond our limits. */
export function decodeCbor(bytes: Uint8Array): CborValue | undefined {
  if (!isAcceptable(bytes)) return undefined;
  try {
    // The library takes no subclass of Uint8Array, such as Node's Buffer.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    return decodeCBOR(plain) as CborValue;
  } catch {
    return undefined; // what only the library knows: repeated keys
  }
}

function isAcceptable(bytes: Uint8Array): boolean {
  const walk = { reader: new ByteReader(bytes), itemsLeft: CBOR_ITEMS_MAX };
  return walkItem(walk, CBOR_DEPTH_MAX, false) && walk.reader.finished;
}

interface Walk {
  readonly reader: ByteReader;
  itemsLeft: number;
}

function walkItem(walk: Walk, depthLeft: number, isKey: boolean): boolean {
  if (depthLeft === 0 || walk.itemsLeft-- === 0) return false;
  const { reader } = walk;
  const initial = reader.readU8();
  const major = initial >> 5;
  const info = initial & 0x1f;
  if (isKey && major !== 3) return false;
  if (major === 7) return walkSimple(reader, info);
  const argument = readArgument(reader, info);
  if (argument < 0) return false;
  switch (major) {
    case 0:
      return true;
    case 1:
      return argument < Number.MAX_SAFE_INTEGER; // it stands for -1 - argument
    case 2:
      reader.readBytes(argument);
      return !reader.failed;
    case 3:
      return isText(reader.readBytes(argument)) && !reader.failed;
    case 4:
      return walkItems(walk, depthLeft - 1, argument, 1);
    case 5:
      return walkItems(walk, depthLeft - 1, argument, 2);
    default:
      return false; // tags
  }
}

/** A leading byte order mark is refused, for Node's TextDecoder would drop it in silence. */
function isText(bytes: Uint8Array): boolean {
  const text = decodeUtf8(bytes);
  return text !== undefined && text.charCodeAt(0) !== BYTE_ORDER_MARK;
}

/** `stride` 1: an array's items; 2: a map's keys and values by turns. */
function walkItems(walk: Walk, depthLeft: number, count: number, stride: 1 | 2): boolean {
  for (let index = 0; index < count * stride; index++) {
    if (!walkItem(walk, depthLeft, stride === 2 && index % 2 === 0)) return false;
  }
  return true;
}

/** false, true, null, float32 and float64. */
function walkSimple(reader: ByteReader, info: number): boolean {
  if (info === 26) reader.readBytes(4);
  else if (info === 27) reader.readBytes(8);
  else if (info < 20 || info > 22) return false;
  return !reader.failed;
}

/** The item's count or value, shortest form only; -1 where it is malformed or beyond 2^53 - 1. */
function readArgument(reader: ByteReader, info: number): number {
  if (info < 24) return reader.failed ? -1 : info;
  let value = -1;
  let smallest = 0;
  if (info === 24) [value, smallest] = [reader.readU8(), 24];
  else if (info === 25) [value, smallest] = [reader.readU16(), 0x100];
  else if (info === 26) [value, smallest] = [reader.readU32(), 0x1_0000];
  else if (info === 27) {
    [value, smallest] = [reader.readU32() * 0x1_0000_0000 + reader.readU32(), 0x1_0000_0000];
  }
  return reader.failed || value < smallest || value > Number.MAX_SAFE_INTEGER ? -1 : value;
}
