// Signs an image of the firmware, so that boards with the public key take it as an update
// (device/update). The key is a PEM file such as `openssl ecparam -name prime256v1 -genkey -noout` makes.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { signedText, type UpdateManifest } from "../../device/update/manifest.ts";
import { encodeUpdateHead } from "../../device/update/package.ts";
import { FirmwareError } from "./firmware-error.ts";

/** The manifest of `image`. Throws FirmwareError where `privateKeyPem` is no private key on P-256. */
export function signFirmware(
  image: Uint8Array,
  version: string,
  privateKeyPem: string,
): UpdateManifest {
  const key = readKey(privateKeyPem);
  const sha256 = new Uint8Array(createHash("sha256").update(image).digest());
  const facts = { version, bytes: image.length, sha256 };
  const signature = sign("sha256", signedText(facts), { key, dsaEncoding: "ieee-p1363" });
  return { ...facts, signature: new Uint8Array(signature) };
}

/** The image as an update: a file that `senda update` sends. Throws as `signFirmware` does. */
export function signedUpdate(image: Uint8Array, version: string, privateKeyPem: string): Buffer {
  return Buffer.concat([encodeUpdateHead(signFirmware(image, version, privateKeyPem)), image]);
}

/** The public half in hexadecimal digits, for the setting `updateKey`. */
export function updateKeyOf(privateKeyPem: string): string {
  const { x, y } = createPublicKey(readKey(privateKeyPem)).export({ format: "jwk" });
  const hex = (part: string | undefined) => Buffer.from(part!, "base64url").toString("hex");
  return `04${hex(x)}${hex(y)}`;
}

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new FirmwareError(`this is no private key: ${(error as Error).message}; ${MAKE_KEY}`);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new FirmwareError(`this key is not on the curve P-256; ${MAKE_KEY}`);
  }
  return key;
}

const MAKE_KEY = "make one with: openssl ecparam -name prime256v1 -genkey -noout -out update.pem";
