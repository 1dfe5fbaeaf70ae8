// Files and records on one link: who goes first, and how the sessions pass on what is said of files.

import { expect, test } from "vitest";
import { BlobExchange } from "../../shared/blob/exchange.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { BlobPort } from "../../shared/session/blob-port.ts";
import { Pair, SERIAL, TCP, UDP } from "../shared/session-pair.ts";
import { MemoryShelf } from "./memory-shelf.ts";

const CHUNK = 0x16;
const SIZE = 40_000;

interface Ends {
  readonly pair: Pair;
  readonly device: BlobExchange;
  readonly host: BlobExchange;
  readonly deviceShelf: MemoryShelf;
  readonly hostShelf: MemoryShelf;
}

function createEnds(traits: typeof TCP): Ends {
  const [deviceShelf, hostShelf] = [new MemoryShelf(), new MemoryShelf()];
  const device = new BlobExchange({ shelf: deviceShelf, windowBytes: 4_096 });
  const host = new BlobExchange({ shelf: hostShelf, windowBytes: 4_096 });
  const pair = new Pair(() => 0.5, 32_768, 96, { device, host });
  pair.open(1, traits);
  pair.run(1_000, () => pair.deviceEvents.some(({ kind }) => kind === "welcomed"));
  for (const exchange of [device, host]) {
    exchange.handleLinkUp({ id: 1, traits, receiveBytesMax: 0 });
  }
  return { pair, device, host, deviceShelf, hostShelf };
}

/** Lets the sessions and the exchanges run until `isSo`. */
function runUntil({ pair, device, host }: Ends, isSo: () => boolean): void {
  for (let turn = 0; turn < 20_000 && !isSo(); turn++) {
    device.handleTimeout(pair.nowMs);
    host.handleTimeout(pair.nowMs);
    pair.host.handleBlobsReady(1);
    pair.run(1);
  }
  expect(isSo()).toBe(true);
}

test.each([
  ["tcp", TCP],
  ["udp", UDP],
  ["serial", SERIAL],
])("over %s, both ways at once, all records and all bytes arrive", (_name, traits) => {
  const ends = createEnds(traits);
  const bytes = new Uint8Array(SIZE).fill(7);
  ends.device.send(1, "file", "up.bin", ends.deviceShelf.sourceOf(bytes));
  ends.host.send(2, "file", "down.bin", ends.hostShelf.sourceOf(bytes));
  for (let value = 0; value < 90; value++) ends.pair.produce(value);
  const { files: up } = ends.hostShelf;
  const { files: down } = ends.deviceShelf;
  runUntil(ends, () => up.size + down.size === 2 && ends.pair.outbox.records === 0);
  expect([up.get("up.bin"), down.get("down.bin")]).toEqual([bytes, bytes]);
  expect(ends.pair.store.records).toHaveLength(90);
});

test("while records wait, a file has every other message, and all of them when none does", () => {
  let chunks = 0;
  const body = new Uint8Array(1_000);
  const device: BlobPort = {
    handleMessage: () => undefined,
    writeNext: (_link, writer) => {
      if (chunks === 0) return false;
      encodeMessage({ kind: "chunk", id: 1, offset: 1_000 * chunks--, body }, writer);
      return true;
    },
  };
  const pair = new Pair(() => 0.5, 32_768, 96, { device });
  pair.open(1, TCP);
  pair.run(100);
  const codes: number[] = [];
  pair.handleSentByDevice = (message) => codes.push(message[0]!);
  for (let value = 0; value < 40; value++) pair.produce(value);
  chunks = 100;
  pair.run(0);
  const turns = codes.map((code) => (code === CHUNK ? "c" : "b")).join("");
  expect(turns).toBe("bc".repeat(40) + "c".repeat(60));
});

test("a collector that starts anew hears of the file again", () => {
  const ends = createEnds(UDP);
  ends.device.send(1, "file", "up.bin", ends.deviceShelf.sourceOf(new Uint8Array(SIZE)));
  runUntil(ends, () => ends.device.views()[0]!.doneBytes > 10_000);
  ends.pair.restartHost();
  runUntil(ends, () => ends.hostShelf.files.size === 1);
});
