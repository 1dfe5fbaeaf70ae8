// What a device and a host share once they have proven to each other that they hold the device's key:
// a key for each direction, and a counter under each that never comes twice. It belongs to no link:
// messages under it travel by any. PROTOCOL 11.4, 11.5.

import type { ByteWriter } from "../bytes/cursor.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import { assert } from "../errors.ts";
import {
  concat,
  hkdf,
  KEY_BYTES,
  NONCE_BYTES,
  type SealCrypto,
  type SealKey,
  TAG_BYTES,
} from "./crypto.ts";
import { ReplayWindow } from "./replay-window.ts";
import { PROOF_BYTES, type Sealed, writeSealedHead } from "./seal-message.ts";

/** The device knocks anew after so many messages either way, and after so long. */
const REKEY_MESSAGES = 0x10_0000;
const REKEY_MS = 24 * 3_600_000;

/** No message has this counter: far behind the bound above, and within NIST SP 800-38D 8.3. */
const COUNTER_END = 0xffff_ffff;

/** First byte of a nonce: the direction. Each has a key of its own, so this is the second lock. */
const FROM_DEVICE = 1;
const FROM_HOST = 2;

export type Side = "device" | "host";

/** What one handshake yields. */
export interface AssociationSecrets {
  readonly deviceKey: Uint8Array;
  readonly hostKey: Uint8Array;
  readonly proofKey: Uint8Array;
}

/** Of a device's key, for all of its knocks. */
export function deriveKnockKey(primitives: SealCrypto, key: Uint8Array): Uint8Array {
  return hkdf(primitives, key, new Uint8Array(0), encodeUtf8("senda 1 knock"), KEY_BYTES);
}

/** What a knock is proven with. */
export function knockProof(
  primitives: SealCrypto,
  knockKey: Uint8Array,
  proven: Uint8Array,
): Uint8Array {
  return primitives.hmacSha256(knockKey, proven).subarray(0, PROOF_BYTES);
}

/** Keys for one association, from the device's key and what both sides made up. */
export function deriveSecrets(
  primitives: SealCrypto,
  key: Uint8Array,
  device: string,
  randoms: { readonly device: Uint8Array; readonly host: Uint8Array },
): AssociationSecrets {
  const salt = concat(randoms.device, randoms.host);
  const info = concat(encodeUtf8("senda 1 association "), encodeUtf8(device));
  const made = hkdf(primitives, key, salt, info, 3 * KEY_BYTES);
  return {
    deviceKey: made.slice(0, KEY_BYTES),
    hostKey: made.slice(KEY_BYTES, 2 * KEY_BYTES),
    proofKey: made.slice(2 * KEY_BYTES),
  };
}

/** What an admit is proven with: it is about the knock, too. */
export function admitProof(
  primitives: SealCrypto,
  { proofKey }: AssociationSecrets,
  knock: Uint8Array,
  proven: Uint8Array,
): Uint8Array {
  return primitives.hmacSha256(proofKey, concat(knock, proven)).subarray(0, PROOF_BYTES);
}

export class Association {
  readonly token: number;
  readonly bornAtMs: number;
  readonly #isDevice: boolean;
  readonly #sending: SealKey;
  readonly #receiving: SealKey;
  readonly #heard = new ReplayWindow();
  #sent = 0;

  constructor(
    primitives: SealCrypto,
    side: Side,
    token: number,
    { deviceKey, hostKey }: AssociationSecrets,
    nowMs: number,
  ) {
    this.token = token;
    this.bornAtMs = nowMs;
    this.#isDevice = side === "device";
    this.#sending = primitives.createKey(this.#isDevice ? deviceKey : hostKey);
    this.#receiving = primitives.createKey(this.#isDevice ? hostKey : deviceKey);
  }

  /** It should be replaced: long before it must. */
  isOld(nowMs: number): boolean {
    const count = Math.max(this.#sent, this.#heard.highest);
    return count >= REKEY_MESSAGES || nowMs >= this.bornAtMs + REKEY_MS;
  }

  /**
   * Has `source` write a message behind the head and seals it where it stands. False, with nothing
   * written, where there is none or no counter is left.
   */
  seal(writer: ByteWriter, source: (writer: ByteWriter) => boolean): boolean {
    if (this.#sent === COUNTER_END) return false;
    const start = writer.position;
    writeSealedHead(writer, this.token, this.#sent);
    const bodyAt = writer.position;
    if (!source(writer)) {
      writer.position = start;
      return false;
    }
    const { bytes, position } = writer;
    const end = position + TAG_BYTES;
    assert(end <= bytes.length, "a message leaves room for its seal");
    const nonce = nonceOf(this.#isDevice ? FROM_DEVICE : FROM_HOST, this.#sent++);
    this.#sending.seal(nonce, bytes.subarray(start, bodyAt), bytes.subarray(bodyAt, end));
    writer.position = end;
    return true;
  }

  /** The message in it; undefined where it came before, is too old, or is not what the other side sealed. */
  open({ counter, head, body }: Sealed): Uint8Array | undefined {
    if (counter >= COUNTER_END || body.length <= TAG_BYTES) return undefined;
    if (!this.#heard.isFresh(counter)) return undefined;
    const nonce = nonceOf(this.#isDevice ? FROM_HOST : FROM_DEVICE, counter);
    const plain = this.#receiving.open(nonce, head, body);
    if (plain !== undefined) this.#heard.mark(counter);
    return plain;
  }
}

function nonceOf(direction: number, counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  nonce[0] = direction;
  nonce[8] = counter >>> 24;
  nonce[9] = counter >>> 16;
  nonce[10] = counter >>> 8;
  nonce[11] = counter;
  return nonce;
}
