// The two primitives under the seal, handed in by whoever has them: HMAC-SHA-256 (RFC 2104) and
// AES-256-GCM (NIST SP 800-38D). An ESP32 and Node have them natively. HKDF (RFC 5869) over them is ours.

/** Of device keys, session keys and digests. */
export const KEY_BYTES = 32;

/** What GCM puts behind the ciphertext. */
export const TAG_BYTES = 16;

export const NONCE_BYTES = 12;

/** One AES-256-GCM key, ready for use. */
export interface SealKey {
  /** `room`: the plaintext and 16 bytes, in whose place ciphertext and tag come. A nonce must never come twice under one key. */
  seal(nonce: Uint8Array, associated: Uint8Array, room: Uint8Array): void;
  /** The plaintext, as new bytes; undefined where anything is not as it was sealed. */
  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

export interface SealCrypto {
  /** 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** `key`: 32 bytes, copied. */
  createKey(key: Uint8Array): SealKey;
}

/** `count` bytes (at most 255 digests) of key material. RFC 5869 2. */
export function hkdf(
  primitives: SealCrypto,
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  count: number,
): Uint8Array {
  const extracted = primitives.hmacSha256(salt, key);
  const made = new Uint8Array(count);
  let block = new Uint8Array(0);
  for (let at = 0, number = 1; at < count; at += block.length, number++) {
    const input = concat(block, info, Uint8Array.of(number));
    block = new Uint8Array(primitives.hmacSha256(extracted, input));
    made.set(block.subarray(0, Math.min(block.length, count - at)), at);
  }
  return made;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Takes as long wherever they differ, so that a proof cannot be guessed byte by byte. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= a[index]! ^ (b[index] ?? 0);
  return difference === 0;
}
