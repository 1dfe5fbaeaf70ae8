// The simulated UDP socket against real ones on loopback: each behaviour that
// docs/decisions/0005-io-classes.md pins for UDP has one test here.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import type { UdpOptions, UdpSocket } from "../../device/platform/ecma419.ts";
import {
  DATAGRAM_BYTES_MAX,
  SimulatedUdp,
  UNSENT_DATAGRAMS_MAX,
  WAITING_DATAGRAMS_MAX,
} from "../../host/simulator/io/udp.ts";

const LOOPBACK = "127.0.0.1";
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

function openUdp(options: Partial<UdpOptions> = {}): SimulatedUdp {
  const udp = new SimulatedUdp({ port: 0, ...options });
  cleanups.push(() => udp.close());
  return udp;
}

async function openPeer(): Promise<{ peer: Socket; port: number }> {
  const peer = createSocket("udp4");
  peer.bind(0, LOOPBACK);
  await once(peer, "listening");
  cleanups.push(() => peer.close());
  return { peer, port: peer.address().port };
}

/** The port of `udp`, learnt from a datagram that it sends to `peer`. */
async function portOf(udp: SimulatedUdp, peer: Socket): Promise<number> {
  udp.write(bytesOf(0), LOOPBACK, peer.address().port);
  const [, from]: [Buffer, RemoteInfo] = await receive(peer);
  return from.port;
}

function receive(peer: Socket): Promise<[Buffer, RemoteInfo]> {
  return once(peer, "message") as Promise<[Buffer, RemoteInfo]>;
}

function bytesOf(...values: number[]): ArrayBuffer {
  return Uint8Array.from(values).buffer;
}

/** A socket that has had `datagrams` sent to it, when onReadable has announced all that can wait. */
async function openUdpWith(datagrams: Uint8Array[]): Promise<{ udp: SimulatedUdp; port: number }> {
  const { peer, port } = await openPeer();
  const announcedMax = Math.min(datagrams.length, WAITING_DATAGRAMS_MAX);
  const droppedMax = datagrams.length - announcedMax;
  let announce: () => void = () => {};
  const announced = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const udp = openUdp({
    onReadable: (count) =>
      count === announcedMax && udp.droppedDatagrams === droppedMax && announce(),
  });
  const target = await portOf(udp, peer);
  for (const datagram of datagrams) peer.send(datagram, target, LOOPBACK);
  await announced;
  return { udp, port };
}

test("a datagram written straight after the constructor is sent", async () => {
  const { peer, port } = await openPeer();
  openUdp().write(bytesOf(1, 2, 3), LOOPBACK, port);
  expect([...(await receive(peer))[0]]).toEqual([1, 2, 3]);
});

test("port 0 is any free one, and each socket has its own", async () => {
  const { peer } = await openPeer();
  const first = await portOf(openUdp(), peer);
  const second = await portOf(openUdp(), peer);
  expect(first).toBeGreaterThan(0);
  expect(second).not.toBe(first);
});

test("a port that is taken makes the constructor throw", async () => {
  const { peer } = await openPeer();
  const port = await portOf(openUdp(), peer);
  expect(() => openUdp({ port })).toThrow(new Error("bind failed"));
});

test.each([-1, 65536, 0.5])("port %d is a RangeError", (port) => {
  expect(() => openUdp({ port })).toThrow(new RangeError("invalid port"));
});

test("onReadable counts the datagrams that wait", async () => {
  const { udp } = await openUdpWith([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
  expect([udp.read(), udp.read(), udp.read()].map((datagram) => datagram?.byteLength)).toEqual([
    1, 1, 1,
  ]);
});

test("`this` in onReadable is the instance", async () => {
  const { peer } = await openPeer();
  let tell: (self: UdpSocket) => void = () => {};
  const told = new Promise<UdpSocket>((resolve) => {
    tell = resolve;
  });
  const udp = openUdp({
    onReadable() {
      tell(this);
    },
  });
  peer.send("x", await portOf(udp, peer), LOOPBACK);
  expect(await told).toBe(udp);
});

test("a datagram is an ArrayBuffer with its sender's address and port", async () => {
  const { udp, port } = await openUdpWith([Uint8Array.of(4, 5)]);
  const datagram = udp.read();
  expect(datagram).toBeInstanceOf(ArrayBuffer);
  expect(datagram).toMatchObject({ address: LOOPBACK, port });
  expect([...new Uint8Array(datagram ?? bytesOf())]).toEqual([4, 5]);
});

test("read gives undefined where nothing waits", () => {
  expect(openUdp().read()).toBeUndefined();
});

test("no more than 100 datagrams wait, and the oldest are dropped", async () => {
  const sent = Array.from({ length: WAITING_DATAGRAMS_MAX + 3 }, (_, index) =>
    Uint8Array.of(index),
  );
  const { udp } = await openUdpWith(sent);
  const first = udp.read();
  expect([...new Uint8Array(first ?? bytesOf())]).toEqual([3]);
  expect(udp.droppedDatagrams).toBe(3);
});

test("of a datagram longer than a frame, the first 1,472 bytes are read", async () => {
  const { udp } = await openUdpWith([new Uint8Array(DATAGRAM_BYTES_MAX + 1)]);
  expect(udp.read()?.byteLength).toBe(DATAGRAM_BYTES_MAX);
});

test("a datagram longer than a frame is not sent", () => {
  const tooLong = new ArrayBuffer(DATAGRAM_BYTES_MAX + 1);
  expect(() => openUdp().write(tooLong, LOOPBACK, 9)).toThrow(new Error("UDP send failed"));
});

test("a burst of more datagrams than there is memory for throws, until they have left", async () => {
  const { peer, port } = await openPeer();
  const udp = openUdp();
  for (let sent = 0; sent < UNSENT_DATAGRAMS_MAX; sent++) udp.write(bytesOf(1), LOOPBACK, port);
  expect(() => udp.write(bytesOf(1), LOOPBACK, port)).toThrow(new Error("UDP send failed"));
  await receive(peer);
  expect(() => udp.write(bytesOf(1), LOOPBACK, port)).not.toThrow();
});

test.each(["localhost", "", "1.2.3"])("the address %j is no IP literal and throws", (address) => {
  expect(() => openUdp().write(bytesOf(1), address, 9)).toThrow("invalid IP address");
});

test("an IPv6 address throws, since the socket is one of IPv4", () => {
  expect(() => openUdp().write(bytesOf(1), "::1", 9)).toThrow(new Error("UDP send failed"));
});

test.each([0, 65536, Number.NaN])("writing to port %d is a RangeError", (port) => {
  expect(() => openUdp().write(bytesOf(1), LOOPBACK, port)).toThrow(RangeError);
});

test.each([["text"], [new Uint16Array(1)], [undefined]])("write refuses %j", (value) => {
  const buffer = value as unknown as ArrayBuffer;
  expect(() => openUdp().write(buffer, LOOPBACK, 9)).toThrow(new TypeError("invalid buffer"));
});

test("the buffer may be used again at once", async () => {
  const { peer, port } = await openPeer();
  const bytes = Uint8Array.of(1);
  openUdp().write(bytes, LOOPBACK, port);
  bytes[0] = 2;
  expect([...(await receive(peer))[0]]).toEqual([1]);
});

test("a port that nobody listens on is silent", async () => {
  const gone = await openPeer();
  gone.peer.close();
  cleanups.pop();
  const { peer, port } = await openPeer();
  const udp = openUdp();
  udp.write(bytesOf(1), LOOPBACK, gone.port);
  udp.write(bytesOf(2), LOOPBACK, gone.port);
  udp.write(bytesOf(3), LOOPBACK, port);
  expect([...(await receive(peer))[0]]).toEqual([3]);
});

test("closing may be done twice", () => {
  const udp = openUdp();
  udp.close();
  expect(() => udp.close()).not.toThrow();
});

test("reading and writing after close are SyntaxErrors", () => {
  const udp = openUdp();
  udp.close();
  const gone = new SyntaxError("C: xsGetHostData: invalid host data");
  expect(() => udp.read()).toThrow(gone);
  expect(() => udp.write(bytesOf(1), LOOPBACK, 9)).toThrow(gone);
});

test("an exception in onReadable is uncaught", async () => {
  const { peer } = await openPeer();
  const uncaught = new Promise<Error>((resolve) => {
    process.setUncaughtExceptionCaptureCallback((error) => {
      process.setUncaughtExceptionCaptureCallback(null);
      resolve(error);
    });
  });
  const udp = openUdp({
    onReadable() {
      throw new Error("firmware bug");
    },
  });
  peer.send("x", await portOf(udp, peer), LOOPBACK);
  expect(await uncaught).toEqual(new Error("firmware bug"));
});
