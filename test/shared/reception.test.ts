// One epoch as the host takes it in, and the memory that a peer can make both sides use.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCHEMAS_PER_HELLO_MAX, WINDOW_RECORDS_MAX } from "../../shared/limits.ts";
import type { BatchMessage, Gap } from "../../shared/message/message.ts";
import { DeviceLink } from "../../shared/session/device-link.ts";
import { endOf, type HostRecord, HostSession } from "../../shared/session/host-session.ts";
import "./arbitraries.ts";

function batch(sequence: number, body: Uint8Array = Uint8Array.of(sequence & 0xff)): BatchMessage {
  return { kind: "batch", sequence, body };
}

function gap(sequence: number, count: number): Gap {
  const times = { firstMs: 0, lastMs: 0 };
  return { kind: "gap", sequence, count, readings: 1, ...times, reason: "outbox-full" };
}

function sessionFrom(next: number): HostSession {
  const identity = { device: "cellar", epoch: "00112233445566ff", reset: "test", epochId: 1 };
  return new HostSession({ ...identity, next, schemas: [0] });
}

/** What the session hands on, in order, when the records come in this order. */
function handedOn(session: HostSession, records: readonly HostRecord[]): HostRecord[] {
  const out: HostRecord[] = [];
  for (const record of records) {
    if (session.handleRecord(record) !== "in-order") continue;
    out.push(record);
    for (let next = session.pollEarly(); next !== undefined; next = session.pollEarly()) {
      out.push(next);
    }
  }
  return out;
}

describe("reception", () => {
  test("a commit of the session before takes this one along, and what waited for it", () => {
    const session = sessionFrom(10);
    handedOn(session, [batch(13)]);
    session.handleStored(13); // records 10 to 12 were handed in by the session that ended
    expect(session.received).toBe(13);
    expect(session.pollEarly()).toMatchObject({ sequence: 13 });
  });

  test("records in any order, some twice, are handed on once each and in order", () => {
    const records = [batch(10), gap(11, 4), batch(15), batch(16), gap(17, 1), batch(18)];
    const order = fc.shuffledSubarray([...records, ...records], { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(order, (arrivals) => {
        const session = sessionFrom(10);
        expect(handedOn(session, arrivals)).toEqual(records);
        expect(session.received).toBe(19);
      }),
      { numRuns: 200 },
    );
  });

  test("beyond the window nothing is taken", () => {
    const session = sessionFrom(100);
    expect(session.handleRecord(batch(100 + WINDOW_RECORDS_MAX))).toBe("beyond-window");
    expect(session.handleRecord(batch(99 + WINDOW_RECORDS_MAX))).toBe("early");
  });

  test("the bitmap tells of what came and is not stored: received in order or early", () => {
    const session = sessionFrom(8);
    handedOn(session, [batch(8), batch(9), batch(11), batch(17)]);
    expect([...session.bitmap()]).toEqual([0b0000_1011, 0b0000_0010]);
    session.handleStored(10);
    expect([...session.bitmap()]).toEqual([0b1000_0010]);
    expect(session.isAckDue).toBe(true);
  });

  test("an early record is a copy, also where it came in a Node Buffer", () => {
    const session = sessionFrom(0);
    const buffer = Buffer.from([1, 2, 3]);
    session.handleRecord(batch(1, buffer));
    buffer.fill(0);
    const [, early] = handedOn(session, [batch(0)]);
    expect((early as BatchMessage).body).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("memory that a peer can make us use", () => {
  test("records sent from within a later gap do not stay behind", () => {
    const session = sessionFrom(0);
    for (let start = 0; start < 100 * WINDOW_RECORDS_MAX; start = session.received) {
      for (let ahead = 1; ahead < WINDOW_RECORDS_MAX; ahead++)
        session.handleRecord(batch(start + ahead));
      expect(handedOn(session, [gap(start, WINDOW_RECORDS_MAX)])).toHaveLength(1);
      expect(session.received).toBe(endOf(gap(start, WINDOW_RECORDS_MAX)));
      expect(session.pollEarly()).toBeUndefined();
      session.handleStored(session.received);
      expect(session.bitmap().length).toBe(0);
      expect(session.earlyCount).toBe(0);
    }
  });

  test("a host that asks for ever more schemas makes a device keep a few", () => {
    const traits = {
      kind: "tcp",
      isReliable: true,
      isDatagram: false,
      messageBytesMax: 65_536,
      receiveBytesMax: 0,
    } as const;
    const link = new DeviceLink(1, traits, 0, 0);
    for (let number = 0; number < 10_000; number++) link.handleWant(number);
    expect(link.schemas.length).toBe(SCHEMAS_PER_HELLO_MAX);
  });
});
