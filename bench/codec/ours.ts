// A stream through the real encoders: batches of so many rows, or of fewer where they are full, each as
// the message and the frame that carry it over TCP.

import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { STREAM_HEADER_BYTES } from "../../shared/frame/stream.ts";
import { MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import { TAG_BYTES } from "../../shared/seal/crypto.ts";
import { writeSealedHead } from "../../shared/seal/seal-message.ts";
import type { Stream } from "./reference-stream.ts";

export interface Carried {
  /** Bytes of all frames. */
  framed: number;
  sealed: number;
  readonly batches: Uint8Array[];
}

/**
 * Encodes the whole stream with one encoder, as a device does. Times are uptime, which begins with the
 * stream: a device that sends knows no other (PROTOCOL 1).
 */
export function carry(stream: Stream, rowsPerBatch: number): Carried {
  const encoder = new BatchEncoder({ channels: stream.channels, schema: 0 });
  const writer = new ByteWriter(new Uint8Array(MESSAGE_BYTES_MAX));
  const carried: Carried = { framed: 0, sealed: 0, batches: [] };
  const close = () => {
    const body = encoder.take().slice();
    writer.reset(writer.bytes);
    encodeMessage({ kind: "batch", sequence: carried.batches.length, body }, writer);
    carried.batches.push(body);
    const bytes = STREAM_HEADER_BYTES + writer.position;
    carried.framed += bytes;
    writer.reset(writer.bytes);
    writeSealedHead(writer, 0, carried.batches.length); // among the batches of a life there is little else
    carried.sealed += bytes + writer.position + TAG_BYTES;
  };
  const bootMs = stream.rows[0]!.timeMs;
  for (const { timeMs: utcMs, values } of stream.rows) {
    const timeMs = utcMs - bootMs;
    let outcome = encoder.append(timeMs, values);
    if (outcome === "full") {
      close();
      outcome = encoder.append(timeMs, values);
    }
    if (outcome !== "appended") throw new Error(`a row of ${stream.name} fits no batch`);
    const isEarly = encoder.isBetterTaken && 2 * encoder.rows < rowsPerBatch;
    if (encoder.rows === rowsPerBatch || isEarly) close();
  }
  if (encoder.rows > 0) close();
  return carried;
}
