// Sealed sessions end to end: the key store's commands, a collector that takes sealed sessions only, and
// devices over TCP, UDP and a pty. Real processes, sockets and files.

import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
let files = 0;
const newFile = (kind: string) => join(folder, `${++files}.${kind}`);

const LISTEN = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--json"];

async function senda(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, status } = await runSenda(...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

async function keysFor(...devices: readonly string[]): Promise<string> {
  const keys = newFile("keys");
  for (const device of devices) await senda("key", "add", device, "--keys", keys);
  return keys;
}

async function verify(db: string): Promise<Record<string, unknown>> {
  return JSON.parse(await senda("verify", "--db", db, "--json"));
}

describe.each(["tcp", "udp"])("over %s", (via) => {
  test("devices with keys: every reading is stored once, across the collector's death", async () => {
    const [db, keys] = [newFile("db"), await keysFor("sim-1", "sim-2")];
    const collect = (...listen: readonly string[]) =>
      new RunningSenda("collect", "--db", db, "--keys", keys, ...listen);
    const first = collect(...LISTEN);
    const { tcp, udp } = await first.event("listening");
    const port = portOf(via === "tcp" ? tcp : udp);
    const devices = runSenda(
      ...["simulate", "--via", via, "--devices", "2", "--port", port, "--keys", keys, "--json"],
      ...["--samples", "400", "--period-ms", "10", "--batch", "10"],
      ...(via === "udp" ? ["--loss", "0.1", "--duplicate", "0.1", "--reorder", "0.1"] : []),
    );
    await first.eventAt("connected", 1);
    await first.kill();
    const second = collect("--tcp", String(tcp), "--udp", String(udp), "--json");
    const { stdout, stderr, status } = await devices;
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const summary = { readings: 4_000, acknowledged: 4_000, gapReadings: 0 };
    expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject(summary);
    expect(await second.stop()).toBe(0);
    const counters = second.events.find(({ event }) => event === "stopped")!.seal;
    expect(counters).toMatchObject({ denied: 0, clear: 0, misbound: 0 });
    expect(await verify(db)).toMatchObject({ ok: true, readings: 4_000, duplicates: 0 });
  });
});

describeWith("socat", socatPath !== undefined, "over serial", () => {
  test("a device with a key: every reading is stored once", async () => {
    const [db, keys, line] = [newFile("db"), await keysFor("sim-1"), await openPtyPair()];
    const collector = new RunningSenda(
      ...["collect", "--db", db, "--tcp", "off", "--udp", "off", "--serial", line.a],
      ...["--keys", keys, "--json"],
    );
    await collector.event("listening");
    await senda(
      ...["simulate", "--via", "serial", "--serial", line.b, "--samples", "500", "--keys", keys],
    );
    expect(await collector.stop()).toBe(0);
    await line.close();
    expect(await verify(db)).toMatchObject({ ok: true, readings: 2_500, duplicates: 0 });
  });
});

describe("who is turned away", () => {
  async function turnedAway(via: string, ...device: readonly string[]) {
    const [db, keys] = [newFile("db"), await keysFor("sim-1")];
    const collector = new RunningSenda("collect", "--db", db, "--keys", keys, ...LISTEN);
    const listening = await collector.event("listening");
    const port = portOf(listening[via]);
    const simulated = new RunningSenda(
      ...["simulate", "--json", "--samples", "5", "--via", via, "--port", port, ...device],
    );
    const { why } = await collector.event("refused");
    await collector.eventAt("refused", 1); // it has understood the first, and tries again
    await simulated.stop();
    await collector.stop();
    expect(await verify(db)).toMatchObject({ ok: true, devices: 0, readings: 0 });
    return { collector: why, device: simulated.stderr.split("\n")[0] };
  }

  function keyFile(digits: string): string {
    const path = newFile("key");
    writeFileSync(path, digits.repeat(32), { mode: 0o600 });
    return path;
  }

  const TURNED_AWAY = (device: string) =>
    `collector 127.0.0.1 turned device ${device} away: wrong key, or it does not know this device`;

  test.each(["tcp", "udp"])("a wrong key, over %s: both sides say so", async (via) => {
    expect(await turnedAway(via, "--key-file", keyFile("0f"))).toEqual({
      collector: "wrong key for device sim-1",
      device: TURNED_AWAY("sim-1"),
    });
  });

  test("an unknown device: the collector says which, the device hears no more than with a wrong key", async () => {
    expect(await turnedAway("tcp", "--name", "spy", "--key-file", keyFile("0f"))).toEqual({
      collector: "unknown device spy-1: `senda key add` makes it known",
      device: TURNED_AWAY("spy-1"),
    });
  });

  test.each(["tcp", "udp"])("a device without a key, over %s", async (via) => {
    const text = "device sim-1 has no key, and this collector wants one";
    expect(await turnedAway(via)).toEqual({ collector: `keys: ${text}`, device: text });
  });

  test("a device with a key, by a collector that has none: it does not fall back to the clear", async () => {
    const db = newFile("db");
    const collector = new RunningSenda("collect", "--db", db, ...LISTEN);
    const { tcp } = await collector.event("listening");
    const simulated = new RunningSenda(
      ...[
        "simulate",
        "--json",
        "--samples",
        "5",
        "--port",
        portOf(tcp),
        "--key-file",
        keyFile("0f"),
      ],
    );
    const { why } = await collector.event("refused");
    expect(why).toBe("device sim-1 has a key, and this collector none: start it with --keys FILE");
    await simulated.stop();
    await collector.stop();
    expect(await verify(db)).toMatchObject({ devices: 0, readings: 0 });
  });
});

describe("default closed", () => {
  test.each([
    ["--tcp", "0.0.0.0:0", "--udp", "off"],
    ["--udp", "[::]:0", "--tcp", "off"],
  ])("%s %s without keys does not start, and says what to do", async (...listen) => {
    const { stderr, status } = await runSenda("collect", "--db", newFile("db"), ...listen);
    expect(status).toBe(2);
    expect(stderr).toMatch(/can be reached from other computers.*--keys FILE.*--open/);
  });

  test("with --open it does", async () => {
    const open = ["--tcp", "0.0.0.0:0", "--udp", "off", "--open", "--json"];
    const collector = new RunningSenda("collect", "--db", newFile("db"), ...open);
    await collector.event("listening");
    expect(await collector.stop()).toBe(0);
  });
});

describe("the file of keys", () => {
  test("is its owner's alone, and refused where it is not", async () => {
    const keys = await keysFor("cellar");
    expect(statSync(keys).mode & 0o777).toBe(0o600);
    chmodSync(keys, 0o640);
    for (const args of [
      ["key", "list", "--keys", keys],
      ["collect", "--keys", keys, "--db", newFile("db"), ...LISTEN],
    ]) {
      const { stderr, status } = await runSenda(...args);
      expect(status).toBe(1);
      expect(stderr).toContain(`run \`chmod 600 ${keys}\``);
    }
  });

  test("no command prints a key", async () => {
    const [keys, out] = [newFile("keys"), newFile("key")];
    const printed = [
      await senda("key", "add", "cellar", "--keys", keys, "--out", out),
      await senda("key", "rotate", "cellar", "--keys", keys, "--json"),
      await senda("key", "list", "--keys", keys, "--json"),
    ].join("");
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const secrets = readFileSync(keys, "utf8").match(/[0-9a-f]{64}/g)!;
    expect(secrets).toHaveLength(2);
    expect(secrets).toContain(readFileSync(out, "utf8").trim());
    expect(printed).not.toMatch(/[0-9a-f]{32}/);
  });

  test("ten changes at once: none is lost", async () => {
    const keys = newFile("keys");
    const names = Array.from({ length: 10 }, (_, index) => `device-${index}`);
    await Promise.all(names.map((name) => senda("key", "add", name, "--keys", keys)));
    const { devices } = JSON.parse(await senda("key", "list", "--keys", keys, "--json"));
    expect(devices.map(({ device }: { device: string }) => device)).toEqual(names);
  });

  test("damaged: the error says where, and shows nothing of it", async () => {
    const keys = await keysFor("cellar");
    const text = readFileSync(keys, "utf8");
    writeFileSync(keys, text.replace(/[0-9a-f]{2}"\]/, '"]'));
    const { stderr, status } = await runSenda("key", "list", "--keys", keys);
    expect(status).toBe(1);
    expect(stderr).toMatch(/device 1 of the list has no key of 64 hexadecimal digits/);
    expect(stderr).not.toMatch(/[0-9a-f]{32}/);
  });

  test("rotated while the collector runs: the old key gets in until the new one has come", async () => {
    const [db, keys, old, renewed] = [
      newFile("db"),
      newFile("keys"),
      newFile("key"),
      newFile("key"),
    ];
    await senda("key", "add", "sim-1", "--keys", keys, "--out", old);
    const collector = new RunningSenda("collect", "--db", db, "--keys", keys, ...LISTEN);
    const { tcp } = await collector.event("listening");
    await senda("key", "rotate", "sim-1", "--keys", keys, "--out", renewed);
    await collector.event("keys", "read again");
    const come = (key: string) =>
      senda("simulate", "--samples", "10", "--port", portOf(tcp), "--key-file", key);
    await come(old);
    await come(renewed);
    await collector.event("keys", "has its new key");
    const list = JSON.parse(await senda("key", "list", "--keys", keys, "--json"));
    expect(list).toEqual({ devices: [{ device: "sim-1", keys: 1 }] });
    const late = new RunningSenda(
      ...["simulate", "--json", "--samples", "10", "--port", portOf(tcp), "--key-file", old],
    );
    await collector.event("refused", "wrong key for device sim-1");
    await late.stop();
    await collector.stop();
    expect(await verify(db)).toMatchObject({ ok: true, readings: 100 });
  });

  test("a key that is removed while its device is here shuts it out", async () => {
    const [db, keys] = [newFile("db"), await keysFor("sim-1")];
    const collector = new RunningSenda("collect", "--db", db, "--keys", keys, ...LISTEN);
    const { tcp } = await collector.event("listening");
    const device = new RunningSenda(
      ...["simulate", "--json", "--period-ms", "100", "--port", portOf(tcp), "--keys", keys],
    );
    await collector.event("connected");
    await senda("key", "remove", "sim-1", "--keys", keys);
    await collector.event("refused", "unknown device sim-1");
    await device.stop();
    await collector.stop();
  });
});
