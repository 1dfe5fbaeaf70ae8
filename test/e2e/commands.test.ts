// Commands and settings with the real programs: a collector, simulated devices, `send` and `set` in
// processes of their own, over each kind of link; a device that is killed, a collector that is not there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, type PtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const cables: PtyPair[] = [];
afterAll(async () => {
  for (const cable of cables) await cable.close();
});

interface Collecting {
  readonly collector: RunningSenda;
  readonly tcp: string;
  readonly udp: string;
  readonly http: string;
  readonly db: string;
}

let stores = 0;

async function collect(...flags: readonly string[]): Promise<Collecting> {
  const db = join(folder, `commands-${++stores}.db`);
  const collector = new RunningSenda(
    ...["collect", "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0"],
    ...["--db", db, "--json", ...flags],
  );
  const { tcp, udp, http } = await collector.event("listening");
  return { collector, tcp: portOf(tcp), udp: portOf(udp), http: String(http), db };
}

async function openCable(): Promise<PtyPair> {
  const cable = await openPtyPair();
  cables.push(cable);
  return cable;
}

/** `send --json`: the exit status, and what was printed. */
async function send(http: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = await runSenda("send", ...words, "--http", http, "--json");
  return { status, stderr, result: stdout === "" ? undefined : JSON.parse(stdout) };
}

describe.each(["tcp", "udp"] as const)("over %s", (via) => {
  test("a command is answered, and its status is the program's", async () => {
    const at = await collect();
    const device = new RunningSenda("simulate", "--via", via, "--port", at[via], "--json");
    await at.collector.event("connected");
    const told = await send(at.http, "sim-1", "identify");
    expect(told).toMatchObject({ status: 0, result: { value: { device: "sim-1", path: via } } });
    expect(await send(at.http, "sim-1", "idnetify")).toMatchObject({
      status: 2,
      stderr: 'senda: send: sim-1: there is no command "idnetify"; did you mean "identify"?\n',
      result: { status: "unknown-command" },
    });
    expect(await send(at.http, "sim-1", "set", "tcpPort=0")).toMatchObject({ status: 3 });
    expect(await device.stop()).toBe(0);
    expect(await at.collector.stop()).toBe(0);
  });
});

describe("settings", () => {
  test("outlive a kill of the device, and secrets show nowhere", async () => {
    const at = await collect();
    const simulate = ["simulate", "--port", at.tcp, "--flash", join(folder, "flash"), "--json"];
    const device = new RunningSenda(...simulate);
    await at.collector.event("connected");
    const changed = await runSenda(
      ...["set", "sim-1", "samplePeriodMs=70", "wifi.ssid=shed", "wifi.password=open-sesame"],
      ...["--http", at.http],
    );
    expect(changed).toMatchObject({ status: 0, stderr: "" });
    expect(changed.stdout).toContain("In effect: samplePeriodMs.");
    expect(changed.stdout).toContain("after a restart");
    await device.kill();
    await at.collector.event("disconnected");
    const again = new RunningSenda(...simulate);
    await at.collector.eventAt("connected", 1);
    const listed = await runSenda("set", "sim-1", "--json", "--http", at.http);
    const settings = listed.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const find = (key: string) => settings.find((setting) => setting.key === key);
    expect(find("samplePeriodMs")).toMatchObject({ value: "70", changed: true });
    expect(find("wifi.ssid")).toMatchObject({ value: "shed", changed: true });
    expect(find("wifi.password")).toMatchObject({ secret: "set", changed: true });
    await again.stop();
    await at.collector.stop();
    const kept = [
      listed.stdout,
      JSON.stringify(at.collector.events),
      readFileSync(at.db, "latin1"),
    ];
    for (const text of kept) expect(text).not.toContain("open-sesame");
    expect(kept[2]).toContain("wifi.password=(secret)");
  });

  test("a restart that was asked for is a success, told by the next life", async () => {
    const at = await collect();
    const device = new RunningSenda("simulate", "--port", at.tcp, "--json");
    await at.collector.event("connected");
    expect(await send(at.http, "sim-1", "set", "batchRowsMax=3")).toMatchObject({ status: 0 });
    expect(await send(at.http, "sim-1", "restart")).toMatchObject({ status: 0 });
    await at.collector.eventAt("connected", 1);
    expect(await send(at.http, "sim-1", "identify")).toMatchObject({
      result: { value: { reset: "software" } },
    });
    await device.stop();
    await at.collector.stop();
  });
});

describe("a device that is away", () => {
  test("is named, with what to do; its command may wait for it", async () => {
    const at = await collect();
    const first = new RunningSenda("simulate", "--port", at.tcp, "--json");
    await at.collector.event("connected");
    await first.stop();
    await at.collector.event("disconnected");
    const refused = await send(at.http, "sim-1", "identify");
    expect(refused).toMatchObject({ status: 6, result: { status: "away" } });
    expect(refused.stderr).toMatch(/sim-1 is away, last seen .*; --when-back has the command wait/);
    const waiting = send(at.http, "sim-1", "identify", "--when-back", "5m");
    await at.collector.eventAt("command", 1);
    const second = new RunningSenda("simulate", "--port", at.tcp, "--json");
    expect(await waiting).toMatchObject({ status: 0, result: { value: { device: "sim-1" } } });
    const unknown = await send(at.http, "sim-2", "identify");
    expect(unknown).toMatchObject({ status: 1, result: undefined });
    expect(unknown.stderr).toContain('no device "sim-2" has been here; did you mean "sim-1"?');
    await second.stop();
    await at.collector.stop();
  });
});

describe("a collector that cannot be asked", () => {
  test("is not there", async () => {
    const at = await collect();
    await at.collector.stop();
    const { status, stderr } = await send(at.http, "sim-1", "identify");
    expect(status).toBe(1);
    expect(stderr).toContain("no collector answers at HTTP");
    expect(stderr).toContain("start one with `senda collect`");
  });

  test("listens elsewhere than asked for in no case: a taken port is an error, others than loopback too", async () => {
    const at = await collect();
    const flags = ["collect", "--tcp", "127.0.0.1:0", "--udp", "off", "--db", join(folder, "x.db")];
    const taken = await runSenda(...flags, "--http", at.http);
    expect(taken.status).toBe(1);
    expect(taken.stderr).toContain("the port is in use");
    const open = await runSenda(...flags, "--http", "0.0.0.0:0");
    expect(open.status).toBe(1);
    expect(open.stderr).toContain("the dashboard has no tokens yet");
    await at.collector.stop();
  });
});

describeWith("socat", socatPath !== undefined, "over a serial cable", () => {
  test("commands go through the collector that holds the port", async () => {
    const cable = await openCable();
    const at = await collect("--serial", cable.a);
    const device = new RunningSenda("simulate", "--via", "serial", "--serial", cable.b, "--json");
    await at.collector.event("connected");
    const listed = await send(at.http, "sim-1", "settings");
    expect(listed).toMatchObject({ status: 0 });
    expect(listed.result.value.items.length).toBeGreaterThan(10);
    await device.stop();
    await at.collector.stop();
  });

  test("without a collector a device is set up, and keeps its readings for one", async () => {
    const cable = await openCable();
    const device = new RunningSenda(
      ...["simulate", "--via", "serial", "--serial", cable.b, "--json"],
      ...["--samples", "60", "--period-ms", "50"],
    );
    const over = ["--serial", cable.a];
    const told = await runSenda("send", ...over, "identify");
    expect(told).toMatchObject({ status: 0, stderr: "" });
    expect(told.stdout).toMatch(/^device +sim-1$/m);
    const changed = await runSenda("set", ...over, "host=192.0.2.1", "wifi.ssid=shed");
    expect(changed).toMatchObject({ status: 0, stderr: "" });
    const listed = await runSenda("set", ...over);
    expect(listed.stdout).toMatch(/^wifi\.ssid +shed +after a restart/m);
    const at = await collect("--serial", cable.a);
    expect(await device.ended).toBe(0);
    const { samples, readings, acknowledged, gapReadings } = await device.event("done");
    expect([samples, acknowledged, gapReadings]).toEqual([60, readings, 0]);
    await at.collector.stop();
    const verified = await runSenda("verify", "--db", at.db, "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, readings, gapReadings: 0 });
  });

  test("a port with nobody on it is given up, in words", async () => {
    const cable = await openCable();
    const { status, stderr } = await runSenda("send", "--serial", cable.a, "identify");
    expect(status).toBe(1);
    expect(stderr).toContain("no device said hello within 10 s");
  });
});
