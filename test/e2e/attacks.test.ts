// Attacks over real sockets and a real tty on a collector that requires keys, with honest devices beside
// them: all of their readings are stored once, nothing else is, and memory stays bounded.

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SEAL_CODES } from "../../shared/seal/seal-message.ts";
import { datagramOf, openHostilePath } from "../support/hostile-path.ts";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
let files = 0;

/** More than a flood may cost; without bounds each of these takes several times that. */
const GROWTH_BYTES_MAX = 150e6;

const DEVICES = ["sim-1", "sim-2"];

class Scene {
  readonly db = join(folder, `${++files}.db`);
  readonly keys = `${this.db}.keys`;
  #before = 0;

  async collect(...listen: readonly string[]) {
    for (const device of DEVICES) await runSenda("key", "add", device, "--keys", this.keys);
    const at = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http", "off", "--json"];
    const collector = new RunningSenda(
      ...["collect", "--db", this.db, "--keys", this.keys, ...at, ...listen],
    );
    const { tcp, udp } = await collector.event("listening");
    this.#before = isLinux ? collector.residentBytes() : 0;
    return { collector, tcp: Number(portOf(tcp)), udp: Number(portOf(udp)) };
  }

  /** Two honest devices, five channels each; all is stored. */
  async expectService(via: "tcp" | "udp" | "serial", port: number, samples: number) {
    const done = await runSenda(
      ...["simulate", "--devices", "2", "--via", via, "--port", String(port), "--json"],
      ...["--keys", this.keys, "--samples", String(samples), "--batch", "4"],
      ...(via === "udp" ? [] : ["--period-ms", "5"]), // by UDP as fast as the path lets them
    );
    const readings = 10 * samples;
    expect(JSON.parse(done.stdout)).toMatchObject({ acknowledged: readings, gapReadings: 0 });
  }

  /** So many readings are stored, each once, and of nobody but the honest. Returns the seal's counters. */
  async expectNothingElse(collector: RunningSenda, readings: number) {
    if (isLinux) expect(collector.residentBytes() - this.#before).toBeLessThan(GROWTH_BYTES_MAX);
    expect(await collector.stop()).toBe(0);
    const { stdout } = await runSenda("verify", "--db", this.db, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, readings, duplicates: 0, gapReadings: 0 });
    const listed = await runSenda("devices", "--db", this.db, "--json");
    for (const name of ["forged", "nobody"]) expect(listed.stdout).not.toContain(name);
    const { seal } = collector.events.find(({ event }) => event === "stopped")!;
    return seal as Record<string, number>;
  }
}

const isLinux = process.platform === "linux";

test("a hostile path: repeats, cuts, splices, swaps, reflects, holds back and talks in the clear", async () => {
  const scene = new Scene();
  const { collector, udp } = await scene.collect();
  const path = await openHostilePath(udp, 1);
  await scene.expectService("udp", path.port, 400);
  path.release();
  await scene.expectService("udp", udp, 10);
  expect(path.hostile()).toBeGreaterThan(1_000);
  const seal = await scene.expectNothingElse(collector, 4_100);
  path.close();
  const honest = ["the device said bye: done", "the collector stops"]; // a bye may be held back, too
  const left = collector.events.filter(({ event }) => event === "disconnected");
  expect(left.map(({ why }) => why).filter((why) => !honest.includes(String(why)))).toEqual([]);
  expect(seal.forged).toBeGreaterThan(100);
  expect(seal.clear).toBeGreaterThan(100);
});

test("whole TCP connections, recorded and sent again: to the same collector, and to its next life", async () => {
  const scene = new Scene();
  const { collector, tcp, udp } = await scene.collect();
  const recorded: Buffer[][] = [];
  const recorder = createServer((socket) => {
    const [far, chunks] = [connect(tcp, "127.0.0.1"), [] as Buffer[]];
    recorded.push(chunks);
    socket.on("data", (chunk) => chunks.push(chunk));
    for (const each of [socket, far]) each.on("error", () => undefined);
    socket.pipe(far);
    far.pipe(socket);
  });
  recorder.listen(0, "127.0.0.1");
  await once(recorder, "listening");
  await scene.expectService("tcp", (recorder.address() as AddressInfo).port, 100);
  recorder.close();
  expect(recorded.length).toBeGreaterThanOrEqual(2);
  const replayTo = async (port: number) => {
    for (const chunks of recorded) {
      const socket = quiet(connect(port, "127.0.0.1"));
      socket.end(Buffer.concat(chunks));
      await once(socket, "close");
    }
  };
  await replayTo(tcp);
  await replayTo(tcp);
  await scene.expectService("udp", udp, 10);
  await scene.expectNothingElse(collector, 1_100);
  const next = await scene.collect();
  await replayTo(next.tcp);
  await scene.expectService("tcp", next.tcp, 10);
  const seal = await scene.expectNothingElse(next.collector, 1_200);
  expect(seal.handshakes).toBe(DEVICES.length);
});

test("100,000 bogus datagrams: knocks, hellos, sealed ones, denials, noise", async () => {
  const scene = new Scene();
  const { collector, tcp, udp } = await scene.collect();
  const socket = createSocket("udp4");
  let [sent, answered] = [0, 0];
  socket.on("message", (answer) => {
    answered += answer.length;
  });
  const codes = [SEAL_CODES.knock, SEAL_CODES.sealed, SEAL_CODES.deny, SEAL_CODES.admit, 0x10, 0];
  const flood = (async () => {
    for (let count = 0; count < 100_000; count++) {
      const message = new Uint8Array(randomBytes(99));
      message[0] = codes[count % codes.length]!;
      if (message[0] === SEAL_CODES.knock) message.set([1, ...new Uint8Array(16), 5], 1);
      const datagram = datagramOf(message);
      sent += datagram.length;
      await new Promise((resolve) => socket.send(datagram, udp, "127.0.0.1", resolve));
    }
  })();
  await scene.expectService("udp", udp, 50);
  await scene.expectService("tcp", tcp, 50);
  await flood;
  await scene.expectService("udp", udp, 10);
  await scene.expectNothingElse(collector, 1_100);
  socket.close();
  expect(answered).toBeLessThan(sent / 4);
});

test.skipIf(!isLinux)(
  "slowloris: 2,000 connections that dribble are closed in time, and delay nobody",
  async () => {
    const scene = new Scene();
    const { collector, tcp } = await scene.collect();
    const sockets: Socket[] = [];
    for (let count = 0; count < 2_000; count++) {
      const localAddress = `127.0.0.${2 + (count % 4)}`;
      sockets.push(quiet(connect({ port: tcp, host: "127.0.0.1", localAddress })));
    }
    const closed = sockets.map((socket) => once(socket, "close"));
    const dribble = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write(Uint8Array.of(0));
    }, 500);
    await scene.expectService("tcp", tcp, 50);
    await Promise.all(closed);
    clearInterval(dribble);
    await scene.expectService("tcp", tcp, 10);
    await scene.expectNothingElse(collector, 600);
  },
);

describeWith("socat", socatPath !== undefined, "a serial line", () => {
  test("that spews noise at full rate delays nobody, and is of use again afterwards", async () => {
    const scene = new Scene();
    const line = await openPtyPair();
    const { collector, tcp } = await scene.collect("--serial", line.a);
    const spew = createWriteStream(line.b);
    let isOver = false;
    let spewed = 0;
    const spewing = (async () => {
      for (let chunk = 0; !isOver; chunk++) {
        const noise = randomBytes(16_384);
        if (chunk % 3 === 1) for (let at = 0; at < noise.length; at++) noise[at]! %= 128;
        if (chunk % 3 === 2) noise.fill(1); // one frame without end
        spewed += noise.length;
        if (!spew.write(noise)) await once(spew, "drain");
      }
    })();
    await scene.expectService("tcp", tcp, 200);
    isOver = true;
    await spewing;
    expect(spewed).toBeGreaterThan(500_000);
    spew.end();
    await once(spew, "close");
    const device = await runSenda(
      ...["simulate", "--via", "serial", "--serial", line.b, "--keys", scene.keys, "--json"],
      ...["--samples", "20"],
    );
    expect(JSON.parse(device.stdout)).toMatchObject({ acknowledged: 100 });
    await scene.expectNothingElse(collector, 2_100);
    await line.close();
  });
});

function quiet(socket: Socket): Socket {
  socket.on("error", () => undefined);
  socket.resume();
  return socket;
}
