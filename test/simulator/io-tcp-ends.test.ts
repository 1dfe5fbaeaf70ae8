// How a simulated TCP connection ends: errors and closing, as docs/decisions/0005-io-classes.md pins
// them. Opening, writing and reading are in io-tcp.test.ts.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { SEND_BUFFER_BYTES } from "../../host/simulator/io/tcp.ts";
import {
  bytesOf,
  connectTcp,
  eachTurnUntil,
  listen,
  nextTurn,
  nextUncaught,
  openTcp,
  pattern,
  promised,
  SEGMENT_BYTES,
  thrownBy,
} from "./tcp-pair.ts";

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
