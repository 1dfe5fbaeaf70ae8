// Strangers at the door of a collector that requires keys: real sockets, and honest devices beside them.

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeCrypto } from "../../host/keys/node-crypto.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { DATAGRAM_TRAILER_BYTES, endDatagram } from "../../shared/frame/datagram.ts";
import { DeviceSeal } from "../../shared/seal/device-seal.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
let files = 0;

async function startCollector() {
  const [db, keys] = [join(folder, `${++files}.db`), join(folder, `${files}.keys`)];
  await runSenda("key", "add", "sim-1", "--keys", keys);
  const listen = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--json"];
  const collector = new RunningSenda("collect", "--db", db, "--keys", keys, ...listen);
  const { tcp, udp } = await collector.event("listening");
  return { collector, keys, tcp: Number(portOf(tcp)), udp: Number(portOf(udp)) };
}

/** Ten samples of an honest device are stored. */
async function expectService(via: "tcp" | "udp", port: number, keys: string): Promise<void> {
  const done = await runSenda(
    ...["simulate", "--via", via, "--port", String(port), "--keys", keys, "--samples", "10"],
    "--json",
  );
  expect(JSON.parse(done.stdout)).toMatchObject({ readings: 50, acknowledged: 50 });
}

function knockOf(device: string): Uint8Array {
  const random = (count: number) => new Uint8Array(randomBytes(count));
  const seal = new DeviceSeal({ device, key: random(32), primitives: nodeCrypto, random });
  const writer = new ByteWriter(new Uint8Array(200));
  seal.handleLinkUp(1, 0);
  seal.pollTransmit(1, writer, 0, () => false);
  return writer.written();
}

function datagramOf(message: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(message.length + DATAGRAM_TRAILER_BYTES);
  datagram.set(message);
  endDatagram(datagram, message.length);
  return datagram;
}

describe("TCP", () => {
  async function closedAfter(socket: Socket): Promise<void> {
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
  }

  test("who sends more than a greeting without a proof is cut off, and the frame is not waited for", async () => {
    const { collector, keys, tcp } = await startCollector();
    const socket = connect(tcp, "127.0.0.1");
    socket.write(Uint8Array.of(0, 0, 0xff, 0xff));
    socket.write(new Uint8Array(5_000));
    await closedAfter(socket);
    await collector.event("refused", "it does not speak this protocol");
    await expectService("tcp", tcp, keys);
    expect(await collector.stop()).toBe(0);
  });

  test("connections that prove nothing: a thousand and some of one address, and no more", async () => {
    const { collector, tcp } = await startCollector();
    const sockets: Socket[] = [];
    for (let count = 0; count < 1_024; count++) {
      const socket = connect(tcp, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      sockets.push(socket);
    }
    await closedAfter(connect(tcp, "127.0.0.1"));
    for (const socket of sockets) socket.destroy();
    expect(await collector.stop()).toBe(0);
  });
});

test("UDP: 20,000 knocks without a key get a few answers, all of them shorter; devices get in beside them", async () => {
  const { collector, keys, udp } = await startCollector();
  const socket = createSocket("udp4");
  const answers: number[] = [];
  socket.on("message", (answer) => answers.push(answer.length));
  const datagrams = [datagramOf(knockOf("sim-1")), datagramOf(knockOf("nobody"))];
  const flood = (async () => {
    for (let count = 0; count < 20_000; count++) {
      const datagram = datagrams[count % 2]!;
      await new Promise((resolve) => socket.send(datagram, udp, "127.0.0.1", resolve));
    }
  })();
  await expectService("udp", udp, keys);
  await flood;
  await expectService("udp", udp, keys);
  expect(await collector.stop()).toBe(0);
  socket.close();
  const { seal } = collector.events.find(({ event }) => event === "stopped")!;
  const { denied } = seal as { denied: number };
  expect(denied).toBeGreaterThan(1_000);
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.length).toBeLessThan(denied / 10);
  for (const length of answers) expect(length).toBeLessThan(datagrams[0]!.length);
});
