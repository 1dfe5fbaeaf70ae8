// Plain devices and a store that takes nothing for a while: memory does not grow, and what was dropped
// stands in the store as a gap, to the last reading.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Recorder } from "../../host/plain/recorder.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { Store } from "../../host/store/store.ts";
import { temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a full disk: readings are dropped and counted by a gap; receipts say which are on disk", async () => {
  const path = join(folder, "full.db");
  const store = await Store.open({ path, sizeBytesMax: 256_000 });
  const recorder = new Recorder(store);
  let isTroubled = false;
  store.onCommit = (commit) => recorder.handleCommit(commit);
  store.onTrouble = ({ isOver }) => {
    isTroubled = !isOver;
  };
  const losses = { leftOut: 0, late: 0, dropped: 0 };
  const device = recorder.deviceOf(
    {},
    { name: "plain", kind: "tcp", description: "", units: new Map(), hasOwnTime: false, losses },
  )!;
  while (device.epochId === undefined) await turn();
  let rows = 0;
  const receipts = { stored: 0, lost: 0 };
  const addRow = async () => {
    rows++;
    expect(device.addRow(new Map([["noise", randomBytes(500)]]), undefined)).toBe(true);
    device.whenStored((isStored) => receipts[isStored ? "stored" : "lost"]++);
    device.flush();
    await turn();
  };
  while (!isTroubled) await addRow();
  for (let more = 0; more < 200; more++) await addRow();
  expect(device.waiting).toBeLessThanOrEqual(64);
  expect(losses.dropped).toBeGreaterThanOrEqual(200 - 64);
  expect(receipts.lost).toBe(losses.dropped);

  store.setSizeBytesMax(50_000_000);
  await store.flush();
  while (isTroubled) await turn();
  recorder.flush();
  recorder.close();
  await store.close();
  expect(receipts).toEqual({ stored: rows - losses.dropped, lost: losses.dropped });
  const reader = await StoreReader.open(path);
  const [summary] = reader.devices();
  const gaps = reader.gaps();
  reader.close();
  expect(summary).toMatchObject({
    readings: rows - losses.dropped,
    gapReadings: losses.dropped,
    delivery: "at most once",
  });
  expect(gaps.every(({ reason }) => reason === "outbox-full")).toBe(true);
  expect(gaps.reduce((sum, { readings }) => sum + readings, 0)).toBe(losses.dropped);
});
