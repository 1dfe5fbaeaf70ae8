// Operations on their way to the worker thread. Posting costs about as much as storing a batch, so
// what one turn of the event loop brings goes in one message, batches packed into one buffer that is
// transferred rather than copied. All other operations are rare; they travel as objects beside the
// buffer, which keeps their place among the batches:
//
//   batch  u8 1 | u8 link | u32 body length | u32 epoch id | u32 sequence | f64 received, us | body
//   other  u8 2

import type { Operation, Packet } from "./operation.ts";
import { LINK_KINDS, type LinkKind } from "./schema.ts";

const BATCH = 1;
const OTHER = 2;
const BATCH_HEAD_BYTES = 22;

/** A packet is posted at this size at the latest: a few milliseconds of the worker's time. */
const PACKET_BYTES_MAX = 256 * 1024;
const PACKET_OPERATIONS_MAX = 1_024;

/** Where a batch came from, and when. */
export interface RecordMeta {
  readonly link: LinkKind;
  /** UTC. */
  readonly receivedUs: number;
}

/** Packs operations. Must be emptied with `take` whenever it `isFull`. */
export class PacketWriter {
  readonly #bytes = new Uint8Array(PACKET_BYTES_MAX);
  readonly #view = new DataView(this.#bytes.buffer);
  #operations: Operation[] = [];
  #position = 0;
  #count = 0;

  /** Operations packed since the last `take`. */
  get count(): number {
    return this.#count;
  }

  /** True where a batch of `bodyBytes` (0 for another operation) may not fit any more. */
  isFull(bodyBytes: number): boolean {
    const bytes = this.#position + BATCH_HEAD_BYTES + bodyBytes;
    return bytes > PACKET_BYTES_MAX || this.#count >= PACKET_OPERATIONS_MAX;
  }

  /** Copies a batch. A message's length bounds the body far below a packet's. */
  addBatch(epochId: number, sequence: number, body: Uint8Array, meta: RecordMeta): void {
    const view = this.#view;
    const start = this.#position;
    view.setUint8(start, BATCH);
    view.setUint8(start + 1, LINK_KINDS.indexOf(meta.link));
    view.setUint32(start + 2, body.length);
    view.setUint32(start + 6, epochId);
    view.setUint32(start + 10, sequence);
    view.setFloat64(start + 14, meta.receivedUs);
    this.#bytes.set(body, start + BATCH_HEAD_BYTES);
    this.#position = start + BATCH_HEAD_BYTES + body.length;
    this.#count++;
  }

  /** Keeps `operation`, which nobody may change from here on. */
  addOther(operation: Operation): void {
    this.#view.setUint8(this.#position++, OTHER);
    this.#operations.push(operation);
    this.#count++;
  }

  /** All that was packed; its buffer is the caller's to transfer. */
  take(): Packet {
    const packet = {
      bytes: this.#bytes.slice(0, this.#position),
      operations: this.#operations,
      count: this.#count,
    };
    this.#operations = [];
    this.#position = 0;
    this.#count = 0;
    return packet;
  }
}

/** A batch as it comes out of a packet. */
export interface PackedBatch {
  readonly epochId: number;
  readonly sequence: number;
  /** Index into LINK_KINDS. */
  readonly link: number;
  readonly receivedUs: number;
  /** A view of the packet. */
  readonly body: Uint8Array;
}

/** Who takes the operations out of a packet. */
export interface PacketSink {
  handleBatch(batch: PackedBatch): void;
  handleOperation(operation: Operation): void;
}

/** Hands the packet's operations to `sink`, in order. */
export function readPacket(packet: Packet, sink: PacketSink): void {
  const { bytes, operations } = packet;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  let taken = 0;
  while (position < bytes.length) {
    if (view.getUint8(position) === OTHER) {
      position++;
      sink.handleOperation(operations[taken++]!);
      continue;
    }
    const bodyStart = position + BATCH_HEAD_BYTES;
    const bodyEnd = bodyStart + view.getUint32(position + 2);
    sink.handleBatch({
      epochId: view.getUint32(position + 6),
      sequence: view.getUint32(position + 10),
      link: view.getUint8(position + 1),
      receivedUs: view.getFloat64(position + 14),
      body: bytes.subarray(bodyStart, bodyEnd),
    });
    position = bodyEnd;
  }
}
