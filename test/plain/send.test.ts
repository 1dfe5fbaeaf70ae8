// `senda plain send` as a process of its own: against `senda echo`, against our own plain inputs, and
// against nothing at all.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fillIn } from "../../host/plain/client/fill-in.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { PlainCollector } from "./support/clients.ts";

const folder = temporaryFolder();
let files = 0;
const newDb = () => join(folder, `${++files}.db`);

const send = (...args: readonly string[]) => runSenda("plain", "send", ...args);

test("every framing, to an input of ours that answers in it", async () => {
  const framings = ["length4", "header10", "header10chars", "line", "raw:100ms"];
  const inputs = framings.map((framing) => `127.0.0.1:0,framing=${framing},answer=echo`);
  const collector = await PlainCollector.start(newDb(), ...inputs, "udp://127.0.0.1:0,answer=echo");
  for (const [index, framing] of framings.entries()) {
    const to = `localhost:${collector.ports[index]}`;
    const done = await send("--to", to, "--framing", framing, "¡Hola, señor!");
    expect(done, framing).toEqual({ status: 0, stdout: "¡Hola, señor!\n", stderr: "" });
  }
  const to = `localhost:${collector.ports.at(-1)}`;
  expect(await send("--udp", "--to", to, "datagrama")).toMatchObject({ stdout: "datagrama\n" });
  await collector.stop();
});

test("JSON, structs, pickles and files, again and again with values of their own", async () => {
  const collector = await PlainCollector.start(
    newDb(),
    "127.0.0.1:0,decode=json,answer=json,name=json",
    "udp://127.0.0.1:0,decode=struct:>iii,answer=json,name=struct",
    "127.0.0.1:0,framing=length4,decode=pickle,answer=json,name=pickle",
    `127.0.0.1:0,framing=length4,decode=file:${join(folder, "kept")},answer=raw:Gracias`,
  );
  const [json, struct, pickle, file] = collector.ports.map((port) => `127.0.0.1:${port}`);
  const ack = '{"ok":true,"readings":2,"stored":true}\n';
  const often = ["--repeat", "3", "--every", "0"];
  expect(await send("--to", json!, "--json", '{"n":{n},"t":{random:20:30}}', ...often)).toEqual({
    status: 0,
    stdout: ack.repeat(3),
    stderr: "",
  });
  const packed = ["--to", struct!, "--udp", "--struct", ">iii", "--", "1", "-2", "{n}"];
  expect(await send(...packed)).toMatchObject({ status: 0, stdout: expect.stringContaining("3") });
  const pickled = ["--to", pickle!, "--framing", "length4", "--pickle", '{"a":1,"b":"ñ"}'];
  expect(await send(...pickled)).toMatchObject({ stdout: ack });
  writeFileSync(join(folder, "enviar.bin"), Buffer.alloc(10_000, 7));
  const named = ["--to", file!, "--framing", "length4", "--answer-framing", "raw"];
  const thanked = await send(...named, "--file", join(folder, "enviar.bin"));
  expect(thanked).toEqual({ status: 0, stdout: "Gracias\n", stderr: "" });
  await collector.stop();
  expect((await collector.rows("json")).map(({ values }) => values)).toMatchObject([
    { n: 1 },
    { n: 2 },
    { n: 3 },
  ]);
  expect((await collector.rows("struct"))[0]).toMatchObject({ values: { 0: 1, 1: -2, 2: 1 } });
  expect((await collector.rows("pickle"))[0]).toMatchObject({ values: { a: 1, b: "ñ" } });
});

describe("errors that help", () => {
  const nowhere = ["--to", "127.0.0.1:9"];

  test("nothing listens there, by TCP and by UDP", async () => {
    for (const by of [[], ["--udp"]]) {
      const { status, stderr } = await send(...nowhere, ...by, "Hola");
      expect(status).toBe(1);
      expect(stderr).toContain("nothing listens there; start the server first");
    }
  });

  test("no host of that name", async () => {
    const { status, stderr } = await send("--to", "no-such-host.invalid:80", "Hola");
    expect(status).toBe(1);
    expect(stderr).toContain("there is no host of that name");
  });

  test("an answer that does not come is no failure of sending", async () => {
    const collector = await PlainCollector.start(newDb(), "127.0.0.1:0");
    const { status, stderr } = await send("--to", `:${collector.ports[0]}`, "--wait", "1", "Hola");
    expect([status, stderr]).toEqual([0, "senda: sent; no answer came within 1 ms\n"]);
    await collector.stop();
  });

  test("an answer in another framing", async () => {
    const echo = new RunningSenda("echo", "--json", "--tcp", "127.0.0.1:0", "--udp", "off");
    const to = `127.0.0.1:${portOf((await echo.event("listening")).tcp)}`;
    const args = ["--to", to, "--framing", "line", "--answer-framing", "length4", "Hola"];
    const { status, stderr } = await send(...args);
    expect(status).toBe(1);
    expect(stderr).toContain("does it send another framing?");
    await echo.stop();
  });

  test.each([
    [[...nowhere], "say what to send"],
    [[...nowhere, "text", "--json", "1"], "say what to send"],
    [[...nowhere, "--json", "{oops"], "not JSON"],
    [[...nowhere, "--struct", ">ii", "1"], "takes 2 values"],
    [[...nowhere, "--struct", ">b", "300"], "no value"],
    [[...nowhere, "--struct", "ii", "1", "2"], "native sizes"],
    [["Hola"], "either --to or --serial"],
    [["--to", "localhost", "Hola"], "HOST:PORT"],
    [[...nowhere, "--framing", "morse", "Hola"], "length4"],
    [[...nowhere, "--framing", "datagram", "Hola"], "--udp"],
  ])("%j", async (args, expected) => {
    const { status, stderr } = await send(...args);
    expect(stderr).toContain(expected);
    expect(status).toBe(2);
  });

  test("a file that is not there, and a datagram that is too large", async () => {
    expect(await send(...nowhere, "--file", "no-such-file")).toMatchObject({ status: 1 });
    writeFileSync(join(folder, "large"), Buffer.alloc(70_000));
    const { status, stderr } = await send(...nowhere, "--udp", "--file", join(folder, "large"));
    expect(stderr).toContain("65,507");
    expect(status).toBe(1);
  });
});

test("placeholders", () => {
  const context = { n: 7, nowMs: Date.UTC(2026, 0, 1), random: () => 0.5 };
  expect(fillIn('{"n":{n},"a":{random},"b":{random:20.0:30},"t":"{time}"}', context)).toBe(
    '{"n":7,"a":50,"b":25.00,"t":"2026-01-01T00:00:00.000Z"}',
  );
});
