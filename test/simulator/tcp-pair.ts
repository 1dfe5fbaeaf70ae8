// A simulated TCP client and a real peer on loopback, for the tests of its behaviours. Whatever a test
// opened is closed after it.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach } from "vitest";
import type { TcpOptions } from "../../device/platform/ecma419.ts";
import { SimulatedTcp } from "../../host/simulator/io/tcp.ts";

export const SEGMENT_BYTES = 1436;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A promise and the function that keeps it. */
export function promised<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

export async function listen(): Promise<{ server: Server; port: number; peer: Promise<Socket> }> {
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

export type Callbacks = Omit<TcpOptions, "address" | "port">;

export function openTcp(
  port: number,
  callbacks: Callbacks = {},
  sendBufferBytes?: number,
): SimulatedTcp {
  const tcp = new SimulatedTcp({ address: "127.0.0.1", port, ...callbacks }, sendBufferBytes);
  cleanups.push(() => tcp.close());
  return tcp;
}

/** A connected client with its peer. */
export async function connectTcp(
  callbacks: Callbacks = {},
): Promise<{ tcp: SimulatedTcp; peer: Socket }> {
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
export async function receive(peer: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let received = 0; received < count; ) {
    const [chunk]: Buffer[] = await once(peer, "data");
    chunks.push(chunk);
    received += chunk.length;
  }
  return Buffer.concat(chunks);
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Calls `attempt` once a turn, ahead of what the turn delivers, until it gives true. */
export async function eachTurnUntil(attempt: () => boolean): Promise<void> {
  while (!attempt()) await nextTurn();
}

/** What the next uncaught exception of this process is. */
export function nextUncaught(): Promise<Error> {
  return new Promise((resolve) => {
    process.setUncaughtExceptionCaptureCallback((error) => {
      process.setUncaughtExceptionCaptureCallback(null);
      resolve(error);
    });
  });
}

/** The Error that `action` throws, or undefined. */
export function thrownBy(action: () => void): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

export function bytesOf(...values: number[]): ArrayBuffer {
  return Uint8Array.from(values).buffer;
}

/** `count` bytes of which no two near each other are alike. */
export function pattern(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}
