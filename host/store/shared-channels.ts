// Decoded schemas, one for all devices that have the same: a fleet has thousands of devices and a
// handful of schemas.

import { type Channel, decodeSchema } from "../../shared/channel.ts";

/** Different schemas kept; beyond it all are forgotten, and shared anew as they come. */
const SCHEMAS_KEPT_MAX = 1_024;

interface Kept {
  readonly body: Uint8Array;
  readonly channels: readonly Channel[];
}

export class SharedChannels {
  readonly #kept = new Map<number, Kept>();

  /** The channels of an encoded schema with that hash; none where it cannot be decoded. */
  of(body: Uint8Array, hash: number): readonly Channel[] {
    const kept = this.#kept.get(hash);
    if (kept !== undefined && Buffer.compare(kept.body, body) === 0) return kept.channels;
    const channels = decodeSchema(body) ?? [];
    if (this.#kept.size >= SCHEMAS_KEPT_MAX) this.#kept.clear();
    this.#kept.set(hash, { body: new Uint8Array(body), channels });
    return channels;
  }
}
