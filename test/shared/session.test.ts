// The session, both ends, over links good and bad, on a virtual clock.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { PROTOCOL_VERSION } from "../../shared/limits.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import { CHANNELS, Pair, SERIAL, TCP, UDP } from "./session-pair.ts";

/** The values that the store holds, in order; a gap's readings as "gap:count". */
function storedValues(pair: Pair): (number | string)[] {
  const columns = new BatchColumns();
  const values: (number | string)[] = [];
  for (const record of pair.store.records) {
    if (record.kind === "gap") {
      values.push(`gap:${record.readings}`);
      continue;
    }
    expect(decodeBatch(record.body, CHANNELS, columns)).toBe(true);
    for (let row = 0; row < columns.rows; row++) values.push(columns.columns[0]!.numbers[row]!);
  }
  return values;
}

function isDrained(pair: Pair): boolean {
  return pair.outbox.records === 0;
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.each([
  ["tcp", TCP],
  ["udp", UDP],
  ["serial", SERIAL],
])("over %s", (_name, traits) => {
  test("readings arrive once, in order, and are acknowledged", () => {
    const pair = new Pair();
    pair.open(1, traits);
    for (const value of upTo(30)) pair.produce(value);
    expect(pair.run(5_000, () => isDrained(pair))).toBe(true);
    expect(storedValues(pair)).toEqual(upTo(30));
    expect(pair.device.flight.retransmissions).toBe(0);
  });

  test("nothing is acknowledged before it is on disk", () => {
    const pair = new Pair();
    pair.commitMs = 100;
    pair.open(1, traits);
    pair.produce(7);
    pair.run(110, () => pair.store.records.length > 0);
    pair.run(90);
    expect(pair.outbox.records).toBe(1);
    pair.run(30);
    expect(pair.outbox.records).toBe(0);
  });

  test("a link that dies in silence is given up within the bound", () => {
    const pair = new Pair();
    pair.open(1, traits);
    pair.produce(1);
    pair.run(1_000);
    const cutAtMs = pair.nowMs;
    pair.cut(1);
    const isSilent = () => pair.deviceEvents.some((event) => event.kind === "silent");
    expect(pair.run(6_000, isSilent)).toBe(true);
    expect(pair.nowMs - cutAtMs).toBeLessThanOrEqual(5_000);
  });

  test("an idle link stays alive", () => {
    const pair = new Pair();
    pair.open(1, traits);
    pair.run(120_000);
    expect(pair.deviceEvents.map((event) => event.kind)).toEqual(["welcomed"]);
    expect(pair.hostCloses).toEqual([]);
  });

  test("a collector that restarts is greeted again and nothing is lost or doubled", () => {
    const pair = new Pair();
    pair.open(1, traits);
    for (const value of upTo(10)) pair.produce(value);
    pair.run(4); // some are stored, not all acknowledged
    pair.restartHost();
    if (traits.isReliable) {
      pair.close(1); // a restart ends TCP connections
      pair.open(2, traits);
    }
    for (const value of upTo(10)) pair.produce(10 + value);
    expect(pair.run(20_000, () => isDrained(pair))).toBe(true);
    expect(storedValues(pair)).toEqual(upTo(20));
  });
});

test("the readings change over to another link at once and are stored once", () => {
  const pair = new Pair();
  pair.open(1, TCP);
  for (const value of upTo(20)) pair.produce(value);
  pair.run(3);
  pair.cut(1);
  pair.open(2, SERIAL);
  pair.run(100);
  pair.close(1);
  expect(pair.run(2_000, () => isDrained(pair))).toBe(true);
  expect(storedValues(pair)).toEqual(upTo(20));
});

test("two links at a time carry one session", () => {
  const pair = new Pair();
  pair.open(1, UDP);
  pair.open(2, TCP);
  for (const value of upTo(40)) {
    pair.produce(value);
    pair.run(50);
    pair.device.useLink(1 + (value % 2));
  }
  expect(pair.run(2_000, () => isDrained(pair))).toBe(true);
  expect(storedValues(pair)).toEqual(upTo(40));
});

test("an acknowledgement that dies with its link comes over the link beside it before the death is noticed", () => {
  const pair = new Pair();
  pair.open(1, TCP);
  pair.open(2, SERIAL);
  pair.run(10_000); // past the pings that measure the clock, which keep a link from being silent
  pair.commitMs = 50;
  for (const value of upTo(20)) pair.produce(value);
  pair.run(20, () => pair.store.records.length === 20);
  pair.cut(1);
  expect(pair.outbox.records).toBe(20);
  expect(pair.run(3_000, () => isDrained(pair))).toBe(true);
  expect(pair.device.flight.retransmissions).toBe(0);
  expect(pair.host.duplicates).toBe(0);
});

test("what does not fit the outbox becomes a gap with the right count", () => {
  const pair = new Pair(() => 0.5, 4_400, 8);
  for (const value of upTo(30)) pair.produce(value);
  pair.open(1, TCP);
  expect(pair.run(2_000, () => isDrained(pair))).toBe(true);
  const values = storedValues(pair);
  expect(values[0]).toBe(`gap:${pair.outbox.droppedReadings}`);
  expect(values.slice(1)).toEqual(upTo(30).slice(pair.outbox.droppedReadings));
});

test("a record that goes unanswered goes again after the timeout", () => {
  const pair = new Pair(mulberry32(5));
  pair.open(1, UDP, { loss: 0.25 });
  for (const value of upTo(50)) pair.produce(value);
  expect(pair.run(60_000, () => isDrained(pair))).toBe(true);
  expect(pair.device.flight.retransmissions).toBeGreaterThan(0);
  expect(storedValues(pair)).toEqual(upTo(50));
});

test("whatever a datagram or serial link does to messages, readings arrive once and in order", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.constantFrom(UDP, SERIAL),
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.integer({ min: 0, max: 60 }),
      (seed, traits, loss, duplicate, jitterMs) => {
        const pair = new Pair(mulberry32(seed));
        const faults = { loss, duplicate, jitterMs: traits === SERIAL ? 0 : jitterMs };
        let id = 1;
        pair.open(id, traits, faults);
        for (const value of upTo(60)) {
          pair.produce(value);
          pair.run(20);
        }
        for (let tries = 0; tries < 40 && !isDrained(pair); tries++) {
          pair.run(10_000, () => isDrained(pair));
          if (isDrained(pair)) break;
          pair.close(id++); // the uplink's part: a silent link is opened anew
          pair.open(id, traits, faults);
        }
        expect(isDrained(pair)).toBe(true);
        expect(storedValues(pair)).toEqual(upTo(60));
      },
    ),
    { numRuns: 60 },
  );
});

test("a collector of another version is left with both versions named", () => {
  const pair = new Pair();
  pair.open(1, TCP);
  const writer = new ByteWriter(new Uint8Array(64));
  encodeMessage({ kind: "refuse", version: 9, code: "version", detail: "" }, writer);
  pair.device.handleMessage(1, writer.written(), pair.nowMs);
  expect(pair.device.pollEvent()).toEqual({
    kind: "refused",
    link: 1,
    code: "version",
    detail: `the collector speaks protocol version 9, this firmware version ${PROTOCOL_VERSION}`,
  });
});

test("a datagram of an earlier session is no part of this one", () => {
  const pair = new Pair();
  pair.open(1, UDP);
  pair.produce(1);
  pair.run(1_000);
  const writer = new ByteWriter(new Uint8Array(64));
  writer.writeU32(12_345);
  encodeMessage({ kind: "batch", sequence: pair.store.next, body: new Uint8Array(8) }, writer);
  const ignored = pair.host.ignored;
  pair.host.handleMessage(1, writer.written(), pair.nowMs);
  expect(pair.host.ignored).toBe(ignored + 1);
  expect(pair.host.pollEvent()).toBeUndefined();
});

test("a connection on which nobody says who they are is closed; a serial line may be silent for ever", () => {
  const pair = new Pair();
  pair.host.handleLinkUp(7, TCP, 0);
  pair.host.handleLinkUp(8, SERIAL, 0);
  pair.run(60_000);
  expect(pair.hostCloses).toEqual(["no hello came"]);
});

test("where everything has come and its acknowledgement was lost, the device's ping brings another", () => {
  const pair = new Pair();
  pair.open(1, SERIAL);
  pair.run(1_000);
  pair.produce(1);
  pair.commitMs = 50;
  pair.run(20, () => pair.store.records.length > 0);
  pair.cut(1); // the acknowledgement is swallowed
  pair.run(500);
  expect(pair.outbox.records).toBe(1);
  const writer = new ByteWriter(new Uint8Array(64));
  encodeMessage({ kind: "ack", next: 0, window: 8, bitmap: Uint8Array.of(1) }, writer);
  pair.device.handleMessage(1, writer.written(), pair.nowMs); // it has come, though it is not stored
  pair.mend(1);
  expect(pair.run(10_000, () => isDrained(pair))).toBe(true);
  expect(storedValues(pair)).toEqual([1]);
});

test("a ping from before the welcome is not answered after it", () => {
  const pair = new Pair();
  pair.device.handleLinkUp(1, SERIAL, 7, 0);
  const writer = new ByteWriter(new Uint8Array(64));
  encodeMessage({ kind: "ping", id: 99 }, writer);
  pair.device.handleMessage(1, writer.written(), 0);
  writer.reset(new Uint8Array(256));
  const welcome = { nonce: 7, token: 0, next: 0, window: 8, wanted: [], collector: "test" };
  encodeMessage({ kind: "welcome", version: PROTOCOL_VERSION, ...welcome }, writer);
  pair.device.handleMessage(1, writer.written(), 0);
  writer.reset(new Uint8Array(256));
  expect(pair.device.pollTransmit(1, writer, 0)).toBe(false);
});
