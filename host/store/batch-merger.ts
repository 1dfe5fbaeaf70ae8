// Makes one batch of several, and makes sure that nothing changed: the new batch is decoded and compared
// with the ones it was made of, value for value and time for time. Knows no database.

import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import type { Channel, ChannelValue } from "../../shared/channel.ts";
import { encodeParts } from "./parts.ts";
import { isSameValue } from "./same-value.ts";

/** Room for a merged batch. Beyond a page or two nothing is gained. */
const BODY_BYTES_MAX = 32 * 1024;

/** Encoders kept, each with its buffer, and with what it learned of its schema's values. */
const ENCODERS_MAX = 64;

/** Batches that may become one. */
export interface Mergeable {
  /** Of the store's schema table. */
  readonly schemaId: number;
  readonly channels: readonly Channel[];
  /** In order. */
  readonly bodies: readonly Uint8Array[];
}

export interface MergedBody {
  /** The caller's. */
  readonly body: Uint8Array;
  /** See parts.ts. */
  readonly parts: Uint8Array;
}

export class BatchMerger {
  /** The merged batch, after `merge` has made one. */
  readonly columns = new BatchColumns();
  readonly #part = new BatchColumns();
  readonly #encoders = new Map<string, BatchEncoder>();
  readonly #values: (ChannelValue | undefined)[] = [];

  /** Undefined where the batches cannot be one: one is malformed, they do not fit, or would not be the same. */
  merge(mergeable: Mergeable): MergedBody | undefined {
    const { channels, bodies } = mergeable;
    const rows: number[] = [];
    let encoder: BatchEncoder | undefined;
    for (const bytes of bodies) {
      if (!decodeBatch(bytes, channels, this.#part)) return undefined;
      encoder ??= this.#encoderOf(mergeable, this.#part.schema);
      if (!this.#append(encoder, channels)) return undefined;
      rows.push(this.#part.rows);
    }
    const body = encoder?.take().slice();
    if (body === undefined || !this.#isSame(body, mergeable)) return undefined;
    return { body, parts: encodeParts(rows) };
  }

  #encoderOf({ schemaId, channels }: Mergeable, schema: number): BatchEncoder {
    const key = `${schemaId} ${schema}`;
    let encoder = this.#encoders.get(key);
    if (encoder === undefined) {
      if (this.#encoders.size >= ENCODERS_MAX) this.#encoders.clear();
      encoder = new BatchEncoder({ channels, schema, bytesMax: BODY_BYTES_MAX });
      this.#encoders.set(key, encoder);
    }
    encoder.take(); // what an attempt that was given up left in it
    return encoder;
  }

  /** Adds the rows of the decoded part. */
  #append(encoder: BatchEncoder, channels: readonly Channel[]): boolean {
    const part = this.#part;
    const values = this.#values;
    values.length = channels.length;
    for (let row = 0; row < part.rows; row++) {
      const timeMs = part.timesMs[row]!;
      if (encoder.rows > 0 && timeMs < encoder.lastMs) return false;
      for (let index = 0; index < channels.length; index++) {
        values[index] = part.valueAt(channels[index]!, index, row);
      }
      if (encoder.append(timeMs, values) !== "appended") return false;
    }
    return true;
  }

  #isSame(body: Uint8Array, { channels, bodies }: Mergeable): boolean {
    if (!decodeBatch(body, channels, this.columns)) return false;
    let row = 0;
    for (const bytes of bodies) {
      if (!decodeBatch(bytes, channels, this.#part)) return false;
      if (row + this.#part.rows > this.columns.rows) return false;
      if (!this.#isSameFrom(row, channels)) return false;
      row += this.#part.rows;
    }
    return row === this.columns.rows;
  }

  /** The decoded part against the rows of the merged batch from `start` on. */
  #isSameFrom(start: number, channels: readonly Channel[]): boolean {
    const { columns: merged } = this;
    const part = this.#part;
    for (let row = 0; row < part.rows; row++) {
      if (part.timesMs[row] !== merged.timesMs[start + row]) return false;
      for (let index = 0; index < channels.length; index++) {
        const one = part.valueAt(channels[index]!, index, row);
        const other = merged.valueAt(channels[index]!, index, start + row);
        if (one === undefined || other === undefined ? one !== other : !isSameValue(one, other))
          return false;
      }
    }
    return true;
  }
}
