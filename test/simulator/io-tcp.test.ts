// The simulated TCP client against real sockets on loopback: each behaviour that
// docs/decisions/0005-io-classes.md pins for TCP has one test here.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { TcpOptions } from "../../device/platform/ecma419.ts";
import {
  RECEIVE_WINDOW_BYTES,
  SEND_BUFFER_BYTES,
  SimulatedTcp,
} from "../../host/simulator/io/tcp.ts";
import {
  bytesOf,
  connectTcp,
  listen,
  nextTurn,
  openTcp,
  pattern,
  promised,
  receive,
  SEGMENT_BYTES,
} from "./tcp-pair.ts";

describe("opening", () => {
  test("the first onWritable says that the connection stands and gives the whole send buffer", async () => {
    const { port } = await listen();
    const writable = promised<number>();
    openTcp(port, { onWritable: writable.resolve });
    expect(await writable.promise).toBe(SEND_BUFFER_BYTES);
  });

  test("the send buffer may be that of a plain ESP32", async () => {
    const { port } = await listen();
    const writable = promised<number>();
    openTcp(port, { onWritable: writable.resolve }, 8192);
    expect(await writable.promise).toBe(8192);
  });

  test.each(["localhost", "", "1.2.3", "0000:0000:0000:0000:0000:0000:0000:0001"])(
    "the address %j is refused: no IP literal of at most 31 characters",
    (address) => {
      expect(() => new SimulatedTcp({ address, port: 1 })).toThrow(new Error("invalid address"));
    },
  );

  test("the option `host` is no way to name the peer", () => {
    const options = { host: "127.0.0.1", port: 1 } as unknown as TcpOptions;
    expect(() => new SimulatedTcp(options)).toThrow(new Error("invalid address"));
  });

  test.each([-1, 65536, 1.5, Number.NaN])("port %d is a RangeError", (port) => {
    expect(() => openTcp(port)).toThrow(new RangeError("invalid port"));
  });

  test("no callback comes from inside the constructor", async () => {
    const { port } = await listen();
    const writable = promised<boolean>();
    let isConstructed = false;
    openTcp(port, { onWritable: () => writable.resolve(isConstructed) });
    isConstructed = true;
    expect(await writable.promise).toBe(true);
  });

  test("`this` in the callbacks is the instance", async () => {
    const seen: unknown[] = [];
    const failed = promised();
    const { tcp, peer } = await connectTcp({
      onWritable() {
        seen.push(this);
      },
      onReadable() {
        seen.push(this);
        this.read();
      },
      onError() {
        seen.push(this);
        failed.resolve();
      },
    });
    peer.end("x");
    await failed.promise;
    expect(seen).toEqual([tcp, tcp, tcp]);
    expect(seen.every((self) => self === tcp)).toBe(true);
  });

  test("a refused connection is told by onError without an argument", async () => {
    const { server, port } = await listen();
    server.close();
    await once(server, "close");
    const failed = promised<unknown[]>();
    openTcp(port, { onError: (...details: unknown[]) => failed.resolve(details) });
    expect(await failed.promise).toEqual([]);
  });
});

describe("writing", () => {
  test("before the connection stands it throws", async () => {
    const { port } = await listen();
    const tcp = openTcp(port);
    expect(() => tcp.write(bytesOf(1))).toThrow(new Error("not ready"));
  });

  test("it returns the room that is left", async () => {
    const { tcp } = await connectTcp();
    expect(tcp.write(new ArrayBuffer(1000))).toBe(SEND_BUFFER_BYTES - 1000);
    expect(tcp.write(new ArrayBuffer(744))).toBe(SEND_BUFFER_BYTES - 1744);
  });

  test("more than the room throws and writes nothing of it", async () => {
    const { tcp, peer } = await connectTcp();
    expect(() => tcp.write(new ArrayBuffer(SEND_BUFFER_BYTES + 1))).toThrow(
      new Error("would block"),
    );
    tcp.write(bytesOf(7));
    expect([...(await receive(peer, 1))]).toEqual([7]);
  });

  test("the room may be used up to the last byte", async () => {
    const { tcp, peer } = await connectTcp();
    expect(tcp.write(pattern(SEND_BUFFER_BYTES))).toBe(0);
    expect(new Uint8Array(await receive(peer, SEND_BUFFER_BYTES))).toEqual(
      pattern(SEND_BUFFER_BYTES),
    );
  });

  test("it takes an ArrayBuffer, a Uint8Array, a part of one, and a DataView", async () => {
    const { tcp, peer } = await connectTcp();
    tcp.write(bytesOf(1, 2));
    tcp.write(Uint8Array.of(3));
    tcp.write(Uint8Array.of(0, 4, 5, 0).subarray(1, 3));
    tcp.write(new DataView(bytesOf(0, 6, 0), 1, 1));
    expect([...(await receive(peer, 6))]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([["a string"], [new Uint16Array(1)], [[1]], [1], [undefined]])(
    "it refuses %j",
    async (value) => {
      const { tcp } = await connectTcp();
      expect(() => tcp.write(value as unknown as ArrayBuffer)).toThrow(
        new TypeError("invalid buffer"),
      );
    },
  );

  test("the buffer may be used again at once", async () => {
    const { tcp, peer } = await connectTcp();
    const bytes = Uint8Array.of(1);
    tcp.write(bytes);
    bytes[0] = 2;
    expect([...(await receive(peer, 1))]).toEqual([1]);
  });

  test("onWritable comes again when what was written has drained, and not from inside write", async () => {
    const drained = promised<number>();
    let isWritten = false;
    const { tcp } = await connectTcp({
      onWritable: (count) => isWritten && drained.resolve(count),
    });
    tcp.write(new ArrayBuffer(SEND_BUFFER_BYTES));
    isWritten = true;
    expect(await drained.promise).toBe(SEND_BUFFER_BYTES);
  });

  test("an idle connection is silent", async () => {
    const readable = promised();
    let calls = 0;
    const { peer } = await connectTcp({
      onWritable: () => calls++,
      onReadable: () => readable.resolve(),
    });
    peer.write("x");
    await readable.promise;
    await nextTurn();
    expect(calls).toBe(1);
  });
});

describe("reading", () => {
  test("without an argument it gives all that waits, then undefined", async () => {
    const readable = promised<number>();
    const { tcp, peer } = await connectTcp({ onReadable: readable.resolve });
    expect(tcp.read()).toBeUndefined();
    peer.write(Uint8Array.of(1, 2, 3));
    expect(await readable.promise).toBe(3);
    expect(tcp.read()).toEqual(bytesOf(1, 2, 3));
    expect(tcp.read()).toBeUndefined();
  });

  test("with a count it gives exactly as many bytes", async () => {
    const readable = promised<number>();
    const { tcp, peer } = await connectTcp({ onReadable: readable.resolve });
    peer.write(Uint8Array.of(1, 2, 3));
    await readable.promise;
    expect(tcp.read(2)).toEqual(bytesOf(1, 2));
    expect(tcp.read(1)).toEqual(bytesOf(3));
  });

  test("with a buffer it fills that and returns its length", async () => {
    const readable = promised<number>();
    const { tcp, peer } = await connectTcp({ onReadable: readable.resolve });
    peer.write(Uint8Array.of(1, 2, 3));
    await readable.promise;
    const target = Uint8Array.of(9, 9, 9, 9);
    expect(tcp.read(target.subarray(1, 3))).toBe(2);
    expect([...target]).toEqual([9, 1, 2, 9]);
  });

  test.each([4, 0, -1, Number.NaN])("read(%d) of 3 bytes throws and takes none", async (count) => {
    const readable = promised<number>();
    const { tcp, peer } = await connectTcp({ onReadable: readable.resolve });
    peer.write(Uint8Array.of(1, 2, 3));
    await readable.promise;
    expect(() => tcp.read(count)).toThrow(new Error("invalid"));
    expect(tcp.read()).toEqual(bytesOf(1, 2, 3));
  });

  test("a buffer longer than what waits throws", async () => {
    const readable = promised<number>();
    const { tcp, peer } = await connectTcp({ onReadable: readable.resolve });
    peer.write("abc");
    await readable.promise;
    expect(() => tcp.read(new Uint8Array(4))).toThrow(new Error("invalid"));
  });

  test("onReadable counts what was left unread too", async () => {
    const counts: number[] = [];
    let readable = promised();
    const { peer } = await connectTcp({
      onReadable(count) {
        counts.push(count);
        readable.resolve();
      },
    });
    peer.write("abc");
    await readable.promise;
    readable = promised();
    peer.write("de");
    await readable.promise;
    expect(counts).toEqual([3, 5]);
  });

  test("what was left unread is not announced again until more comes", async () => {
    const counts: number[] = [];
    const readable = promised();
    const drained = promised();
    const { tcp, peer } = await connectTcp({
      onReadable(count) {
        counts.push(count);
        readable.resolve();
      },
      onWritable: () => counts.length > 0 && drained.resolve(),
    });
    peer.write("abc");
    await readable.promise;
    tcp.write(bytesOf(1));
    await drained.promise;
    expect(counts).toEqual([3]);
  });

  test("no more than a TCP window waits unread", async () => {
    const full = promised<number>();
    const { tcp, peer } = await connectTcp({
      onReadable: (count) => count > RECEIVE_WINDOW_BYTES - SEGMENT_BYTES && full.resolve(count),
    });
    peer.write(pattern(1_000_000));
    expect(await full.promise).toBeLessThanOrEqual(RECEIVE_WINDOW_BYTES);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(tcp.read()?.byteLength).toBeLessThanOrEqual(RECEIVE_WINDOW_BYTES);
  });

  test("a full window holds the peer back and loses nothing", async () => {
    const sent = pattern(300_000);
    const received: number[] = [];
    const done = promised();
    const { peer } = await connectTcp({
      async onReadable() {
        await nextTurn(); // Leaves bytes waiting, so that the window does fill.
        const bytes = this.read();
        if (bytes) received.push(...new Uint8Array(bytes));
        if (received.length === sent.length) done.resolve();
      },
    });
    peer.write(sent);
    await done.promise;
    expect(Buffer.compare(Uint8Array.from(received), sent)).toBe(0);
  });
});
