// The seal's two primitives on the Moddable SDK: its native SHA-256, AES, counter mode and GHASH, put
// together as NIST SP 800-38D 7 says. Not through the SDK's own `gcm` module, which makes a BigInt of
// each nonce; its `hmac` keeps state in a way that one digest cannot be shared.

import { BlockCipher, Digest, GHASH, Mode } from "crypt";
import { isEqual, type SealCrypto, type SealKey, TAG_BYTES } from "../../shared/seal/crypto.ts";

/** FIPS 180-4: of SHA-256. */
const DIGEST_BLOCK_BYTES = 64;

const CIPHER_BLOCK_BYTES = 16;

export const moddableCrypto: SealCrypto = {
  hmacSha256,
  createKey: (key) => new ModdableKey(key),
};

/** RFC 2104 2, for keys of up to a block. */
function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const inner = new Uint8Array(DIGEST_BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(DIGEST_BLOCK_BYTES).fill(0x5c);
  for (let index = 0; index < key.length; index++) {
    inner[index] = inner[index]! ^ key[index]!;
    outer[index] = outer[index]! ^ key[index]!;
  }
  return sha256(outer, sha256(inner, data));
}

function sha256(first: Uint8Array, second: Uint8Array): Uint8Array {
  const digest = new Digest("SHA256");
  digest.write(exact(first));
  digest.write(exact(second));
  return new Uint8Array(digest.close());
}

class ModdableKey implements SealKey {
  readonly #cipher: BlockCipher;
  readonly #mode: Mode;
  readonly #hashKey: ArrayBuffer;

  constructor(key: Uint8Array) {
    this.#cipher = new BlockCipher("AES", exact(key));
    this.#mode = new Mode("CTR", this.#cipher);
    this.#hashKey = this.#cipher.encrypt(new ArrayBuffer(CIPHER_BLOCK_BYTES));
  }

  seal(nonce: Uint8Array, associated: Uint8Array, room: Uint8Array): void {
    const end = room.length - TAG_BYTES;
    const text = room.slice(0, end).buffer;
    this.#crypt(nonce, text);
    room.set(new Uint8Array(text));
    room.set(this.#tag(nonce, associated, text), end);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const end = sealed.length - TAG_BYTES;
    const text = sealed.slice(0, end).buffer as ArrayBuffer;
    if (!isEqual(this.#tag(nonce, associated, text), sealed.subarray(end))) return undefined;
    this.#crypt(nonce, text);
    return new Uint8Array(text);
  }

  /** In place. Counter mode is its own inverse. */
  #crypt(nonce: Uint8Array, text: ArrayBuffer): void {
    this.#mode.setIV(counterBlock(nonce, 2));
    this.#mode.encrypt(text, text);
  }

  #tag(nonce: Uint8Array, associated: Uint8Array, text: ArrayBuffer): Uint8Array {
    const hash = new GHASH(this.#hashKey, exact(associated));
    hash.write(text);
    const tag = new Uint8Array(hash.close());
    const mask = new Uint8Array(this.#cipher.encrypt(counterBlock(nonce, 1)));
    return tag.map((byte, index) => byte ^ mask[index]!);
  }
}

function counterBlock(nonce: Uint8Array, counter: number): ArrayBuffer {
  const block = new Uint8Array(CIPHER_BLOCK_BYTES);
  block.set(nonce);
  block[CIPHER_BLOCK_BYTES - 1] = counter;
  return block.buffer;
}

/** The SDK takes whole buffers: of a view it would read what lies before and behind. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
