// A peer that lies about files, or says anything at all: nothing grows, nothing throws, nothing is
// written that was not offered.

import fc from "fast-check";
import { expect, test } from "vitest";
import { BlobExchange } from "../../shared/blob/exchange.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { BLOB_PURPOSES, BLOB_STATUSES } from "../../shared/errors.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import type { BlobMessage } from "../../shared/message/message.ts";
import { TCP, UDP } from "../shared/session-pair.ts";
import { MemoryShelf } from "./memory-shelf.ts";

const SHA256 = "00".repeat(32);
const SIZE = 3_000;

class Victim {
  readonly shelf = new MemoryShelf();
  readonly exchange = new BlobExchange({ shelf: this.shelf, windowBytes: 2_048 });
  nowMs = 0;
  readonly #writer = new ByteWriter(new Uint8Array(2_048));

  constructor(traits = TCP) {
    this.exchange.handleLinkUp({ id: 1, traits, receiveBytesMax: 0 });
  }

  /** What it says to a message, until it has nothing more to say. */
  hear(message: BlobMessage): BlobMessage[] {
    this.exchange.handleMessage(1, message, this.nowMs);
    return this.said();
  }

  said(): BlobMessage[] {
    const said: BlobMessage[] = [];
    this.exchange.handleTimeout(this.nowMs);
    while (this.exchange.writeNext(1, this.#writer, this.nowMs)) {
      const decoded = decodeMessage(this.#writer.written().slice());
      if (!decoded.ok) throw new Error("it says what cannot be read");
      said.push(decoded.value as BlobMessage);
      this.#writer.reset(this.#writer.bytes);
    }
    return said;
  }

  statuses(message: BlobMessage): string[] {
    return this.hear(message).map((each) => (each.kind === "blob-end" ? each.status : each.kind));
  }
}

function offer(id: number, changes: object = {}): BlobMessage {
  const content = { purpose: "file", name: `${id}.bin`, sizeBytes: SIZE, sha256: SHA256 } as const;
  return { kind: "blob", id, ...content, ...changes };
}

function chunk(id: number, offset: number, length: number): BlobMessage {
  return { kind: "chunk", id, offset, body: new Uint8Array(length) };
}

test("a piece of what nobody offered is answered, and kept nowhere", () => {
  const victim = new Victim();
  expect(victim.statuses(chunk(9, 0, 100))).toEqual(["unknown"]);
  expect(victim.shelf.partials.size).toBe(0);
});

test("pieces beyond the window, with a hole before them, or of the past change nothing", () => {
  const victim = new Victim();
  expect(victim.hear(offer(1))).toEqual([
    { kind: "chunk-ack", id: 1, next: 0, windowBytes: 2_048 },
  ]);
  victim.hear(chunk(1, 0, 1_000));
  for (const [offset, length] of [
    [2_900, 100],
    [1_001, 10],
    [0, 1_000],
    [1_999, 1_001],
  ] as const) {
    expect(victim.hear(chunk(1, offset, length))).toEqual([
      { kind: "chunk-ack", id: 1, next: 1_000, windowBytes: 2_000 },
    ]);
  }
});

test("more bytes than were offered end the transfer, and nothing stays", () => {
  const victim = new Victim();
  victim.hear(offer(1));
  expect(victim.statuses(chunk(1, 2_900, 101))).toEqual(["refused"]);
  expect([victim.shelf.partials.size, victim.shelf.open]).toEqual([0, 0]);
});

test("a third file at once is told to wait; one whose sender fell silent gives up its place", () => {
  const victim = new Victim();
  victim.hear(offer(1));
  victim.hear(offer(2));
  expect(victim.statuses(offer(3))).toEqual(["busy"]);
  victim.nowMs = 31_000;
  expect(victim.statuses(offer(3))).toEqual(["chunk-ack"]);
  expect(victim.shelf.open).toBe(2);
});

test("an answer to a request that is another file is refused", () => {
  const victim = new Victim();
  victim.exchange.ask(5, "file", "log.txt");
  expect(victim.said()).toMatchObject([{ kind: "blob", id: 5, sizeBytes: null }]);
  expect(victim.statuses(offer(5, { name: "other.txt" }))).toEqual(["refused"]);
  expect(victim.exchange.pollEvent()).toMatchObject({ status: "refused" });
  expect(victim.exchange.isForgettable).toBe(true);
});

test("requests without end are bounded, and so is what is open for them", () => {
  const victim = new Victim();
  victim.shelf.files.set("log.txt", new Uint8Array(100));
  const content = { name: "log.txt", sizeBytes: null, sha256: null };
  const answers = Array.from({ length: 100 }, (_, id) => victim.statuses(offer(id, content)));
  expect(answers.flat().filter((status) => status === "busy").length).toBeGreaterThan(85);
  expect(victim.shelf.open).toBeLessThanOrEqual(10);
});

test("a receiver that claims more than there is, or that forgets for ever, is left alone", () => {
  for (const answer of [
    { kind: "chunk-ack", id: 1, next: SIZE + 1, windowBytes: 1 },
    { kind: "blob-end", id: 1, status: "unknown", text: "" },
    { kind: "blob-end", id: 1, status: "busy", text: "" },
  ] as const) {
    const victim = new Victim(UDP);
    victim.exchange.send(1, "file", "a", victim.shelf.sourceOf(new Uint8Array(SIZE)));
    for (let turn = 0; turn < 20; turn++) {
      victim.nowMs += 60_000;
      victim.hear(answer);
    }
    expect(victim.exchange.views()).toEqual([]);
    expect(victim.shelf.open).toBe(0);
  }
});

const id = fc.nat(3);
const anyMessage: fc.Arbitrary<BlobMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("blob" as const),
    id,
    purpose: fc.constantFrom(...BLOB_PURPOSES),
    name: fc.constantFrom("a", "b", "../c", "log.txt"),
    sizeBytes: fc.nat(5_000),
    sha256: fc.constantFrom(SHA256, "11".repeat(32)),
  }),
  fc.record({
    kind: fc.constant("blob" as const),
    id,
    purpose: fc.constantFrom(...BLOB_PURPOSES),
    name: fc.constantFrom("a", "log.txt"),
    sizeBytes: fc.constant(null),
    sha256: fc.constant(null),
  }),
  fc.tuple(id, fc.nat(6_000), fc.integer({ min: 1, max: 1_024 })).map((args) => chunk(...args)),
  fc.record({
    kind: fc.constant("chunk-ack" as const),
    id,
    next: fc.nat(6_000),
    windowBytes: fc.nat(65_536),
  }),
  fc.record({
    kind: fc.constant("blob-end" as const),
    id,
    status: fc.constantFrom(...BLOB_STATUSES),
    text: fc.constant("?"),
  }),
);

test("whatever is said in whatever order, it stays bounded and answers in bounds", () => {
  const act = fc.oneof(anyMessage, fc.constantFrom("wait", "down", "up", "send", "ask"));
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), fc.constantFrom(TCP, UDP), (acts, traits) => {
      const victim = new Victim(traits);
      victim.shelf.files.set("log.txt", new Uint8Array(2_500));
      for (const [index, each] of acts.entries()) {
        const { exchange, shelf } = victim;
        if (typeof each === "object") exchange.handleMessage(1, each, victim.nowMs);
        else if (each === "wait") victim.nowMs += 20_000;
        else if (each === "down") exchange.handleLinkDown(1);
        else if (each === "up") exchange.handleLinkUp({ id: 1, traits, receiveBytesMax: 0 });
        else if (each === "ask") exchange.ask(index, "file", "b");
        else exchange.send(index, "file", "c", shelf.sourceOf(new Uint8Array(2_000)));
        expect(victim.said().length).toBeLessThan(60);
        expect(shelf.open).toBeLessThanOrEqual(2 + 2 + 8);
        expect(exchange.views().length).toBeLessThanOrEqual(2 + 10 + 8);
      }
      for (const name of victim.shelf.files.keys()) expect(["log.txt"]).toContain(name);
    }),
    { numRuns: 400 },
  );
});
