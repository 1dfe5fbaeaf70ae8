// Real faults beside the simulated ones: processes killed, datagrams lost, a dirty serial line, links
// cut, a disk that takes no more. Each ends with what the devices sent being what the store holds.

import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { openNoisyLine } from "../support/noisy-line.ts";
import { socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
let files = 0;
const newDb = () => join(folder, `${++files}.db`);

function collect(db: string, tcp: string, ...more: readonly string[]): RunningSenda {
  return new RunningSenda("collect", "--db", db, "--tcp", tcp, "--json", ...more);
}

async function simulate(...args: readonly string[]): Promise<Record<string, number>> {
  const { stdout, stderr, status } = await runSenda("simulate", "--json", ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

/** The store holds exactly what the devices had confirmed. */
async function expectStored(db: string, done: Record<string, number>): Promise<void> {
  expect(done.acknowledged! + done.gapReadings!).toBe(done.readings);
  const { stdout, status } = await runSenda("verify", "--db", db, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    devices: done.devices,
    readings: done.acknowledged,
    gapReadings: done.gapReadings,
    missing: 0,
    duplicates: 0,
    checksumFailures: 0,
  });
  expect(status).toBe(0);
}

test("a collector killed 20 times by SIGKILL under load from 50 devices", async () => {
  const db = newDb();
  let collector = collect(db, "127.0.0.1:0", "--udp", "off");
  const { tcp } = await collector.event("listening");
  const devices = simulate(
    ...["--devices", "50", "--samples", "4000", "--batch", "40", "--port", portOf(tcp)],
  );
  for (let kill = 0; kill < 20; kill++) {
    await collector.eventAt("connected", 24); // half of them are in the middle of it
    await collector.kill();
    collector = collect(db, String(tcp), "--udp", "off");
    await collector.event("listening");
  }
  const done = await devices;
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 1_000_000, gapReadings: 0 });
  await expectStored(db, done);
}, 180_000);

test("datagrams: 20 % lost, 10 % doubled, 10 % overtaken", async () => {
  const db = newDb();
  const collector = collect(db, "off", "--udp", "127.0.0.1:0");
  const { udp } = await collector.event("listening");
  const done = await simulate(
    ...[
      "--via",
      "udp",
      "--devices",
      "8",
      "--samples",
      "400",
      "--batch",
      "10",
      "--port",
      portOf(udp),
    ],
    ...["--loss", "0.2", "--duplicate", "0.1", "--reorder", "0.1"],
  );
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 16_000, gapReadings: 0 });
  await expectStored(db, done);
}, 120_000);

test("every link cut each 500 ms", async () => {
  const db = newDb();
  const collector = collect(db, "127.0.0.1:0", "--udp", "off");
  const { tcp } = await collector.event("listening");
  const done = await simulate(
    ...[
      "--devices",
      "10",
      "--samples",
      "4000",
      "--batch",
      "50",
      "--port",
      portOf(tcp),
      "--cut-every-ms",
      "500",
    ],
  );
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 200_000, gapReadings: 0 });
  expect(done.reconnects).toBeGreaterThan(10);
  await expectStored(db, done);
}, 120_000);

test("a device process killed and started again: its second life is stored beside the first", async () => {
  const db = newDb();
  const collector = collect(db, "127.0.0.1:0", "--udp", "off");
  const { tcp } = await collector.event("listening");
  const first = new RunningSenda("simulate", "--period-ms", "1", "--port", portOf(tcp), "--json");
  await collector.event("connected");
  const tail = new RunningSenda("tail", "--db", db, "--json", "--samples", "20", "--rows", "0");
  await tail.ended;
  await first.kill();
  const done = await simulate("--samples", "500", "--port", portOf(tcp));
  expect(await collector.stop()).toBe(0);
  const { stdout } = await runSenda("verify", "--db", db, "--json");
  const verdict = JSON.parse(stdout);
  expect(verdict).toMatchObject({ ok: true, devices: 1, missing: 0, duplicates: 0 });
  expect(verdict.epochs).toHaveLength(2);
  expect(verdict.epochs[1].readings).toBe(done.readings);
});

test("a store that is full acknowledges nothing; with room again everything arrives", async () => {
  const db = newDb();
  let collector = collect(db, "127.0.0.1:0", "--udp", "off", "--db-size-max", "256kB");
  const { tcp } = await collector.event("listening");
  const devices = simulate("--devices", "4", "--samples", "40000", "--port", portOf(tcp));
  const trouble = await collector.event("trouble");
  expect(trouble).toMatchObject({ isOver: false });
  await collector.stop();
  collector = collect(db, String(tcp), "--udp", "off");
  const done = await devices;
  expect(await collector.stop()).toBe(0);
  expect(done).toMatchObject({ readings: 800_000, gapReadings: 0 });
  await expectStored(db, done);
}, 120_000);

describeWith("socat", socatPath !== undefined, "a dirty serial line", () => {
  test("1 in 1,000 bytes flipped, and cuts in the middle of frames", async () => {
    const line = await openNoisyLine({ seed: 7, flip: 0.001, cut: 0.0002, cutBytes: 60 });
    const db = newDb();
    const collector = collect(db, "off", "--udp", "off", "--serial", line.collectorEnd);
    await collector.event("listening");
    const done = await simulate(
      ...["--via", "serial", "--serial", line.deviceEnd, "--samples", "6000", "--batch", "30"],
    );
    expect(await collector.stop()).toBe(0);
    await line.close();
    expect(line.flipped()).toBeGreaterThan(5);
    expect(line.swallowed()).toBeGreaterThan(0);
    expect(done).toMatchObject({ readings: 30_000, gapReadings: 0 });
    await expectStored(db, done);
  }, 120_000);
});
