// What batches take on the wire, on the reference stream (docs/decisions/0010-batch-codec.md): a change that
// makes them larger is found here, and by how much is for `npm run bench:codec` to say.

import { describe, expect, test } from "vitest";
import { carry } from "../../bench/codec/ours.ts";
import { findPeers, peerBytes } from "../../bench/codec/peers.ts";
import { referenceStream } from "../../bench/codec/reference-stream.ts";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { TAG_BYTES } from "../../shared/seal/crypto.ts";

const stream = referenceStream();

/** Code, token, and a counter of one byte. */
const SEALED_HEAD_BYTES = 6;

describe("bytes a value, message and frame included", () => {
  test.each([
    [10, 1.1, 1.6],
    [60, 0.45, 0.53],
    [200, 0.375, 0.4],
    [600, 0.355, 0.365],
  ])("batches of %i records", (rowsPerBatch, most, mostSealed) => {
    const { framed, sealed, batches } = carry(stream, rowsPerBatch);
    const values = stream.channels.length * stream.rows.length;
    expect(framed / values).toBeLessThanOrEqual(most);
    expect(sealed / values).toBeLessThanOrEqual(mostSealed);
    expect(sealed - framed).toBeGreaterThanOrEqual(
      (TAG_BYTES + SEALED_HEAD_BYTES) * batches.length,
    );
    const columns = new BatchColumns();
    let row = 0;
    for (const batch of batches) {
      expect(decodeBatch(batch, stream.channels, columns)).toBe(true);
      for (let at = 0; at < columns.rows; at++, row++) {
        const values = stream.channels.map((channel, index) => columns.valueAt(channel, index, at));
        expect(values).toEqual(stream.rows[row]!.values);
      }
    }
    expect(row).toBe(stream.rows.length);
  });
});

test("peers that need no library still run", async () => {
  const { peers } = await findPeers();
  const some = { ...stream, rows: stream.rows.slice(0, 120) };
  const bytes = (name: string) => peerBytes(some, 60, peers.get(name)!);
  expect(bytes("json")).toBeGreaterThan(90);
  expect(bytes("gorilla")).toBeLessThan(bytes("varint"));
  expect(bytes("varint-deflate")).toBeLessThan(bytes("varint"));
});
