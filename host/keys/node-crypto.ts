// The seal's two primitives on Node: OpenSSL's, through node:crypto.

import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { type SealCrypto, type SealKey, TAG_BYTES } from "../../shared/seal/crypto.ts";

const CIPHER = "aes-256-gcm";

export const nodeCrypto: SealCrypto = {
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  createKey: (key) => new NodeKey(key.slice()),
};

class NodeKey implements SealKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(nonce: Uint8Array, associated: Uint8Array, room: Uint8Array): void {
    const end = room.length - TAG_BYTES;
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(associated);
    room.set(cipher.update(room.subarray(0, end)));
    cipher.final(); // a stream cipher: nothing is left over
    room.set(cipher.getAuthTag(), end);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.#key, nonce).setAAD(associated);
    decipher.setAuthTag(sealed.subarray(end));
    const text = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
      return text;
    } catch {
      return undefined;
    }
  }
}
