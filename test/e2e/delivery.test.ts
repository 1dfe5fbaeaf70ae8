// Collector and simulated devices as processes of their own, over real sockets and a real pty: what
// the devices say they sent is what `senda verify` finds.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
let files = 0;
const newDb = () => join(folder, `${++files}.db`);

const LISTEN = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--json"];

interface Verdict {
  readonly ok: boolean;
  readonly [count: string]: unknown;
}

async function verify(db: string): Promise<Verdict> {
  const { stdout, status, stderr } = await runSenda("verify", "--db", db, "--json");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as Verdict;
}

async function simulate(...args: readonly string[]) {
  const { stdout, stderr, status } = await runSenda("simulate", "--json", ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, number>;
}

describe.each(["tcp", "udp"])("over %s", (via) => {
  test("20 devices: every reading is stored once", async () => {
    const db = newDb();
    const collector = new RunningSenda("collect", "--db", db, ...LISTEN);
    const listening = await collector.event("listening");
    const done = await simulate(
      "--devices",
      "20",
      "--via",
      via,
      "--samples",
      "1000",
      "--port",
      portOf(listening[via]),
    );
    expect(await collector.stop()).toBe(0);
    expect(done).toMatchObject({
      devices: 20,
      samples: 20_000,
      readings: 100_000,
      acknowledged: 100_000,
      gapReadings: 0,
    });
    expect(await verify(db)).toMatchObject({
      ok: true,
      devices: 20,
      readings: 100_000,
      missing: 0,
      duplicates: 0,
      gapReadings: 0,
      checksumFailures: 0,
    });
  });
});

describeWith("socat", socatPath !== undefined, "over serial", () => {
  test("every reading is stored once", async () => {
    const line = await openPtyPair();
    const db = newDb();
    const collector = new RunningSenda(
      "collect",
      "--db",
      db,
      "--tcp",
      "off",
      "--udp",
      "off",
      "--serial",
      line.a,
      "--json",
    );
    await collector.event("listening");
    const done = await simulate("--via", "serial", "--serial", line.b, "--samples", "1000");
    expect(await collector.stop()).toBe(0);
    await line.close();
    expect(done).toMatchObject({ readings: 5_000, acknowledged: 5_000, gapReadings: 0 });
    expect(await verify(db)).toMatchObject({
      ok: true,
      readings: 5_000,
      missing: 0,
      duplicates: 0,
    });
  });
});

test("datagrams lost, doubled and overtaken: every reading is stored once", async () => {
  const db = newDb();
  const collector = new RunningSenda("collect", "--db", db, ...LISTEN);
  const { udp } = await collector.event("listening");
  const done = await simulate(
    ...[
      "--via",
      "udp",
      "--devices",
      "5",
      "--samples",
      "300",
      "--batch",
      "20",
      "--port",
      portOf(udp),
    ],
    ...["--loss", "0.1", "--duplicate", "0.1", "--reorder", "0.1"],
  );
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 7_500, acknowledged: 7_500, gapReadings: 0 });
  expect(await verify(db)).toMatchObject({ ok: true, readings: 7_500, missing: 0, duplicates: 0 });
});

test("connections cut again and again: every reading is stored once", async () => {
  const db = newDb();
  const collector = new RunningSenda("collect", "--db", db, ...LISTEN);
  const { tcp } = await collector.event("listening");
  const done = await simulate(
    "--devices",
    "5",
    "--samples",
    "1500",
    "--port",
    portOf(tcp),
    "--cut-every-ms",
    "400",
  );
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 37_500, acknowledged: 37_500, gapReadings: 0 });
  expect(done.reconnects).toBeGreaterThan(0);
  expect(await verify(db)).toMatchObject({ ok: true, readings: 37_500, missing: 0, duplicates: 0 });
});

test("a collector killed by SIGKILL under load, and started again: nothing lost, nothing doubled", async () => {
  const db = newDb();
  let collector = new RunningSenda("collect", "--db", db, ...LISTEN);
  const { tcp } = await collector.event("listening");
  const again = ["collect", "--db", db, "--tcp", String(tcp), "--udp", "off", "--json"];
  const devices = simulate(
    "--devices",
    "10",
    "--samples",
    "3000",
    "--batch",
    "50",
    "--port",
    portOf(tcp),
  );
  for (let kill = 0; kill < 3; kill++) {
    await collector.eventAt("connected", 9); // all ten are in the middle of it
    await collector.kill();
    collector = new RunningSenda(...again);
    await collector.event("listening");
  }
  const done = await devices;
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 150_000, acknowledged: 150_000, gapReadings: 0 });
  expect(done.reconnects).toBeGreaterThanOrEqual(20);
  expect(await verify(db)).toMatchObject({
    ok: true,
    readings: 150_000,
    missing: 0,
    duplicates: 0,
  });
});

test("the epoch of a device that comes back after a restart is its second, and both are kept", async () => {
  const db = newDb();
  const collector = new RunningSenda("collect", "--db", db, ...LISTEN);
  const { tcp } = await collector.event("listening");
  await simulate("--samples", "10", "--port", portOf(tcp));
  await simulate("--samples", "10", "--port", portOf(tcp));
  expect(await collector.stop()).toBe(0);
  const verdict = await verify(db);
  expect(verdict).toMatchObject({ ok: true, devices: 1, readings: 100 });
  expect(verdict.epochs).toHaveLength(2);
});
