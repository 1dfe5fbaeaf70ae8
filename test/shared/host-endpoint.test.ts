// The collector's end of the protocol by itself: hellos that overtake one another on their way to the
// store and back, and pongs that come late.

import { expect, test } from "vitest";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { PROTOCOL_VERSION } from "../../shared/limits.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { Hello, Message } from "../../shared/message/message.ts";
import { HostEndpoint } from "../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../shared/session/host-event.ts";
import type { LinkId } from "../../shared/session/link.ts";
import { SERIAL, TCP } from "./session-pair.ts";

const TOKEN = 1;

/** An endpoint whose store answers when the test says so. */
class Desk {
  readonly endpoint = new HostEndpoint({ collector: "desk" });
  /** Hellos whose epochs the store is being asked about. */
  readonly asked: Hello[] = [];
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
      if (event.kind === "resume") this.asked.push(event.hello);
      else events.push(event);
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

  /** The store answers all that it is asked. What the endpoint wants thereupon. */
  answer(next: number): HostEvent[] {
    const events = this.events();
    const resumed = { epochId: 1, next, schemas: [0] };
    for (const asked of this.asked.splice(0)) {
      this.endpoint.handleResumed(asked, resumed, TOKEN, this.nowMs);
    }
    return [...events, ...this.events()];
  }

  /** What the store is being asked. */
  pending(): readonly Hello[] {
    this.events();
    return this.asked;
  }

  /** The links that were welcomed since the last call, and with which `next`. */
  welcomes(): [LinkId, number][] {
    return this.sent().flatMap(({ link, message }) =>
      message.kind === "welcome" ? [[link, message.next] as [LinkId, number]] : [],
    );
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
    life: 1,
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
  const welcomed = desk.answer(0).find((event) => event.kind === "welcomed");
  const session = welcomed!.session;
  desk.endpoint.handleStored(session, 4); // all before 4 came over link 2
  desk.say(1, early);
  desk.answer(4); // the store has passed what this hello knows of
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
  desk.answer(0);
  const [ping] = pingsOf(desk);
  desk.nowMs = 400;
  const second = hello({ nonce: 2 }); // the port was closed and opened; for the host the line stands
  desk.say(1, second);
  desk.answer(0);
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

test("while the store does not answer, an epoch is one question, however often and over however many links its device says hello", () => {
  const desk = new Desk();
  for (let second = 0; second < 600; second++) {
    const link = 1 + Math.floor(second / 6); // each link is given up after some hellos
    if (second % 6 === 0) {
      if (link > 1) desk.endpoint.handleLinkDown(link - 1);
      desk.endpoint.handleLinkUp(link, TCP, desk.nowMs);
    }
    desk.say(link, hello({ nonce: link, uptimeMs: 1_000 * second }));
    desk.nowMs += 1_000;
    expect(desk.pending()).toHaveLength(1);
  }
  desk.answer(0);
  expect(desk.welcomes()).toEqual([[100, 0]]);
  desk.say(100, hello({ nonce: 100 }));
  expect(desk.pending()).toHaveLength(1); // it may be asked again
});

test("links that greet while the store is asked are welcomed by the one answer", () => {
  const desk = new Desk();
  desk.endpoint.handleLinkUp(1, SERIAL, 0);
  desk.endpoint.handleLinkUp(2, TCP, 0);
  desk.say(1, hello({ nonce: 1 }));
  desk.say(2, hello({ nonce: 2 }));
  expect(desk.pending()).toHaveLength(1);
  desk.answer(0);
  expect(desk.welcomes()).toEqual([
    [1, 0],
    [2, 0],
  ]);
});

test("a hello that says more than the one before it is looked up by itself, after it", () => {
  const desk = new Desk();
  desk.endpoint.handleLinkUp(1, SERIAL, 0);
  desk.endpoint.handleLinkUp(2, TCP, 0);
  desk.endpoint.handleLinkUp(3, TCP, 0);
  desk.say(1, hello({ nonce: 1, next: 9 }));
  desk.say(2, hello({ nonce: 2, next: 9, first: 5 })); // another store acknowledged five records
  desk.say(3, hello({ nonce: 3, next: 9, schemas: [{ number: 0, hash: 2 }] }));
  expect(desk.pending()).toMatchObject([{ nonce: 1 }]);
  desk.answer(0);
  expect(desk.welcomes()).toEqual([[1, 0]]);
  expect(desk.pending()).toMatchObject([{ nonce: 2 }]);
  desk.answer(5);
  expect(desk.pending()).toMatchObject([{ nonce: 3 }]);
  desk.answer(5);
  expect(desk.welcomes()).toEqual([
    [2, 5],
    [3, 5],
  ]);
});

test("a device that begins a new epoch on its line waits for that one only", () => {
  const desk = new Desk();
  desk.endpoint.handleLinkUp(1, SERIAL, 0);
  desk.say(1, hello({ nonce: 1 }));
  desk.say(1, hello({ nonce: 2, epoch: "00000000000000ee" }));
  expect(desk.pending()).toHaveLength(2);
  desk.answer(0);
  expect(desk.sent().filter(({ message }) => message.kind === "welcome")).toMatchObject([
    { message: { nonce: 2 } },
  ]);
});

test("a question that the store can never answer is given up, and may be asked again", () => {
  const desk = new Desk();
  desk.endpoint.handleLinkUp(1, TCP, 0);
  desk.say(1, hello());
  desk.events();
  desk.endpoint.handleResumeFailed(desk.asked.pop()!);
  desk.say(1, hello());
  expect(desk.pending()).toHaveLength(1);
});

test("the store is asked about so many epochs at a time; further devices are told when to come back", () => {
  const desk = new Desk();
  let isBusy = false;
  for (let count = 0; count < 5_000 && !isBusy; count++) {
    desk.nowMs += 100; // within what may come in a second
    desk.endpoint.handleLinkUp(count, TCP, desk.nowMs);
    desk.say(count, hello({ device: `d${count}` }));
    isBusy = desk.sent().some(({ message }) => message.kind === "bye" && message.reason === "busy");
  }
  expect(isBusy).toBe(true);
  expect(desk.pending()).toHaveLength(4_096);
  desk.endpoint.handleLinkUp(9_000, TCP, desk.nowMs);
  desk.say(9_000, hello({ device: "d7" })); // is being asked about already
  desk.answer(0);
  expect(desk.welcomes().map(([link]) => link)).toContain(9_000);
});

function pingsOf(desk: Desk): number[] {
  return desk
    .sent()
    .map(({ message }) => message)
    .filter((message) => message.kind === "ping")
    .map(({ id }) => id);
}
