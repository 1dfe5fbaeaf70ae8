// `senda collect --plain` as a process of its own, with real sockets and a real pty: what plain clients
// send is stored and shown like any other readings, and what they should not send harms nobody.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { describe, expect, test } from "vitest";
import { encodePickle } from "../../host/plain/client/pickle-encoder.ts";
import { jsonLines } from "../cli/support/lines.ts";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, socatPath } from "../support/pty.ts";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import {
  askUdp,
  length4,
  PlainCollector,
  receiveLength4,
  TcpClient,
  tellUdp,
} from "./support/clients.ts";

const folder = temporaryFolder();
let files = 0;
const newDb = () => join(folder, `${++files}.db`);

const valuesOf = (rows: readonly Record<string, unknown>[]) => rows.map(({ values }) => values);

describe("readings", () => {
  test("JSON over TCP, acknowledged after the commit; channels that appear later", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "tcp://127.0.0.1:0,framing=length4,decode=json,answer=json,name=lab-{field:id}",
    );
    const client = await TcpClient.connect(collector.ports[0]!);
    for (const json of [
      '{"id":7,"t":21.5}',
      '{"id":7,"t":22,"door":true}',
      '[{"id":8,"n":{"a":1}}]',
    ]) {
      client.send(length4(json));
      const { ok, stored } = JSON.parse(await receiveLength4(client));
      expect([ok, stored]).toEqual([true, true]);
    }
    // What is acknowledged is on disk: a collector that dies now has it.
    expect(valuesOf(await collector.rows("lab-7"))).toEqual([{ t: 21.5 }, { t: 22, door: true }]);
    client.send(length4('[{"id":7,"t":20},{"t":20}]')); // the second one names no device: none is kept
    expect(JSON.parse(await receiveLength4(client))).toMatchObject({ ok: false });
    client.send(length4("nonsense"));
    expect(JSON.parse(await receiveLength4(client))).toMatchObject({ ok: false });
    await client.close();
    const [counters] = await collector.stop();
    expect(counters).toMatchObject({ frames: 5, readings: 4, refused: 2, leftOut: 0 });
    expect(valuesOf(await collector.rows("lab-8"))).toEqual([{ "n.a": 1 }]);
  });

  test("at most once is said in `status`, in `devices` and in the store", async () => {
    const collector = await PlainCollector.start(newDb(), "127.0.0.1:0,name=shed,answer=json");
    const client = await TcpClient.connect(collector.ports[0]!);
    client.send("21.5\n");
    await client.receive(10);
    await client.close();
    await collector.stop();
    const say = async (...args: string[]) => (await runSenda(...args, "--db", collector.db)).stdout;
    expect(await say("status")).toContain("at most once");
    expect(await say("devices")).toContain("at most once");
    const [device] = jsonLines(await say("devices", "--json"));
    expect(device).toMatchObject({ name: "shed", delivery: "at most once" });
    const [status] = jsonLines(await say("status", "--json"));
    expect(status!.perDevice).toMatchObject([{ name: "shed", delivery: "at most once" }]);
    const [event] = status!.newestEvents as { text: string }[];
    expect(event!.text).toContain("at most once");
  });

  test("struct by UDP with names and units; a datagram of another length is refused", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "udp://127.0.0.1:0,decode=struct:>iii,channels=x:m,y,z,name=axis,answer=text:ok",
    );
    const packed = Buffer.from("00000001fffffffe00000003", "hex");
    await tellUdp(collector.ports[0]!, Buffer.alloc(5));
    expect((await askUdp(collector.ports[0]!, packed)).toString()).toBe("ok");
    const [counters] = await collector.stop();
    expect(counters).toMatchObject({ frames: 2, readings: 3, refused: 1 });
    expect(valuesOf(await collector.rows("axis"))).toEqual([{ x: 1, y: -2, z: 3 }]);
    const { stdout } = await runSenda("devices", "--db", collector.db, "--json");
    expect(jsonLines(stdout)[0]!.channels).toMatchObject([{ name: "x", unit: "m" }, {}, {}]);
  });

  test("times that clients state; late ones and impossible ones are counted", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "tcp://127.0.0.1:0,framing=length4,decode=json,time=at,answer=json,name=clock",
    );
    const client = await TcpClient.connect(collector.ports[0]!);
    const ask = async (value: object) => {
      client.send(length4(JSON.stringify(value)));
      return JSON.parse(await receiveLength4(client)) as object;
    };
    const at = (seconds: number) => 1_700_000_000 + seconds;
    await ask([
      { at: at(10), n: 2 },
      { at: at(0), n: 1 },
    ]);
    await ask([
      { at: "2023-11-14T22:13:50Z", n: 4 },
      { at: at(20) * 1_000, n: 3 },
    ]);
    expect(await ask({ at: at(5), n: 9 })).toMatchObject({ ok: false });
    expect(await ask({ at: at(1e9), n: 9 })).toMatchObject({ ok: false });
    expect(await ask({ n: 9 })).toMatchObject({ ok: false });
    await client.close();
    const [counters] = await collector.stop();
    expect(counters).toMatchObject({ late: 1, refused: 2 });
    const rows = await collector.rows("clock");
    expect(rows.map(({ time, values }) => [time, values])).toEqual([
      ["2023-11-14T22:13:20.000Z", { n: 1 }],
      ["2023-11-14T22:13:30.000Z", { n: 2 }],
      ["2023-11-14T22:13:40.000Z", { n: 3 }],
      ["2023-11-14T22:13:50.000Z", { n: 4 }],
    ]);
  });

  test("a value of another kind gets a channel beside; more channels than fit are left out", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "127.0.0.1:0,decode=json,answer=json,name=mixed",
    );
    const client = await TcpClient.connect(collector.ports[0]!);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`channel-${n}`, n]));
    const sent = [{ t: 1 }, { t: "broken" }, { t: 2 }, { "": 0, t: 10 ** 20 }, many];
    client.send(sent.map((value) => `${JSON.stringify(value)}\n`).join(""));
    for (let answers = 0; answers < sent.length; ) {
      if ((await client.receive(1)).toString() === "\n") answers++;
    }
    await client.close();
    const [counters] = await collector.stop();
    const rows = valuesOf(await collector.rows("mixed"));
    expect(rows.slice(0, 4)).toEqual([{ t: 1 }, { "t.text": "broken" }, { t: 2 }, { t: 1e20 }]);
    const kept = Object.keys(rows[4]!).length;
    expect(kept).toBeGreaterThan(30);
    expect(counters!.leftOut).toBe(1 + 100 - kept);
  });

  test("10,000 rows in one go, in order, and a collector that stops right behind them", async () => {
    const collector = await PlainCollector.start(newDb(), "127.0.0.1:0,name=fast,answer=echo");
    const client = await TcpClient.connect(collector.ports[0]!);
    const lines = Array.from({ length: 10_000 }, (_, n) => `${n}\n`).join("");
    client.send(lines);
    expect((await client.receive(lines.length)).toString()).toBe(lines);
    const [counters] = await collector.stop();
    expect(counters).toMatchObject({ frames: 10_000, readings: 10_000, dropped: 0 });
    const rows = valuesOf(await collector.rows("fast")) as { value: number }[];
    expect(rows.map(({ value }) => value)).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  test("a collector that stops while clients send on and wait for answers", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "tcp://127.0.0.1:0,answer=json,name=tcp",
      "udp://127.0.0.1:0,answer=json,name={field:text}",
      `tcp://127.0.0.1:0,decode=file:${join(folder, "stopped")},answer=raw:Gracias,name=files`,
    );
    const clients = await Promise.all([0, 0, 2].map((n) => TcpClient.connect(collector.ports[n]!)));
    const udp = createSocket("udp4").on("error", () => undefined);
    let isOver = false;
    const busy = async () => {
      for (let n = 0; !isOver; n++) {
        for (const client of clients) client.send("1\n2\nx\n".repeat(20));
        udp.send(`device-${n % 50}`, collector.ports[1]!, "127.0.0.1");
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const sending = busy();
    await Promise.all(clients.map((client) => client.receive(7)));
    await collector.stop();
    isOver = true;
    await sending;
    udp.close();
    expect(collector.senda.stderr).toBe("");
  });

  test("export shows them like any others", async () => {
    const collector = await PlainCollector.start(newDb(), "127.0.0.1:0,name=shed,answer=json");
    const client = await TcpClient.connect(collector.ports[0]!);
    client.send("21.5\n");
    await client.receive(10);
    await client.close();
    await collector.stop();
    const { stdout } = await runSenda("export", "--db", collector.db, "--format", "ndjson");
    expect(jsonLines(stdout)).toMatchObject([{ device: "shed", channel: "value", value: 21.5 }]);
  });
});

describe("files", () => {
  test("a frame is a file's contents, thanked for once it is on disk", async () => {
    const kept = join(folder, "kept");
    const collector = await PlainCollector.start(
      newDb(),
      `127.0.0.1:0,framing=length4,decode=file:${kept},frame=1000000,answer=raw:Gracias,name=files`,
    );
    const image = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * n) & 0xff));
    const client = await TcpClient.connect(collector.ports[0]!);
    client.send(length4(image));
    expect((await client.receive(7)).toString()).toBe("Gracias");
    const [name, ...more] = readdirSync(kept);
    expect(more).toEqual([]);
    expect(readFileSync(join(kept, name!)).equals(image)).toBe(true);
    await client.close();
    await collector.stop();
    expect(valuesOf(await collector.rows("files"))).toMatchObject([{ file: name, bytes: 300_000 }]);
  });
});

describe("strangers, giants and slow ones", () => {
  test("addresses that are not allowed are ignored and counted, by UDP and TCP", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "udp://127.0.0.1:0,allow=127.0.0.2/32,answer=echo",
      "tcp://127.0.0.1:0,allow=10.0.0.0/8,answer=echo",
      "udp://127.0.0.1:0,allow=127.0.0.0/8,answer=echo",
    );
    await tellUdp(collector.ports[0]!, "stranger");
    await tellUdp(collector.ports[0]!, "friend", "127.0.0.2");
    const client = await TcpClient.connect(collector.ports[1]!);
    expect((await client.ended()).length).toBe(0);
    expect((await askUdp(collector.ports[2]!, "hola")).toString()).toBe("hola");
    const counters = await collector.stop();
    expect(counters).toMatchObject([
      { strangers: 1, frames: 1 },
      { strangers: 1, frames: 0 },
      { strangers: 0, frames: 1 },
    ]);
  });

  test("the largest datagram there is comes whole; one beyond `frame=` is refused and told of", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "udp://127.0.0.1:0,decode=none,answer=echo",
      "udp://127.0.0.1:0,decode=none,frame=100",
    );
    const largest = Buffer.alloc(65_507, "x");
    expect((await askUdp(collector.ports[0]!, largest)).equals(largest)).toBe(true);
    await tellUdp(collector.ports[1]!, Buffer.alloc(101));
    const { text } = await collector.senda.event("plain");
    expect(text).toContain("a datagram of 101 bytes");
    expect((await collector.stop())[1]).toMatchObject({ refused: 1, frames: 0 });
  });

  test("a length of 4 GiB ends the connection, a header that is none too; others go on", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "127.0.0.1:0,framing=length4,decode=json,answer=json",
      "127.0.0.1:0,framing=header10,answer=echo",
    );
    const good = await TcpClient.connect(collector.ports[0]!);
    const bad = await TcpClient.connect(collector.ports[0]!);
    bad.send(Buffer.from("ffffffff41", "hex"));
    await bad.ended();
    const web = await TcpClient.connect(collector.ports[1]!);
    web.send("GET / HTTP/1.1\r\n\r\n");
    await web.ended();
    good.send(length4("1"));
    expect(JSON.parse(await receiveLength4(good))).toMatchObject({ ok: true });
    await good.close();
    expect(await collector.stop()).toMatchObject([{ refused: 1 }, { refused: 1 }]);
  });

  test("a client that never reads its answers is not read from, and harms nobody", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      `127.0.0.1:0,name=loud,decode=none,answer=text:${"x".repeat(500)}`,
    );
    const greedy = await TcpClient.connect(collector.ports[0]!);
    greedy.socket.pause();
    // Two bytes ask for 501: it is held back long before it has sent all this.
    greedy.send(Buffer.alloc(20_000_000, "1\n"));
    for (let answers = 0; answers < 100; answers++) {
      const other = await TcpClient.connect(collector.ports[0]!);
      other.send("hello\n");
      await other.receive(501);
      await other.close();
    }
    expect(greedy.socket.writableLength).toBeGreaterThan(0);
    greedy.socket.destroy();
    const [counters] = await collector.stop();
    expect(counters!.frames).toBeLessThan(1_000_000);
  });

  test("more clients than places are turned away; a place that is left is free again", async () => {
    const collector = await PlainCollector.start(newDb(), "127.0.0.1:0,clients=2,answer=echo");
    const [port] = collector.ports;
    const first = await TcpClient.connect(port!);
    const second = await TcpClient.connect(port!);
    second.send("x\n");
    await second.receive(2);
    const third = await TcpClient.connect(port!);
    await third.ended();
    await first.close();
    const fourth = await TcpClient.connect(port!);
    fourth.send("y\n");
    expect((await fourth.receive(2)).toString()).toBe("y\n");
    await fourth.close();
    await second.close();
    expect((await collector.stop())[0]).toMatchObject({ turnedAway: 1 });
  });

  test("pickles that would run something, and JSON that is too deep: refused, counted, nothing happens", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "127.0.0.1:0,framing=length4,decode=pickle,answer=json,name=p",
    );
    const client = await TcpClient.connect(collector.ports[0]!);
    client.send(length4("cos\nsystem\n(S'false'\ntR."));
    const refusal = await receiveLength4(client);
    expect(JSON.parse(refusal).error).toContain("os.system");
    client.send(length4(encodePickle({ t: 1, list: [1, "x"] })));
    expect(JSON.parse(await receiveLength4(client))).toMatchObject({ ok: true, readings: 3 });
    await client.close();
    expect((await collector.stop())[0]).toMatchObject({ refused: 1, readings: 3 });
  });

  test("an input that cannot listen says so, and what was opened before is closed", async () => {
    const collector = await PlainCollector.start(newDb(), "127.0.0.1:0");
    const taken = `127.0.0.1:${collector.ports[0]}`;
    const args = [
      "collect",
      "--tcp",
      "off",
      "--udp",
      "off",
      "--plain",
      "udp://:0",
      "--plain",
      taken,
    ];
    const { status, stderr } = await runSenda(...args, "--db", newDb());
    expect(status).toBe(1);
    expect(stderr).toContain("the port is in use");
    expect(stderr).toContain("--plain");
    await collector.stop();
  });
});

describe("IPv6 and both at once", () => {
  test("IPv6 by TCP and UDP", async () => {
    const collector = await PlainCollector.start(
      newDb(),
      "tcp://[::1]:0,answer=echo,name=six",
      "udp://[::1]:0,answer=echo,name=six-udp",
    );
    const client = await TcpClient.connect(collector.ports[0]!, "::1");
    client.send("6\n");
    expect((await client.receive(2)).toString()).toBe("6\n");
    await client.close();
    expect((await askUdp(collector.ports[1]!, "66", "::1")).toString()).toBe("66");
    await collector.stop();
    expect(valuesOf(await collector.rows("six"))).toEqual([{ value: 6 }]);
    expect(valuesOf(await collector.rows("six-udp"))).toEqual([{ value: 66 }]);
  });

  test("the name by address and port", async () => {
    const collector = await PlainCollector.start(newDb(), "tcp://[::]:0,answer=json");
    const client = await TcpClient.connect(collector.ports[0]!, "127.0.0.1");
    client.send("1\n");
    await client.receive(5);
    await client.close();
    await collector.stop();
    // An IPv4 client of an IPv6 socket has its IPv4 address.
    expect(await collector.rows(`plain-127.0.0.1-${collector.ports[0]}`)).toHaveLength(1);
  });
});

describeWith("socat", socatPath !== undefined, "serial", () => {
  test("lines over a serial port, and an answer", async () => {
    const cable = await openPtyPair();
    const collector = await PlainCollector.start(
      newDb(),
      `serial://${cable.a},decode=text:T={t},answer=text:ok,name=board`,
    );
    const port = new SerialPort({ path: cable.b, baudRate: 115_200 });
    await once(port, "open");
    const answers: string[] = [];
    const answered = new Promise<void>((resolve) => {
      port.on("data", (chunk: Buffer) => {
        answers.push(chunk.toString());
        if (answers.join("") === "ok\nok\n") resolve();
      });
    });
    port.write("T=21.5\r\nboot noise\nT=22\n");
    await answered;
    await new Promise((resolve) => port.close(resolve));
    const [counters] = await collector.stop();
    await cable.close();
    expect(counters).toMatchObject({ readings: 2, refused: 1 });
    expect(valuesOf(await collector.rows("board"))).toEqual([{ t: 21.5 }, { t: 22 }]);
  });
});
