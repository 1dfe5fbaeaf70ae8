// A device whose batch cannot be read: the collector says so once, keeps the bytes, and goes on.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../shared/frame/stream.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { Message } from "../../shared/message/message.ts";
import { FakeDevice, SCHEMA } from "../store/fake-device.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

function say(socket: Socket, message: Message): void {
  const writer = new ByteWriter(new Uint8Array(4_096), STREAM_HEADER_BYTES);
  encodeMessage(message, writer);
  writeStreamHeader(writer.bytes, 0, writer.position - STREAM_HEADER_BYTES);
  socket.write(writer.written().slice());
}

/** The first message from the collector that `isWanted`. */
async function hear(socket: Socket, isWanted: (message: Message) => boolean): Promise<Message> {
  const decoder = new StreamDecoder();
  for (;;) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    decoder.handleBytes(chunk);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      const decoded = event.kind === "message" ? decodeMessage(event.bytes) : undefined;
      if (decoded?.ok && isWanted(decoded.value)) return decoded.value;
    }
  }
}

test("an unreadable batch is acknowledged once it is kept aside, and its epoch goes on", async () => {
  const db = join(folder, "aside.db");
  const listen = ["--tcp", "127.0.0.1:0", "--udp", "off"];
  const collector = new RunningSenda("collect", "--db", db, ...listen, "--json");
  const { tcp } = await collector.event("listening");
  const socket = connect(Number(portOf(tcp)), "127.0.0.1");
  const device = new FakeDevice({ name: "odd" });
  say(socket, device.hello({ next: 3 }));
  await hear(socket, ({ kind }) => kind === "welcome");
  say(socket, { kind: "schema", number: 0, body: SCHEMA });
  say(socket, device.batch());
  const bad = device.batch();
  say(socket, { ...bad, body: bad.body.subarray(0, bad.body.length - 1) });
  say(socket, device.batch());
  await hear(socket, (message) => message.kind === "ack" && message.next === 3);
  socket.destroy();
  await collector.event("kept-aside", "odd", "batch 1 cannot be decoded");
  expect(await collector.stop()).toBe(0);
  expect(collector.stderr).toBe("");

  const verified = await runSenda("verify", "--db", db);
  expect(verified.status).toBe(0);
  expect(verified.stdout).toContain("1 batch could not be read");
  const { stdout } = await runSenda("status", "--db", db);
  expect(stdout).toContain("odd: 1 batch kept aside: unreadable");
  expect(stdout.match(/batch 1 cannot be decoded/g)).toHaveLength(1);
});
