// The simulated serial port on a real tty, its peer at the other end of a socat cable: each behaviour
// that docs/decisions/0005-io-classes.md pins for serial has one test here.

import { once } from "node:events";
import { SerialPort } from "serialport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SerialPort as EcmaSerial, SerialOptions } from "../../device/platform/ecma419.ts";
import { FIFO_BYTES, SimulatedSerial } from "../../host/simulator/io/serial.ts";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, type PtyPair, socatPath } from "../support/pty.ts";

const BAUD = 115_200;
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Callbacks = Omit<SerialOptions, "baud" | "device">;

function openSerial(device: string, callbacks: Callbacks = {}): SimulatedSerial {
  const serial = new SimulatedSerial({ device, baud: BAUD, ...callbacks });
  cleanups.push(() => serial.close());
  return serial;
}

/** The host's end of the cable. */
async function openPeer(path: string): Promise<SerialPort> {
  const peer = new SerialPort({ path, baudRate: BAUD, lock: false });
  peer.on("error", () => {}); // The cable may be pulled.
  await once(peer, "open");
  cleanups.push(() => {
    if (peer.isOpen) peer.close();
  });
  return peer;
}

async function receive(peer: SerialPort, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let received = 0; received < count; ) {
    const [chunk]: Buffer[] = await once(peer, "data");
    chunks.push(chunk);
    received += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** A promise and the function that keeps it. */
function promised<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

function bytesOf(...values: number[]): ArrayBuffer {
  return Uint8Array.from(values).buffer;
}

/** `count` bytes of which no two near each other are alike. */
function pattern(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

describe("options", () => {
  test.each([0, -1, 20_000_001, Number.NaN])("%d baud is a RangeError", (baud) => {
    expect(() => new SimulatedSerial({ device: "/dev/null", baud })).toThrow(
      new RangeError("invalid baud"),
    );
  });

  test("the path of a tty must be given", () => {
    expect(() => new SimulatedSerial({ port: 0, transmit: 1, receive: 3, baud: BAUD })).toThrow(
      "give the path of a tty",
    );
  });

  test("a tty that cannot be opened is told by onError, later, and the port is closed", async () => {
    const failed = promised<boolean>();
    let isConstructed = false;
    const serial = openSerial("/nonexistent/tty", {
      onError: () => failed.resolve(isConstructed),
    });
    isConstructed = true;
    expect(await failed.promise).toBe(true);
    expect(() => serial.read()).toThrow("used after close");
  });
});

describeWith("socat", socatPath !== undefined, "on a tty", () => {
  let cable: PtyPair;

  beforeEach(async () => {
    cable = await openPtyPair();
    cleanups.push(() => cable.close());
  });

  /** An open port with its peer. */
  async function connectSerial(
    callbacks: Callbacks = {},
  ): Promise<{ serial: SimulatedSerial; peer: SerialPort }> {
    const opened = promised();
    const serial = openSerial(cable.a, {
      ...callbacks,
      onWritable(count) {
        opened.resolve();
        callbacks.onWritable?.call(this, count);
      },
    });
    await opened.promise;
    return { serial, peer: await openPeer(cable.b) };
  }

  test("the first onWritable comes when the tty is open and gives the whole FIFO", async () => {
    const writable = promised<number>();
    openSerial(cable.a, { onWritable: writable.resolve });
    expect(await writable.promise).toBe(FIFO_BYTES);
  });

  test("what is written before the tty is open goes out when it is", async () => {
    const peer = await openPeer(cable.b);
    openSerial(cable.a).write(bytesOf(1, 2, 3));
    expect([...(await receive(peer, 3))]).toEqual([1, 2, 3]);
  });

  test("before the tty is open there is room for one FIFO", () => {
    const serial = openSerial(cable.a);
    serial.write(new ArrayBuffer(100));
    expect(() => serial.write(new ArrayBuffer(29))).toThrow(new Error("output full"));
    expect(() => serial.write(new ArrayBuffer(28))).not.toThrow();
  });

  test("more than the room throws and writes nothing of it", async () => {
    const { serial, peer } = await connectSerial();
    expect(() => serial.write(new ArrayBuffer(FIFO_BYTES + 1))).toThrow(new Error("output full"));
    serial.write(bytesOf(7));
    expect([...(await receive(peer, 1))]).toEqual([7]);
  });

  test.each([[new Uint8Array(1)], [new DataView(new ArrayBuffer(1))], ["text"], [undefined]])(
    "write takes an ArrayBuffer only: %j is a TypeError",
    async (value) => {
      const { serial } = await connectSerial();
      expect(() => serial.write(value as unknown as ArrayBuffer)).toThrow(
        new TypeError("not an ArrayBuffer instance"),
      );
    },
  );

  test("the buffer may be used again at once", async () => {
    const { serial, peer } = await connectSerial();
    const bytes = Uint8Array.of(1);
    serial.write(bytes.buffer);
    bytes[0] = 2;
    expect([...(await receive(peer, 1))]).toEqual([1]);
  });

  test("onWritable comes again when what was written has drained, and not from inside write", async () => {
    const drained = promised<number>();
    let isWritten = false;
    const { serial } = await connectSerial({
      onWritable: (count) => isWritten && drained.resolve(count),
    });
    serial.write(new ArrayBuffer(FIFO_BYTES));
    isWritten = true;
    expect(await drained.promise).toBe(FIFO_BYTES);
  });

  test("an idle port is silent", async () => {
    const readable = promised<number>();
    let calls = 0;
    const { peer } = await connectSerial({
      onWritable: () => calls++,
      onReadable: readable.resolve,
    });
    peer.write("x");
    await readable.promise;
    expect(calls).toBe(1);
  });

  test("read gives all that waits, then undefined", async () => {
    const readable = promised<number>();
    const { serial, peer } = await connectSerial({ onReadable: readable.resolve });
    expect(serial.read()).toBeUndefined();
    peer.write(Uint8Array.of(1, 2, 3));
    const count = await readable.promise;
    expect(serial.read()).toEqual(bytesOf(...[1, 2, 3].slice(0, count)));
    expect(serial.read()).toBeUndefined();
  });

  test("a burst comes in pieces of a FIFO, and firmware that reads each loses nothing", async () => {
    const sent = pattern(10_000);
    const received: number[] = [];
    const counts: number[] = [];
    const done = promised();
    const { serial, peer } = await connectSerial({
      onReadable(count) {
        counts.push(count);
        received.push(...new Uint8Array(this.read() ?? bytesOf()));
        if (received.length === sent.length) done.resolve();
      },
    });
    peer.write(sent);
    await done.promise;
    expect(Math.max(...counts)).toBeLessThanOrEqual(FIFO_BYTES);
    expect(Buffer.compare(Uint8Array.from(received), sent)).toBe(0);
    expect(serial.droppedBytes).toBe(0);
  });

  test("firmware that reads whenever the FIFO is full loses nothing", async () => {
    const sent = pattern(FIFO_BYTES * 20);
    const received: number[] = [];
    const begun = promised<number>();
    const done = promised();
    const { serial, peer } = await connectSerial({
      onReadable(count) {
        begun.resolve(count);
        if (count < FIFO_BYTES) return;
        received.push(...new Uint8Array(this.read() ?? bytesOf()));
        if (received.length === sent.length) done.resolve();
      },
    });
    peer.write(sent.subarray(0, 100));
    await begun.promise;
    peer.write(sent.subarray(100));
    await done.promise;
    expect(Buffer.compare(Uint8Array.from(received), sent)).toBe(0);
    expect(serial.droppedBytes).toBe(0);
  });

  test("what comes while the FIFO is full is lost and counted", async () => {
    const overrun = promised();
    const { serial, peer } = await connectSerial({
      onReadable: () => serial.droppedBytes === 172 && overrun.resolve(),
    });
    peer.write(pattern(300));
    await overrun.promise;
    expect(serial.read()).toEqual(pattern(300).slice(0, FIFO_BYTES).buffer);
  });

  test("after an overrun, reading makes room again", async () => {
    const received: number[] = [];
    const done = promised();
    const { serial, peer } = await connectSerial({
      onReadable() {
        if (serial.droppedBytes < 172) return;
        received.push(...new Uint8Array(this.read() ?? bytesOf()));
        if (received.length === FIFO_BYTES) peer.write(Uint8Array.of(42));
        else done.resolve();
      },
    });
    peer.write(pattern(300));
    await done.promise;
    expect(received.at(-1)).toBe(42);
  });

  test("a hangup is told by onError, and then the port closes itself", async () => {
    const failed = promised<unknown[]>();
    const { serial } = await connectSerial({
      onError: (...details: unknown[]) => failed.resolve(details),
    });
    await cable.close();
    expect(await failed.promise).toEqual([]);
    expect(() => serial.read()).toThrow("used after close");
    expect(() => serial.close()).not.toThrow();
  });

  test("a hangup in the midst of received bytes is told too", async () => {
    const readable = promised<number>();
    const failed = promised();
    const { peer } = await connectSerial({
      onReadable(count) {
        this.read();
        readable.resolve(count);
      },
      onError: failed.resolve,
    });
    peer.write(pattern(4000));
    await readable.promise;
    await cable.close();
    await failed.promise;
  });

  test("use after close throws", async () => {
    const { serial } = await connectSerial();
    serial.close();
    expect(() => serial.read()).toThrow("used after close");
    expect(() => serial.write(bytesOf(1))).toThrow("used after close");
  });

  test("closing may be done twice, and at once after the constructor", () => {
    const serial = openSerial(cable.a);
    serial.close();
    expect(() => serial.close()).not.toThrow();
  });

  test("a port may be opened again in the turn in which it was closed", async () => {
    const { serial, peer } = await connectSerial();
    serial.close();
    openSerial(cable.a).write(bytesOf(5));
    expect([...(await receive(peer, 1))]).toEqual([5]);
  });

  test("no callback comes after close", async () => {
    const calls: string[] = [];
    const { serial, peer } = await connectSerial({
      onReadable: () => calls.push("readable"),
      onError: () => calls.push("error"),
    });
    serial.close();
    const received = promised<number>();
    openSerial(cable.a, { onReadable: received.resolve });
    peer.write("x");
    await received.promise;
    expect(calls).toEqual([]);
  });

  test("`this` in the callbacks is the instance", async () => {
    const seen = promised<EcmaSerial>();
    const { serial, peer } = await connectSerial({
      onReadable() {
        seen.resolve(this);
      },
    });
    peer.write("x");
    expect(await seen.promise).toBe(serial);
  });

  test("an exception in a callback is uncaught", async () => {
    const uncaught = new Promise<Error>((resolve) => {
      process.setUncaughtExceptionCaptureCallback((error) => {
        process.setUncaughtExceptionCaptureCallback(null);
        resolve(error);
      });
    });
    const { peer } = await connectSerial({
      onReadable() {
        throw new Error("firmware bug");
      },
    });
    peer.write("x");
    expect(await uncaught).toEqual(new Error("firmware bug"));
  });
});
