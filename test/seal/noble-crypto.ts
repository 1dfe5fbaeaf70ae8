// The seal's primitives in plain JavaScript, for engines that have neither OpenSSL nor the SDK's: XS in
// test/xs. Never in what ships.

import { gcm } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type SealCrypto, TAG_BYTES } from "../../shared/seal/crypto.ts";

export const nobleCrypto: SealCrypto = {
  hmacSha256: (key, data) => hmac(sha256, key, data),
  createKey(key) {
    const own = key.slice();
    return {
      seal(nonce, associated, room) {
        room.set(gcm(own, nonce, associated).encrypt(room.slice(0, -TAG_BYTES)));
      },
      open(nonce, associated, sealed) {
        try {
          return gcm(own, nonce, associated).decrypt(sealed);
        } catch {
          return undefined;
        }
      },
    };
  },
};
