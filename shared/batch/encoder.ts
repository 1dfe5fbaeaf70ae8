// The batch encoder: samples in, bytes out, into one fixed buffer. Each row is written as it comes,
// as differences to the row before, so the encoder knows at every moment how many bytes the batch
// takes and can refuse the row that would not fit. PROTOCOL 6.2.
//
// A row is tried and then kept: `#write` may run past the room, in which case the position goes back
// and nothing of the row remains.

import { ByteWriter, zigzag } from "../bytes/cursor.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import { type Channel, type ChannelValue, type SampleValues, stepsOf } from "../channel.ts";
import { assert } from "../errors.ts";
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX, VALUE_BYTES_MAX } from "../limits.ts";
import { type CborValue, decodeCbor, encodeCbor } from "../message/cbor.ts";
import { setBatchRows, writeBatchHeader } from "./header.ts";

/** Differences up to this magnitude are coded as such; beyond, the value itself follows (PROTOCOL 6.3). */
export const DELTA_MAX = 2 ** 50;

/** Outcome of `append`: taken; or the batch must be taken away first; or the row fits no batch at all. */
export type AppendOutcome = "appended" | "full" | "oversize";

export interface BatchEncoderOptions {
  readonly channels: readonly Channel[];
  /** The schema's number within the epoch. */
  readonly schema: number;
  /** Most bytes of one encoded batch. */
  readonly bytesMax?: number;
}

export class BatchEncoder {
  /** Rows in the batch so far. */
  rows = 0;
  /** Values in the batch so far, missing ones not counted. */
  readings = 0;
  /** Device uptime at the first row; meaningless while there is none. */
  firstMs = 0;
  /** Device uptime at the last row. */
  lastMs = 0;
  /** Values refused since the start because their channel cannot carry them (NaN as a number, a text too long ...). */
  unrepresentable = 0;

  readonly #channels: readonly Channel[];
  readonly #schema: number;
  readonly #writer: ByteWriter;
  /** By channel: the integer or float to be written, and the one of the last kept row. */
  readonly #numbers: Float64Array;
  readonly #previous: Float64Array;
  /** By channel: text, bytes or structured value, encoded. */
  readonly #payloads: (Uint8Array | undefined)[];
  readonly #isPresent: Uint8Array;
  #lastStepMs = 0;
  #refusedInRow = 0;
  readonly #float = new DataView(new ArrayBuffer(8));

  constructor(options: BatchEncoderOptions) {
    const count = options.channels.length;
    this.#channels = options.channels;
    this.#schema = options.schema;
    this.#writer = new ByteWriter(new Uint8Array(options.bytesMax ?? BATCH_BYTES_MAX));
    this.#numbers = new Float64Array(count);
    this.#previous = new Float64Array(count);
    this.#payloads = new Array<Uint8Array | undefined>(count).fill(undefined);
    this.#isPresent = new Uint8Array(count);
  }

  /**
   * Adds the values of one sample, taken at `timeMs` of device uptime (an integer, not before the
   * last row's). Values are in the order of the channels; undefined means missing.
   */
  append(timeMs: number, values: SampleValues): AppendOutcome {
    assert(
      Number.isSafeInteger(timeMs) && timeMs >= (this.rows === 0 ? 0 : this.lastMs),
      "time in whole milliseconds that never runs backwards",
    );
    if (this.rows === BATCH_ROWS_MAX) return "full";
    const present = this.#prepare(values);
    const writer = this.#writer;
    const start = writer.position;
    if (this.rows === 0) this.#begin(timeMs);
    this.#writeRow(timeMs, present);
    if (writer.failed) {
      writer.reset(writer.bytes, start);
      return this.rows === 0 ? "oversize" : "full";
    }
    this.#keepRow(timeMs, present);
    return "appended";
  }

  /**
   * The encoded batch, as a view of the encoder's buffer that the next `append` overwrites.
   * Empty where there is no row. The encoder starts over.
   */
  take(): Uint8Array {
    const writer = this.#writer;
    const bytes = writer.written();
    if (this.rows > 0) setBatchRows(bytes, 0, this.rows);
    writer.reset(writer.bytes);
    this.rows = 0;
    this.readings = 0;
    return bytes;
  }

  #begin(timeMs: number): void {
    writeBatchHeader(this.#writer, this.#schema, timeMs);
    this.firstMs = timeMs;
    this.lastMs = timeMs;
    this.#lastStepMs = 0;
    this.#previous.fill(0);
  }

  /** Brings the values into the form in which they are written. Returns how many there are. */
  #prepare(values: SampleValues): number {
    let present = 0;
    this.#refusedInRow = 0;
    for (let index = 0; index < this.#channels.length; index++) {
      const value = values[index];
      const isPresent = value !== undefined && this.#prepareValue(index, value);
      if (value !== undefined && !isPresent) this.#refusedInRow++;
      this.#isPresent[index] = isPresent ? 1 : 0;
      if (isPresent) present++;
    }
    return present;
  }

  /** False where the channel cannot carry the value. */
  #prepareValue(index: number, value: ChannelValue): boolean {
    const channel = this.#channels[index]!;
    const number = integralOf(channel, value);
    if (number !== undefined) {
      this.#numbers[index] = number;
      return Number.isSafeInteger(number);
    }
    if (channel.kind === "float32" || channel.kind === "float64") {
      this.#numbers[index] = value as number;
      return typeof value === "number";
    }
    const payload = payloadOf(channel, value);
    this.#payloads[index] = payload;
    return payload !== undefined && payload.length <= VALUE_BYTES_MAX;
  }

  #writeRow(timeMs: number, present: number): void {
    const writer = this.#writer;
    const stepMs = timeMs - this.lastMs;
    const hasMissing = present < this.#channels.length;
    writer.writeVarint(zigzag(stepMs - this.#lastStepMs) * 2 + (hasMissing ? 1 : 0));
    if (hasMissing) this.#writeMask();
    for (let index = 0; index < this.#channels.length; index++) {
      if (this.#isPresent[index] === 1) this.#writeValue(index);
    }
  }

  /** One bit a channel, the first channel in the lowest bit of the first byte; 1 is present. */
  #writeMask(): void {
    for (let first = 0; first < this.#channels.length; first += 8) {
      let mask = 0;
      for (let bit = 0; bit < 8; bit++) mask |= (this.#isPresent[first + bit] ?? 0) << bit;
      this.#writer.writeU8(mask);
    }
  }

  #writeValue(index: number): void {
    switch (this.#channels[index]!.kind) {
      case "float32":
        this.#writeFloat(index, 4);
        break;
      case "float64":
        this.#writeFloat(index, 8);
        break;
      case "text":
      case "bytes":
      case "structured": {
        const payload = this.#payloads[index]!;
        this.#writer.writeVarint(payload.length);
        this.#writer.writeBytes(payload);
        break;
      }
      default:
        this.#writeIntegral(this.#numbers[index]!, this.#previous[index]!);
    }
  }

  #writeIntegral(value: number, previous: number): void {
    const writer = this.#writer;
    const delta = value - previous;
    if (delta <= DELTA_MAX && delta >= -DELTA_MAX) {
      writer.writeVarint(zigzag(delta) + 1);
      return;
    }
    writer.writeU8(0);
    writer.writeU8(value < 0 ? 1 : 0);
    writer.writeVarint(Math.abs(value));
  }

  #writeFloat(index: number, byteCount: 4 | 8): void {
    const float = this.#float;
    if (byteCount === 4) float.setFloat32(0, this.#numbers[index]!);
    else float.setFloat64(0, this.#numbers[index]!);
    for (let offset = 0; offset < byteCount; offset++) this.#writer.writeU8(float.getUint8(offset));
  }

  #keepRow(timeMs: number, present: number): void {
    for (let index = 0; index < this.#channels.length; index++) {
      if (this.#isPresent[index] === 1) this.#previous[index] = this.#numbers[index]!;
    }
    this.#lastStepMs = timeMs - this.lastMs;
    this.lastMs = timeMs;
    this.rows++;
    this.readings += present;
    this.unrepresentable += this.#refusedInRow; // here, for a row that does not fit comes again
  }
}

/** The integer that stands for the value; NaN where the value is none; undefined for other kinds. */
function integralOf(channel: Channel, value: ChannelValue): number | undefined {
  switch (channel.kind) {
    case "number":
      return typeof value === "number" ? stepsOf(value, channel.resolution!) : Number.NaN;
    case "integer":
      return typeof value === "number" ? value : Number.NaN;
    case "boolean":
      return typeof value === "boolean" ? Number(value) : Number.NaN;
    case "enumeration":
      return typeof value === "number" && channel.labels![value] !== undefined ? value : Number.NaN;
    default:
      return undefined;
  }
}

/** The bytes that stand for the value; undefined where the value is not of the channel's kind. */
function payloadOf(channel: Channel, value: ChannelValue): Uint8Array | undefined {
  if (channel.kind === "text") return typeof value === "string" ? encodeUtf8(value) : undefined;
  if (channel.kind === "bytes") return value instanceof Uint8Array ? value : undefined;
  return structuredBytes(value);
}

/** Only what a decoder will take counts as encodable: it has limits on depth and number of items. */
function structuredBytes(value: CborValue): Uint8Array | undefined {
  try {
    const bytes = encodeCbor(value);
    return decodeCbor(bytes) === undefined ? undefined : bytes;
  } catch {
    return undefined;
  }
}
