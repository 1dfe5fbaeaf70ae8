// An update as one file, and its way into a slot: in pieces of any size, broken off, taken over by another.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  decodeUpdateHead,
  encodeUpdateHead,
  UPDATE_HEAD_BYTES_MAX,
} from "../../device/update/package.ts";
import { UpdateShelf } from "../../device/update/update-shelf.ts";
import { signedUpdate } from "../../host/firmware/sign.ts";
import type { BlobContent, BlobSink } from "../../shared/blob/shelf.ts";
import { temporaryFolder } from "../support/senda.ts";
import { IMAGE, imageOf, KEY, MANIFEST, Machine, makeKey, NEWER, PUBLIC_KEY } from "./world.ts";

const folder = temporaryFolder();
const UPDATE = signedUpdate(IMAGE, NEWER, KEY);
const HEAD = encodeUpdateHead(MANIFEST);

function contentOf(update: Uint8Array): BlobContent {
  const sha256 = createHash("sha256").update(update).digest("hex");
  return { purpose: "firmware", name: "new.update", sizeBytes: update.length, sha256 };
}

/** As a receiver does: keeps each piece, then takes it into the hash. */
function append(sink: BlobSink, bytes: Uint8Array, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    sink.append(piece);
    sink.hash!.update(piece);
  }
}

test("a head is read back, whole or with the image behind it", () => {
  for (const bytes of [HEAD, Buffer.concat([HEAD, IMAGE])]) {
    expect(decodeUpdateHead(bytes)).toEqual({
      kind: "head",
      manifest: MANIFEST,
      headBytes: HEAD.length,
    });
  }
  const longest = encodeUpdateHead({ ...MANIFEST, version: "v".repeat(64) });
  expect(longest.length).toBe(UPDATE_HEAD_BYTES_MAX);
  expect(decodeUpdateHead(longest)).toMatchObject({ kind: "head" });
});

test("each beginning of a head is short, and another mark or length is none", () => {
  for (let length = 0; length < HEAD.length; length++) {
    expect(decodeUpdateHead(HEAD.subarray(0, length)), String(length)).toEqual({ kind: "short" });
  }
  for (let at = 0; at < 15; at++) {
    const other = HEAD.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(decodeUpdateHead(other)).toEqual({ kind: "none" });
    expect(decodeUpdateHead(other.subarray(0, at + 1))).toEqual({ kind: "none" });
  }
  for (const length of [0, 65]) {
    const other = HEAD.map((byte, index) => (index === 15 ? length : byte));
    expect(decodeUpdateHead(other)).toEqual({ kind: "none" });
  }
});

test.each([1, 80, 1_024])("in pieces of %i bytes into the slot", (pieceBytes) => {
  const machine = new Machine(folder);
  const sink = new UpdateShelf(machine.start(), PUBLIC_KEY).openSink(contentOf(UPDATE));
  append(sink, UPDATE, pieceBytes);
  expect(sink.hash!.digest()).toBe(contentOf(UPDATE).sha256);
  expect(sink.complete()).toBe("new.update");
  expect(machine.start().version).toBe(NEWER);
  expect(machine.slot("b")).toEqual(IMAGE);
});

test.each([7, 100, 5_000])("broken off after %i bytes, it goes on from there", (count) => {
  const machine = new Machine(folder);
  const shelf = new UpdateShelf(machine.start(), PUBLIC_KEY);
  const first = shelf.openSink(contentOf(UPDATE));
  append(first, UPDATE.subarray(0, count), 64);
  first.close();
  const second = shelf.openSink(contentOf(UPDATE));
  expect(second.length).toBe(count);
  append(second, UPDATE.subarray(count), 1_000);
  expect(second.hash!.digest()).toBe(contentOf(UPDATE).sha256);
  second.complete();
  expect(machine.start().version).toBe(NEWER);
});

test("another takes its place, and the former can neither go on nor spoil it", () => {
  const machine = new Machine(folder);
  const shelf = new UpdateShelf(machine.start(), PUBLIC_KEY);
  const former = shelf.openSink(contentOf(UPDATE));
  append(former, UPDATE.subarray(0, 3_000), 1_000);
  const other = signedUpdate(imageOf("senda 0.3.0"), "senda 0.3.0", KEY);
  const sink = shelf.openSink(contentOf(other));
  append(sink, other.subarray(0, 500), 500);
  expect(() => former.append(UPDATE.subarray(3_000))).toThrow("another update took its place");
  former.discard();
  append(sink, other.subarray(500), 1_000);
  sink.complete();
  expect(() => shelf.openSink(contentOf(UPDATE))).toThrow("waits for the restart");
  expect(machine.start().version).toBe("senda 0.3.0");
});

test.each([
  ["no update", Buffer.from(IMAGE), "this is no update"],
  ["another key's", signedUpdate(IMAGE, NEWER, makeKey()), "not by this firmware's key"],
  ["longer than its head says", Buffer.concat([UPDATE, Buffer.from("x")]), "not as long"],
])("refused before a byte of the image is written: %s", (_, update, words) => {
  const machine = new Machine(folder);
  const sink = new UpdateShelf(machine.start(), PUBLIC_KEY).openSink(contentOf(update));
  expect(() => append(sink, update, 100)).toThrow(words);
  expect(machine.writes).toBe(0);
});
