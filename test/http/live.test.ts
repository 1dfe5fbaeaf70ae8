// The live stream: values as they are stored, taken up where a client was, and never queued up for one that
// is too slow.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { LiveMessage, SubscribeMessage, TickDocument } from "../../host/http/documents.ts";
import { CLIENT_WAITING_BYTES_MAX } from "../../host/http/limits.ts";
import { LiveClient } from "../../host/http/live/live-client.ts";
import { Subscription, type Tick } from "../../host/http/live/subscription.ts";
import { portOf, RunningSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

/** A client that keeps what it is told. */
class Watcher {
  readonly messages: LiveMessage[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #wake: () => void = () => undefined;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on("message", (data) => {
      this.messages.push(JSON.parse(String(data)) as LiveMessage);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", resolve);
    });
  }

  async subscribe(message: Partial<SubscribeMessage>): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, "open");
    this.send({ type: "subscribe", devices: "all", detail: "points", ...message });
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  get ticks(): TickDocument[] {
    return this.messages.filter((message) => message.type === "tick");
  }

  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits for ticks with values of the device; gives their times. */
  async times(device: string, count: number): Promise<number[]> {
    return await this.until(() => {
      const times = timesOf(this.ticks, device);
      return times.length >= count ? times : undefined;
    });
  }
}

function timesOf(ticks: readonly TickDocument[], device: string): number[] {
  return ticks
    .flatMap(({ values }) => values)
    .filter((values) => values.device === device)
    .flatMap(({ channels }) => channels.temperature?.timesUs ?? [])
    .filter((timeUs) => timeUs !== null);
}

describe("of a collector with two devices", () => {
  let collector: RunningSenda;
  let devices: RunningSenda;
  let url: string;

  beforeAll(async () => {
    const listen = ["--tcp", "127.0.0.1:0", "--udp", "off", "--http", "127.0.0.1:0", "--json"];
    collector = new RunningSenda("collect", "--db", join(folder, "live.db"), ...listen);
    const listening = await collector.event("listening");
    url = `ws://${listening.http}/api/live`;
    const args = ["--port", portOf(listening.tcp), "--devices", "2", "--period-ms", "50", "--json"];
    devices = new RunningSenda("simulate", ...args);
    await collector.eventAt("connected", 1);
  });

  afterAll(async () => {
    await devices.stop();
    expect(await collector.stop()).toBe(0);
  });

  test("values of the devices and channels that were asked for, in order", async () => {
    const watcher = new Watcher(url);
    await watcher.subscribe({ devices: ["sim-1"], channels: ["temperature"] });
    const times = await watcher.times("sim-1", 40);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    const values = watcher.ticks.flatMap((tick) => tick.values);
    expect(new Set(values.map(({ device }) => device))).toEqual(new Set(["sim-1"]));
    expect(new Set(values.flatMap(({ channels }) => Object.keys(channels)))).toEqual(
      new Set(["temperature"]),
    );
    watcher.socket.close();
  });

  test("the last value of each channel, and the state of each device", async () => {
    const watcher = new Watcher(url);
    await watcher.subscribe({ detail: "latest" });
    await watcher.times("sim-2", 2);
    const lengths = watcher.ticks.flatMap(({ values }) =>
      values.flatMap(({ channels }) => Object.values(channels).map((found) => found.values.length)),
    );
    expect(new Set(lengths)).toEqual(new Set([1]));
    const states = await watcher.until(() => {
      const found = watcher.ticks.flatMap((tick) => tick.states);
      return new Set(found.map(({ name }) => name)).size === 2 ? found : undefined;
    });
    expect(states[0]).toMatchObject({ state: "here", links: ["tcp"] });
    watcher.socket.close();
  });

  test("who comes back hears what they missed, once", async () => {
    const first = new Watcher(url);
    await first.subscribe({ devices: ["sim-1"] });
    const before = await first.times("sim-1", 20);
    first.socket.terminate();
    await first.closed;
    const welcome = first.messages.find((message) => message.type === "welcome")!;
    const sequence = first.ticks.at(-1)!.sequence;
    await new Watcher(url).subscribe({ devices: ["sim-1"] }); // time passes: somebody else watches
    const second = new Watcher(url);
    await second.subscribe({ devices: ["sim-1"], resume: { stream: welcome.stream, sequence } });
    const after = await second.times("sim-1", 60);
    expect(second.messages).toContainEqual({ type: "subscribed", isComplete: true });
    const all = [...before, ...after];
    expect(new Set(all).size).toBe(all.length);
    second.socket.close();
    const edgeUs = 10_000; // less than the 50 ms between two samples, more than a clock's next measurement moves
    const range = `from=${Math.floor(all[0]! - edgeUs)}&to=${Math.ceil(all.at(-1)! + edgeUs)}`;
    const path = `/api/devices/sim-1/readings?channels=temperature&wide=true&${range}`;
    const stored = await (
      await fetch(url.replace("ws:", "http:").replace("/api/live", path))
    ).text();
    expect(stored.trim().split("\n")).toHaveLength(all.length + 1); // and the line of names
  });

  test("who comes from another life of the collector is told that something is missing", async () => {
    const watcher = new Watcher(url);
    await watcher.subscribe({ resume: { stream: "0123456789abcdef", sequence: 5 } });
    await watcher.until(() =>
      watcher.messages.find((message) => message.type === "subscribed" && !message.isComplete),
    );
    watcher.socket.close();
  });

  test("who does not say that they keep up gets no more, and then the newest", async () => {
    const quick = new Watcher(url);
    const slow = new Watcher(url);
    await quick.subscribe({ devices: ["sim-1"] });
    await slow.subscribe({ devices: ["sim-1"], window: 2 });
    await slow.until(() => (slow.ticks.length === 2 ? true : undefined));
    const [, last] = slow.ticks;
    await quick.until(() => quick.ticks.find(({ sequence }) => sequence > last!.sequence + 20));
    expect(slow.ticks).toHaveLength(2);
    slow.send({ type: "ack", sequence: last!.sequence });
    const next = await slow.until(() => slow.ticks[2]);
    expect(next.skipped).toBeGreaterThan(0);
    expect(next.sequence).toBeGreaterThan(last!.sequence + 20);
    for (const watcher of [quick, slow]) watcher.socket.close();
  });

  test.each([
    ["no JSON", "hello"],
    ["no message of ours", '{"type":"dance"}'],
    [
      "a list of names without end",
      JSON.stringify({ type: "subscribe", devices: Array(300).fill("a"), detail: "latest" }),
    ],
    ["a number in place of names", '{"type":"subscribe","devices":{"a":1},"detail":"latest"}'],
  ])("%s: refused, and the connection closed", async (_, text) => {
    const watcher = new Watcher(url);
    await once(watcher.socket, "open");
    watcher.socket.send(text);
    expect(await watcher.closed).toBe(1003);
    expect(watcher.messages.at(-1)).toMatchObject({ type: "problem" });
  });

  test("a message beyond the limit ends the connection, not the collector", async () => {
    const watcher = new Watcher(url);
    await once(watcher.socket, "open");
    watcher.socket.send("x".repeat(100_000));
    expect(await watcher.closed).toBe(1009);
  });
});

test("a socket that takes nothing: what waits is bounded, and what comes then is the newest", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [served] = (await once(server, "connection")) as [WebSocket];
  if (socket.readyState !== WebSocket.OPEN) await once(socket, "open");
  socket.pause();
  const client = new LiveClient(served);
  client.subscribe(new Subscription({ type: "subscribe", devices: "all", detail: "points" }), 0);
  const text = "x".repeat(50_000);
  const tickOf = (sequence: number): Tick => ({
    sequence,
    timeUs: sequence,
    values: [
      {
        device: "a",
        uncertaintyUs: 0,
        channels: { text: { timesUs: [sequence], values: [text] } },
      },
    ],
    states: [],
    events: [],
  });
  let sequence = 1;
  while (!client.handleTick(tickOf(sequence))) {
    expect(sequence++).toBeLessThan(5_000); // far more than any system buffers
    await new Promise(setImmediate); // the system takes what it takes
  }
  for (let more = 0; more < 100; more++) expect(client.handleTick(tickOf(++sequence))).toBe(true);
  expect(served.bufferedAmount).toBeLessThan(CLIENT_WAITING_BYTES_MAX + 2 * text.length);

  const heard: TickDocument[] = [];
  socket.on("message", (data) => heard.push(JSON.parse(String(data)) as TickDocument));
  socket.resume();
  while (served.bufferedAmount > 0) await once(socket, "message");
  expect(client.handleTick(tickOf(++sequence))).toBe(false);
  while (heard.at(-1)?.sequence !== sequence) await once(socket, "message");
  expect(heard.at(-1)).toMatchObject({ sequence, skipped: 101 });
  socket.terminate();
  server.close();
});
