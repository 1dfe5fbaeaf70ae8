// `senda status`.

import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Store } from "../../host/store/store.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { isHarmless, jsonLines } from "./support/lines.ts";
import { climateRows, makeStore, NOON_MS, TestDevice } from "./support/test-store.ts";

const folder = temporaryFolder();
const db = join(folder, "store.db");

beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, { name: "kitchen" });
    kitchen.setClock();
    kitchen.batch(climateRows(10));
    kitchen.gap(120);
    kitchen.batch(climateRows(1, 10));
    const shed = await TestDevice.begin(store, { name: "shed", epoch: "00000000000000b2" });
    shed.batch(climateRows(2));
    const text = "line one\nline two \x1b[2J";
    store.putEvent({ atUs: NOON_MS * 1_000, kind: "note", text });
  });
});

test("shows the store, the last values with units, gaps and events", async () => {
  const { status, stdout } = await runSenda("status", "--db", db);
  expect(status).toBe(0);
  expect(stdout).toContain("no collector is writing to it");
  expect(stdout).toContain("2 devices, 3 batches, 39 readings");
  expect(stdout).toContain("120 readings dropped");
  expect(stdout).toMatch(/temperature +20\.10 °C +\d+ d ago|in \d+/);
  expect(stdout).toMatch(/pressure +101310 Pa/);
  expect(stdout).toContain("newest gaps");
  expect(stdout).toContain(
    "kitchen: 2026-05-04 12:00:11.000  120 readings dropped until 12:02:10.000: outbox full",
  );
  expect(stdout).toContain("line one\\x0aline two \\x1b[2J");
  expect(isHarmless(stdout)).toBe(true);
});

test("a time that is not known in UTC is an uptime, and says so", async () => {
  const { stdout } = await runSenda("status", "shed", "--db", db);
  expect(stdout).toMatch(/temperature +20\.01 °C +up 0:00:02\.000 \(no UTC yet\)/);
  expect(stdout).not.toContain("1970");
  expect(stdout).not.toContain("kitchen");
});

test("--json gives one object", async () => {
  const { status, stdout } = await runSenda("status", "--db", db, "--json");
  const [found, ...rest] = jsonLines(stdout);
  expect({ status, rest }).toEqual({ status: 0, rest: [] });
  expect(found).toMatchObject({
    file: db,
    isWriting: false,
    devices: 2,
    batches: 3,
    readings: 39,
    gapReadings: 120,
    newestGaps: [{ device: "kitchen", readings: 120, reason: "outbox-full" }],
    perDevice: [
      {
        name: "kitchen",
        latest: [
          {
            channel: "temperature",
            value: 20.1,
            unit: "Cel",
            time: new Date(NOON_MS + 131_000).toISOString(),
            uncertaintyMs: 15.1,
          },
          { channel: "pressure", value: 101_310 },
          { channel: "door", value: false },
        ],
      },
      { name: "shed", latest: [{ time: null, uptimeMs: 2_000, uncertaintyMs: null }, {}, {}] },
    ],
  });
  expect(found!.bytesPerReading).toBe((found!.bytes as number) / 39);
});

test("tells whether a collector is writing", async () => {
  const store = await Store.open({ path: db });
  const during = await runSenda("status", "--db", db, "--json");
  const human = await runSenda("status", "--db", db);
  await store.close();
  const after = await runSenda("status", "--db", db, "--json");
  expect(jsonLines(during.stdout)).toMatchObject([{ isWriting: true }]);
  expect(human.stdout).toContain("a collector is writing to it now");
  expect(jsonLines(after.stdout)).toMatchObject([{ isWriting: false }]);
});

describe("a collector that runs", () => {
  const ownDb = join(folder, "own.db");
  let collector: RunningSenda;
  let http: string;

  beforeAll(async () => {
    const links = ["--tcp", "127.0.0.1:0", "--udp", "off", "--http", "127.0.0.1:0"];
    collector = new RunningSenda("collect", "--db", ownDb, ...links, "--json");
    const listening = await collector.event("listening");
    http = String(listening.http);
    const stranger = connect(Number(portOf(listening.tcp)), "127.0.0.1");
    stranger.write("GET / HTTP/1.1\r\n\r\n");
    await collector.event("refused");
    stranger.destroy();
  });

  afterAll(async () => {
    expect(await collector.stop()).toBe(0);
  });

  const statusJson = async (file: string) =>
    jsonLines((await runSenda("status", "--db", file, "--http", http, "--json")).stdout)[0]!;

  test("tells what it did not take", async () => {
    const { stdout } = await runSenda("status", "--db", ownDb, "--http", http);
    const section = "limits since the collector started\n  pieces of input that were no frame: 1\n";
    expect(stdout).toContain(section);
    expect((await statusJson(ownDb)).collector).toMatchObject({ forged: 0, knocksDropped: 0 });
  });

  test("of another store: its counters are not this one's", async () => {
    const store = await Store.open({ path: db });
    const found = await statusJson(db);
    await store.close();
    expect(found).toMatchObject({ isWriting: true, collector: null });
  });

  test("where none answers, the store is shown all the same", async () => {
    const { status, stdout } = await runSenda("status", "--db", ownDb, "--http", "127.0.0.1:1");
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.not.stringContaining("limits"),
    });
  });
});

test("an unknown device: the names that there are", async () => {
  const { status, stdout, stderr } = await runSenda("status", "attic", "--db", db);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toBe('senda: the store has no device "attic"; there are "kitchen", "shed"\n');
});
