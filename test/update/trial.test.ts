// The firmware after an update: kept once a collector welcomed it, given up where none does.

import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Firmware } from "../../device/firmware.ts";
import type { Platform } from "../../device/platform/platform.ts";
import { RandomSensor } from "../../device/sensors/random.ts";
import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import type { FileSlots } from "../../host/simulator/io/file-slots.ts";
import { createNodePlatform } from "../../host/simulator/io/node-platform.ts";
import { keeperOf } from "../device/keeper.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { FACTORY, Machine, NEWER, send, updateOn } from "./world.ts";

const folder = temporaryFolder();
afterEach(() => vi.useRealTimers());

function start(slots: FileSlots, tcpPort: number, more: Partial<Platform> = {}): Firmware {
  return new Firmware({
    platform: { ...createNodePlatform({ update: slots }), ...more },
    keeper: keeperOf({ ...DEFAULT_SETTINGS, device: "shed", tcpPort, paths: ["tcp"] }),
    sensors: [{ sensor: new RandomSensor(1), periodMs: 100 }],
    version: slots.version,
  });
}

test("a new firmware that a collector welcomes is kept, and says which it is", async () => {
  const db = join(folder, "update.db");
  const ports = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0"];
  const collector = new RunningSenda("collect", "--db", db, ...ports, "--json");
  const port = Number(portOf((await collector.event("listening")).tcp));
  const machine = new Machine(folder);

  const runUntilStored = async (slots: FileSlots) => {
    const firmware = start(slots, port);
    await expect.poll(() => firmware.status.acknowledged, { timeout: 20_000 }).toBeGreaterThan(0);
    firmware.stop();
  };
  const first = machine.start();
  await runUntilStored(first);
  expect(send(updateOn(first))).toMatchObject({ kind: "ready" });
  const second = machine.start();
  expect(second.isOnTrial).toBe(true);
  await runUntilStored(second);
  expect(second.isOnTrial).toBe(false);
  expect(machine.start().version).toBe(NEWER);

  expect(await collector.stop()).toBe(0);
  const { stdout } = await runSenda("status", "--db", db, "--json");
  expect(stdout).toContain(`with firmware ${NEWER}`);
}, 60_000);

test("a new firmware that no collector welcomes goes back after ten minutes", () => {
  vi.useFakeTimers();
  const startMs = Date.now();
  const machine = new Machine(folder);
  send(updateOn(machine.start()));
  const trial = machine.start();
  const resolve: Platform["resolve"] = (_, found) => found(undefined); // there is no network
  const firmware = start(trial, 9, { ticks: () => (Date.now() - startMs) | 0, resolve });
  vi.advanceTimersByTime(599_000);
  expect([machine.restarts, trial.isOnTrial]).toEqual([0, true]);
  vi.advanceTimersByTime(61_000);
  expect(machine.restarts).toBe(1);
  firmware.stop();
  expect(machine.start().version).toBe(FACTORY);
});
