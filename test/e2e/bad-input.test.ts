// What comes from outside and should not: garbage, halves, giants, strangers and other versions on
// every kind of link, wrong flags, ports that are taken or missing. The collector counts, answers and
// goes on.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { endDatagram } from "../../shared/frame/datagram.ts";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../shared/frame/stream.ts";
import { PROTOCOL_VERSION } from "../../shared/limits.ts";
import { decodeMessage } from "../../shared/message/decode.ts";
import { encodeMessage } from "../../shared/message/encode.ts";
import type { Hello, Message } from "../../shared/message/message.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

const HELLO: Hello = {
  kind: "hello",
  version: PROTOCOL_VERSION,
  nonce: 1,
  device: "stranger",
  epoch: "0011223344556677",
  firmware: "test",
  reset: "power-on",
  uptimeMs: 0,
  life: 1,
  first: 0,
  next: 0,
  schemas: [],
  receiveBytesMax: 0,
};

function frameOf(message: Message): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(4_096), STREAM_HEADER_BYTES);
  encodeMessage(message, writer);
  writeStreamHeader(writer.bytes, 0, writer.position - STREAM_HEADER_BYTES);
  return writer.written();
}

/** Everything that the collector says until it closes the connection. */
async function talk(port: string, bytes: Uint8Array | string): Promise<Message[]> {
  const socket: Socket = connect(Number(port), "127.0.0.1");
  const decoder = new StreamDecoder();
  const messages: Message[] = [];
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    decoder.handleBytes(chunk);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (event.kind !== "message") continue;
      const decoded = decodeMessage(event.bytes);
      if (decoded.ok) messages.push(decoded.value);
    }
  });
  socket.write(bytes);
  await once(socket, "close");
  return messages;
}

describe("a collector under strangers", () => {
  let collector: RunningSenda;
  let tcpPort: string;
  let udpPort: string;

  beforeAll(async () => {
    const db = join(folder, "strangers.db");
    collector = new RunningSenda(
      "collect",
      "--db",
      db,
      "--tcp",
      "127.0.0.1:0",
      "--udp",
      "127.0.0.1:0",
      "--json",
    );
    const listening = await collector.event("listening");
    [tcpPort, udpPort] = [portOf(listening.tcp), portOf(listening.udp)];
  });

  /** The collector is none the worse: a device can still deliver. */
  afterAll(async () => {
    const { stdout } = await runSenda("simulate", "--samples", "10", "--port", tcpPort, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ acknowledged: 50 });
    expect(await collector.stop()).toBe(0);
    expect(collector.stderr).toBe("");
  });

  test("a foreign protocol on TCP is cut off: its first bytes make a giant length", async () => {
    expect(await talk(tcpPort, "GET / HTTP/1.1\r\nHost: here\r\n\r\n")).toEqual([]);
    await collector.event("refused", "does not speak this protocol");
  });

  test("a frame with nonsense in it is refused by name", async () => {
    const nonsense = frameOf({ kind: "ping", id: 1 });
    nonsense[STREAM_HEADER_BYTES] = 0x7f;
    expect(await talk(tcpPort, nonsense)).toEqual([
      expect.objectContaining({ kind: "refuse", code: "malformed" }),
    ]);
  });

  test("a message before the hello is answered: who are you?", async () => {
    const socket = connect(Number(tcpPort), "127.0.0.1");
    socket.write(frameOf({ kind: "ping", id: 1 }));
    const [chunk] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    const decoded = decodeMessage(chunk.subarray(STREAM_HEADER_BYTES));
    expect(decoded).toMatchObject({ ok: true, value: { kind: "bye", reason: "unknown-session" } });
  });

  test("another protocol version is refused with both versions named", async () => {
    const other = frameOf({ ...HELLO, version: 9 });
    const [refusal] = await talk(tcpPort, other);
    expect(refusal).toMatchObject({ kind: "refuse", code: "version", version: PROTOCOL_VERSION });
    await collector.event("refused", "version 9", `version ${PROTOCOL_VERSION}`);
  });

  test("a device that begins anew while records of it were still to come is told of", async () => {
    const greet = async (hello: Hello) => {
      const socket = connect(Number(tcpPort), "127.0.0.1");
      socket.write(frameOf(hello));
      await once(socket, "data"); // the welcome
      socket.end();
      socket.resume();
      await once(socket, "close");
    };
    const device = { ...HELLO, device: "forgetful" };
    await greet({ ...device, next: 5 });
    await collector.event("disconnected", "forgetful");
    await greet({ ...device, epoch: "ffeeddccbbaa9988", reset: "brownout" });
    expect(await collector.event("restarted", "forgetful")).toMatchObject({
      reset: "brownout",
      lostRecords: 5,
    });
  });

  test("half a frame and then nothing harms nobody", async () => {
    const socket = connect(Number(tcpPort), "127.0.0.1");
    socket.end(frameOf(HELLO).subarray(0, 9));
    socket.resume();
    await once(socket, "close");
  });

  test("datagrams of garbage are counted and not answered", async () => {
    const socket = createSocket("udp4");
    let answers = 0;
    socket.on("message", () => answers++);
    for (let length = 0; length < 200; length++) {
      socket.send(new Uint8Array(length).fill(length), Number(udpPort), "127.0.0.1");
    }
    const valid = new Uint8Array(64);
    const writer = new ByteWriter(valid, 4);
    encodeMessage({ kind: "ping", id: 1 }, writer);
    socket.send(
      valid.subarray(0, endDatagram(valid, writer.position)),
      Number(udpPort),
      "127.0.0.1",
    );
    await once(socket, "message"); // the answer to the one that was well formed
    socket.close();
    expect(answers).toBe(1);
  });
});

describe("wrong flags", () => {
  test.each([
    [
      ["collect", "--tcp", "nonsense"],
      ["--tcp", "nonsense", "ADDR:PORT"],
    ],
    [
      ["collect", "--tcp", "127.0.0.1:99999"],
      ["--tcp", "99999", "65535"],
    ],
    [["collect", "--serial", "/dev/ttyX@fast", "--db", join(folder, "none.db")], ["no such port"]],
    [["collect", "--colour"], ["--colour"]],
    [
      ["collect", "--tcp", "off", "--udp", "off"],
      ["nothing to listen on", "--serial"],
    ],
    [
      ["simulate", "--devices", "0"],
      ["--devices", "0", "1 to"],
    ],
    [
      ["simulate", "--loss", "2"],
      ["--loss", "2", "0 to 1"],
    ],
    [
      ["simulate", "--via", "pigeon"],
      ["--via", "pigeon", "tcp", "serial"],
    ],
    [["simulate", "--via", "serial"], ["--serial PATH"]],
    [["simulate", "--sensor", "replay"], ["--replay"]],
    [["simulat"], ["simulat", "simulate"]],
  ])("%j", async (args, words) => {
    const { status, stdout, stderr } = await runSenda(...args);
    for (const word of words) expect(stderr).toContain(word);
    expect(stderr).toMatch(/^senda: /);
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
    expect(status).toBe(args.includes("/dev/ttyX@fast") ? 1 : 2);
  });
});

describe("the environment says no", () => {
  test("a port in use is named, with the flag that chooses another", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const db = join(folder, "in-use.db");
    const { status, stderr } = await runSenda(
      "collect",
      "--tcp",
      address,
      "--udp",
      "off",
      "--db",
      db,
    );
    server.close();
    expect(status).toBe(1);
    expect(stderr).toContain(address);
    expect(stderr).toContain("in use");
    expect(stderr).toContain("--tcp");
  });

  test("a serial port that is not there is named", async () => {
    const db = join(folder, "serial.db");
    const { status, stderr } = await runSenda(
      "collect",
      "--tcp",
      "off",
      "--udp",
      "off",
      "--serial",
      "/dev/ttyNONE",
      "--db",
      db,
    );
    expect(status).toBe(1);
    expect(stderr).toContain("/dev/ttyNONE");
    expect(stderr).toContain("senda doctor");
  });

  test("a file that is no database is refused and left alone", async () => {
    const db = join(folder, "letter.txt");
    writeFileSync(db, "Dear reader, this is a letter and no database.\n".repeat(20));
    const { status, stderr } = await runSenda(
      "collect",
      "--db",
      db,
      "--tcp",
      "127.0.0.1:0",
      "--udp",
      "off",
    );
    expect(status).toBe(1);
    expect(stderr).toContain(db);
    expect(stderr).not.toContain("    at ");
  });

  test("a recording that is not there is named", async () => {
    const { status, stderr } = await runSenda(
      "simulate",
      "--sensor",
      "replay",
      "--replay",
      join(folder, "none.csv"),
    );
    expect(status).toBe(1);
    expect(stderr).toContain("none.csv");
  });
});
