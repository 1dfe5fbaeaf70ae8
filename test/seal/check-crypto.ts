// Holds an implementation of the seal's primitives against the vectors: run by Node, by XS in test/xs
// and by XS with the real SDK, so it uses nothing that one of them lacks.

import { hkdf, type SealCrypto, TAG_BYTES } from "../../shared/seal/crypto.ts";
import type { Primitive } from "../reference/seals.ts";

export type CryptoVector = Primitive & { readonly name: string; readonly hex: string };

/** What is not as the vectors say; empty where all is. */
export function cryptoFaults(crypto: SealCrypto, vectors: readonly CryptoVector[]): string[] {
  return vectors.flatMap((vector) =>
    faultsOf(crypto, vector).map((fault) => `${vector.name}: ${fault}`),
  );
}

function faultsOf(crypto: SealCrypto, vector: CryptoVector): string[] {
  const key = bytesOf(vector.key);
  if (vector.kind === "hmac") {
    return differs(crypto.hmacSha256(key, bytesOf(vector.data!)), vector.hex);
  }
  if (vector.kind === "hkdf") {
    const [salt, info] = [bytesOf(vector.salt!), bytesOf(vector.info!)];
    return differs(hkdf(crypto, key, salt, info, vector.count!), vector.hex);
  }
  const sealKey = crypto.createKey(key);
  const [nonce, head, plain] = [vector.nonce!, vector.associated!, vector.plain!].map(bytesOf);
  const sealed = new Uint8Array(plain!.length + TAG_BYTES);
  sealed.set(plain!);
  sealKey.seal(nonce!, head!, sealed);
  const opened = sealKey.open(nonce!, head!, sealed);
  const faults = differs(sealed, vector.hex);
  faults.push(...(opened === undefined ? ["does not open"] : differs(opened, vector.plain!)));
  for (const at of [0, sealed.length - 1]) {
    const forged = sealed.slice();
    forged[at] = forged[at]! ^ 0x40;
    if (sealKey.open(nonce!, head!, forged) !== undefined)
      faults.push(`opens with byte ${at} changed`);
  }
  if (sealKey.open(nonce!, Uint8Array.of(1), sealed) !== undefined)
    faults.push("opens under any head");
  return faults;
}

function differs(bytes: Uint8Array, hex: string): string[] {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text === hex ? [] : [`${text}, not ${hex}`];
}

function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16);
  }
  return bytes;
}
