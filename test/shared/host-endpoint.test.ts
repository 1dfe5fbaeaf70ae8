// The collector's end of the protocol by itself: hellos that overtake one another on their way to the
// store and back, and pongs that come late.

import { expect, test } from "vitest";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { PROTOCOL_VERSION } from "../../shared/limits.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { Hello, Message } from "../../shared/message/message.ts";
import { HostEndpoint, type HostEvent } from "../../shared/session/host-endpoint.ts";
import type { LinkId } from "../../shared/session/link.ts";
import { SERIAL, TCP } from "./session-pair.ts";

const TOKEN = 1;

/** An endpoint whose store answers when the test says so. */
class Desk {
  readonly endpoint = new HostEndpoint({ collector: "desk" });
  nowMs = 0;

  say(link: LinkId, message: Message): void {
    const writer = new ByteWriter(new Uint8Array(1_200));
    encodeMessage(message, writer);
    this.endpoint.handleMessage(link, writer.written(), this.nowMs);
  }

  /** What the endpoint wants of its surroundings since the last call. */
  events(): HostEvent[] {
    const events: HostEvent[] = [];
    for (let event = this.endpoint.pollEvent(); event; event = this.endpoint.pollEvent()) {
      events.push(event);
    }
    return events;
  }

  /** What it sends, by link. */
  sent(): { link: LinkId; message: Message }[] {
    const sent: { link: LinkId; message: Message }[] = [];
    for (;;) {
      const writer = new ByteWriter(new Uint8Array(2_048));
      const link = this.endpoint.pollTransmit(writer, this.nowMs);
      if (link === undefined) return sent;
      const decoded = decodeMessage(writer.written());
      if (!decoded.ok) throw new Error(`the endpoint sent something ${decoded.code}`);
      sent.push({ link, message: decoded.value });
    }
  }

  resumed(link: LinkId, hello: Hello, next: number): void {
    const resumed = { epochId: 1, next, schemas: [0] };
    this.endpoint.handleResumed(link, hello, resumed, TOKEN, this.nowMs);
  }
}

function hello(changes: Partial<Hello> = {}): Hello {
  return {
    kind: "hello",
    version: PROTOCOL_VERSION,
    nonce: 7,
    device: "cellar",
    epoch: "00112233445566ff",
    firmware: "test",
    reset: "power-on",
    uptimeMs: 1_000,
    first: 0,
    next: 0,
    schemas: [{ number: 0, hash: 1 }],
    receiveBytesMax: 0,
    ...changes,
  };
}

test("a hello whose records were overtaken by later ones is welcomed, and forgets nothing that a later one announced", () => {
  const desk = new Desk();
  desk.endpoint.handleLinkUp(1, SERIAL, 0);
  desk.endpoint.handleLinkUp(2, TCP, 0);
  const early = hello({ nonce: 1, next: 1 }); // slow on its way over the line
  const late = hello({ nonce: 2, next: 10 });
  desk.say(2, late);
  desk.resumed(2, late, 0);
  const welcomed = desk.events().find((event) => event.kind === "welcomed");
  const session = welcomed!.session;
  desk.endpoint.handleStored(session, 4); // all before 4 came over link 2
  desk.say(1, early);
  desk.resumed(1, early, 4); // the store has passed what this hello knows of
  const welcome = desk.sent().find(({ link }) => link === 1)?.message;
  expect(welcome).toMatchObject({ kind: "welcome", nonce: 1, next: 4 });
  expect(desk.endpoint.refusals).toBe(0);
  expect(session.announced).toBe(10);
  expect(session.waiting).toBe(6);
});

test("a pong that comes late, after the device greeted anew on the link, measures no later ping", () => {
  const desk = new Desk();
  desk.endpoint.handleLinkUp(1, SERIAL, 0);
  const first = hello({ nonce: 1 });
  desk.say(1, first);
  desk.resumed(1, first, 0);
  const [ping] = pingsOf(desk);
  desk.nowMs = 400;
  const second = hello({ nonce: 2 }); // the port was closed and opened; for the host the line stands
  desk.say(1, second);
  desk.resumed(1, second, 0);
  const [later] = pingsOf(desk);
  expect(later).not.toBe(ping);
  desk.nowMs = 500;
  desk.events();
  desk.say(1, { kind: "pong", id: ping!, timeMs: 90 });
  expect(desk.events()).toEqual([]);
  desk.say(1, { kind: "pong", id: later!, timeMs: 1_500 });
  expect(desk.events()).toMatchObject([
    { kind: "clock", sample: { deviceMs: 1_500, hostMs: 450, uncertaintyMs: 50 } },
  ]);
});

function pingsOf(desk: Desk): number[] {
  return desk
    .sent()
    .map(({ message }) => message)
    .filter((message) => message.kind === "ping")
    .map(({ id }) => id);
}
