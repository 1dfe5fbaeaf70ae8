// The bound on frames of a link: what is lost beyond it, and that a TCP connection is slowed and loses
// nothing.

import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import {
  FRAMES_BURST_MAX,
  FRAMES_PER_SECOND_MAX,
  FrameRates,
} from "../../host/collector/frame-rates.ts";
import type { HostLinkIo, LinkHub } from "../../host/links/host-link-io.ts";
import { TcpListener } from "../../host/links/tcp-listener.ts";
import { STREAM_HEADER_BYTES, writeStreamHeader } from "../../shared/frame/stream.ts";

/** A link that only says what it is. */
function linkOf(isReliable: boolean) {
  const traits = { isReliable } as HostLinkIo["traits"];
  let rests = 0;
  const io = { traits, rest: () => rests++ } as unknown as HostLinkIo;
  return { io, rests: () => rests };
}

function takenOf(rates: FrameRates, io: HostLinkIo, frames: number, nowMs: number): number {
  let taken = 0;
  for (let count = 0; count < frames; count++) if (rates.take(1, io, nowMs)) taken++;
  return taken;
}

test("a link that may lose frames loses those beyond the bound, and is heard again", () => {
  const rates = new FrameRates();
  const { io } = linkOf(false);
  expect(takenOf(rates, io, FRAMES_BURST_MAX + 500, 0)).toBe(FRAMES_BURST_MAX);
  expect(rates.excess).toBe(500);
  expect(rates.take(2, io, 0)).toBe(true); // another link has its own
  expect(takenOf(rates, io, FRAMES_BURST_MAX, 100)).toBe(FRAMES_PER_SECOND_MAX / 10);
});

test("a reliable link is told to rest, and loses none", () => {
  const rates = new FrameRates();
  const { io, rests } = linkOf(true);
  expect(takenOf(rates, io, FRAMES_BURST_MAX, 0)).toBe(FRAMES_BURST_MAX);
  expect(rests()).toBe(0);
  expect(takenOf(rates, io, 3, 0)).toBe(3);
  expect({ rests: rests(), excess: rates.excess }).toEqual({ rests: 3, excess: 3 });
});

test("a TCP connection that rests is read later, and nothing of it is lost", async () => {
  const heard: { readonly byte: number; readonly atMs: number }[] = [];
  let resolve = (): void => undefined;
  const isDone = new Promise<void>((done) => {
    resolve = done;
  });
  const hub = restingHub((byte) => {
    heard.push({ byte, atMs: performance.now() });
    if (byte === 1) socket.write(frameOf(2)); // comes while the connection rests
    if (byte === 2) resolve();
  });
  const listener = await TcpListener.open({ host: "127.0.0.1", port: 0 }, hub);
  const socket = connect(listener.address.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(frameOf(1));
  await isDone;
  socket.destroy();
  listener.close();
  expect(heard.map(({ byte }) => byte)).toEqual([1, 2]);
  expect(heard[1]!.atMs - heard[0]!.atMs).toBeGreaterThan(90);
});

/** A collector that has each connection rest at each message. */
function restingHub(handleByte: (byte: number) => void): LinkHub {
  let link: HostLinkIo | undefined;
  return {
    handleLinkUp(io) {
      link = io;
      return 1;
    },
    handleMessage(_, bytes) {
      link!.rest!();
      handleByte(bytes[0]!);
    },
    handleLinkDown: () => undefined,
    handleStranger: () => undefined,
    handleBlocked: () => undefined,
    handleNoise: () => undefined,
    pump: () => undefined,
  };
}

function frameOf(byte: number): Uint8Array {
  const frame = new Uint8Array(STREAM_HEADER_BYTES + 1);
  writeStreamHeader(frame, 0, 1);
  frame[STREAM_HEADER_BYTES] = byte;
  return frame;
}
