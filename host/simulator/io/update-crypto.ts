// SHA-256 and signatures of the simulated device, by Node.

import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import type { UpdateCrypto } from "../../../device/update/machine.ts";

export const nodeUpdateCrypto: UpdateCrypto = {
  createSha256() {
    const hash = createHash("sha256");
    return {
      update: (bytes) => hash.update(bytes),
      digest: () => new Uint8Array(hash.digest()),
    };
  },
  verify(publicKey, message, signature) {
    const key = readPoint(publicKey);
    if (key === undefined) return false;
    return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
  },
};

/** Undefined where the bytes are no point of the curve. */
function readPoint(bytes: Uint8Array): KeyObject | undefined {
  const part = (start: number) =>
    Buffer.from(bytes.subarray(start, start + 32)).toString("base64url");
  try {
    const key = { kty: "EC", crv: "P-256", x: part(1), y: part(33) };
    return createPublicKey({ key, format: "jwk" });
  } catch {
    return undefined;
  }
}
