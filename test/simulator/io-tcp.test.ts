// The simulated TCP client against real sockets on loopback: each behaviour that
// docs/decisions/0005-io-classes.md pins for TCP has one test here.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { TcpOptions } from "../../device/platform/ecma419.ts";
import {
  RECEIVE_WINDOW_BYTES,
  SEND_BUFFER_BYTES,
  SimulatedTcp,
} from "../../host/simulator/io/tcp.ts";

const SEGMENT_BYTES = 1436;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A promise and the function that keeps it. */
function promised<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

async function listen(): Promise<{ server: Server; port: number; peer: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true });
  const peer = once(server, "connection").then(([socket]: Socket[]) => {
    cleanups.push(() => socket.destroy());
    return socket;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, port: address.port, peer };
}

type Callbacks = Omit<TcpOptions, "address" | "port">;

function openTcp(port: number, callbacks: Callbacks = {}, sendBufferBytes?: number): SimulatedTcp {
  const tcp = new SimulatedTcp({ address: "127.0.0.1", port, ...callbacks }, sendBufferBytes);
  cleanups.push(() => tcp.close());
  return tcp;
}

/** A connected client with its peer. */
async function connectTcp(callbacks: Callbacks = {}): Promise<{ tcp: SimulatedTcp; peer: Socket }> {
  const { port, peer } = await listen();
  const connected = promised();
  const tcp = openTcp(port, {
    ...callbacks,
    onWritable(count) {
      connected.resolve();
      callbacks.onWritable?.call(this, count);
    },
  });
  await connected.promise;
  return { tcp, peer: await peer };
}

/** Reads `count` bytes from a Node socket. */
async function receive(peer: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let received = 0; received < count; ) {
    const [chunk]: Buffer[] = await once(peer, "data");
    chunks.push(chunk);
    received += chunk.length;
  }
  return Buffer.concat(chunks);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Calls `attempt` once a turn, ahead of what the turn delivers, until it gives true. */
async function eachTurnUntil(attempt: () => boolean): Promise<void> {
  while (!attempt()) await nextTurn();
}

/** What the next uncaught exception of this process is. */
function nextUncaught(): Promise<Error> {
  return new Promise((resolve) => {
    process.setUncaughtExceptionCaptureCallback((error) => {
      process.setUncaughtExceptionCaptureCallback(null);
      resolve(error);
    });
  });
}

/** The Error that `action` throws, or undefined. */
function thrownBy(action: () => void): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

function bytesOf(...values: number[]): ArrayBuffer {
  return Uint8Array.from(values).buffer;
}

/** `count` bytes of which no two near each other are alike. */
function pattern(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

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

  test("the option `host` is not implemented", () => {
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

describe("errors", () => {
  test("a FIN is told by onError, after what came before it was announced and read", async () => {
    const log: string[] = [];
    const failed = promised();
    const { peer } = await connectTcp({
      onReadable(count) {
        log.push(`readable ${count}`);
        this.read();
      },
      onError(...details: unknown[]) {
        log.push(`error ${details.length}`);
        failed.resolve();
      },
    });
    peer.end("abc");
    await failed.promise;
    expect(log).toEqual(["readable 3", "error 0"]);
  });

  test("after the peer's FIN, ours goes out with close() and no earlier", async () => {
    const log: string[] = [];
    const failed = promised();
    const { tcp, peer } = await connectTcp({ onError: failed.resolve });
    const ended = once(peer, "end").then(() => log.push("FIN"));
    peer.resume().end();
    await failed.promise;
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    log.push("close");
    tcp.close();
    await ended;
    expect(log).toEqual(["close", "FIN"]);
  });

  test("a reset is told by onError", async () => {
    const failed = promised();
    const { peer } = await connectTcp({ onError: failed.resolve });
    peer.resetAndDestroy();
    await failed.promise;
  });

  test("where onReadable does not drain before the FIN, onError never comes", async () => {
    let errors = 0;
    const { tcp, peer } = await connectTcp({ onError: () => errors++ });
    peer.end("abc");
    await eachTurnUntil(() => thrownBy(() => tcp.write(new ArrayBuffer(0))) !== undefined);
    expect(tcp.read()?.byteLength).toBe(3);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(errors).toBe(0);
  });

  test("while an error waits to be told, write returns undefined", async () => {
    let isTold = false;
    const { tcp, peer } = await connectTcp({
      onError() {
        isTold = true;
      },
    });
    peer.resetAndDestroy();
    await eachTurnUntil(() => tcp.write(new ArrayBuffer(0)) === undefined);
    expect(isTold).toBe(false);
  });

  test("once the error was told, write throws", async () => {
    const failed = promised();
    const { tcp, peer } = await connectTcp({ onError: failed.resolve });
    peer.end();
    await failed.promise;
    expect(() => tcp.write(bytesOf(1))).toThrow(new Error("not ready"));
  });

  test("write throws in the onReadable that comes together with the error", async () => {
    const answered = promised<unknown>();
    const { peer } = await connectTcp({
      onReadable() {
        this.read();
        answered.resolve(thrownBy(() => this.write(bytesOf(1))));
      },
    });
    // A whole segment, so that Node reads on and finds the FIN in the same turn.
    peer.end(new Uint8Array(SEGMENT_BYTES));
    expect(await answered.promise).toEqual(new Error("not ready"));
  });

  test("onError comes once", async () => {
    let errors = 0;
    const failed = promised();
    const { tcp, peer } = await connectTcp({
      onError() {
        errors++;
        failed.resolve();
      },
    });
    peer.end();
    await failed.promise;
    peer.resetAndDestroy();
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(errors).toBe(1);
    expect(tcp.read()).toBeUndefined();
  });

  test("an exception in a callback is uncaught", async () => {
    const { port } = await listen();
    const uncaught = nextUncaught();
    openTcp(port, {
      onWritable() {
        throw new Error("firmware bug");
      },
    });
    expect(await uncaught).toEqual(new Error("firmware bug"));
  });
});

describe("closing", () => {
  test("may be done twice", async () => {
    const { tcp } = await connectTcp();
    tcp.close();
    expect(() => tcp.close()).not.toThrow();
  });

  test("may be done before the connection stands", async () => {
    const { port } = await listen();
    const tcp = openTcp(port);
    expect(() => tcp.close()).not.toThrow();
  });

  test("reading and writing afterwards are SyntaxErrors", async () => {
    const { tcp } = await connectTcp();
    tcp.close();
    const gone = new SyntaxError("C: xsGetHostData: invalid host data");
    expect(() => tcp.read()).toThrow(gone);
    expect(() => tcp.write(bytesOf(1))).toThrow(gone);
  });

  test("no callback comes afterwards, even one that was due", async () => {
    const calls: string[] = [];
    const { tcp, peer } = await connectTcp({
      onWritable() {
        calls.push("writable");
      },
      onReadable() {
        calls.push("readable");
      },
      onError() {
        calls.push("error");
      },
    });
    tcp.write(bytesOf(1));
    tcp.close();
    peer.resume().end("abc");
    await once(peer, "close");
    await nextTurn();
    expect(calls).toEqual(["writable"]);
  });

  test("what was written before still arrives, and then the FIN", async () => {
    const { tcp, peer } = await connectTcp();
    tcp.write(pattern(SEND_BUFFER_BYTES));
    tcp.close();
    const chunks = await peer.toArray();
    expect(Buffer.compare(Buffer.concat(chunks), pattern(SEND_BUFFER_BYTES))).toBe(0);
  });

  test("with bytes unread it resets the connection", async () => {
    const readable = promised<number>();
    const { tcp, peer } = await connectTcp({ onReadable: readable.resolve });
    peer.write("abc");
    await readable.promise;
    tcp.close();
    const [error]: Error[] = await once(peer.resume(), "error").catch((reason) => [reason]);
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });
});
