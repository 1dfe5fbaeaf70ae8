// A device whose sensor throws outside of every guard, against a real collector: it restarts as a board
// does, and what happened is told, kept and shown.

import { join } from "node:path";
import { expect, test } from "vitest";
import { Firmware } from "../../device/firmware.ts";
import type { Platform } from "../../device/platform/platform.ts";
import { RandomSensor } from "../../device/sensors/random.ts";
import type { Sensor } from "../../device/sensors/sensor.ts";
import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import { createNodePlatform } from "../../host/simulator/io/node-platform.ts";
import { nodeTimers } from "../../host/simulator/io/timers.ts";
import { keeperOf } from "../device/keeper.ts";
import { MemoryStorage } from "../device/memory-storage.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const ANYWHERE = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0"];

/** Fails once, when it is told to. */
class FaultySensor implements Sensor {
  readonly #inner = new RandomSensor(1);
  readonly channels = this.#inner.channels;
  isDue = false;

  read() {
    if (this.isDue) throw new TypeError("cannot coerce undefined to object");
    return this.#inner.read();
  }
}

/** A machine that stops where nobody catches what is thrown. */
function platformThatHalts(
  storage: MemoryStorage,
  resetReason: string,
  halt: () => void,
): Platform {
  const timers = {
    ...nodeTimers,
    set: (callback: () => void, delayMs: number) =>
      nodeTimers.set(() => {
        try {
          callback();
        } catch {
          halt();
        }
      }, delayMs),
  };
  return { ...createNodePlatform({ storage, resetReason }), timers };
}

test("an exception is told after the restart, once, and `senda status` shows it", async () => {
  const db = join(folder, "crash.db");
  const collector = new RunningSenda("collect", "--db", db, ...ANYWHERE, "--json");
  const { tcp } = await collector.event("listening");
  const settings = {
    ...DEFAULT_SETTINGS,
    device: "shed",
    tcpPort: Number(portOf(tcp)),
    paths: ["tcp"] as const,
  };
  const storage = new MemoryStorage();

  /** Runs a life until what it sampled is stored, and then, if it shall, until it crashes. */
  const live = async (resetReason: string, mustCrash: boolean) => {
    const sensor = new FaultySensor();
    let hasHalted = false;
    const halt = () => {
      hasHalted = true;
      firmware.stop();
    };
    const platform = platformThatHalts(storage, resetReason, halt);
    const sensors = [{ sensor, periodMs: 20 }];
    const firmware = new Firmware({ platform, keeper: keeperOf(settings), sensors });
    await expect.poll(() => firmware.status.acknowledged, { timeout: 20_000 }).toBeGreaterThan(0);
    sensor.isDue = mustCrash;
    if (mustCrash) await expect.poll(() => hasHalted, { timeout: 20_000 }).toBe(true);
    else firmware.stop();
  };

  await live("power-on", true);
  expect(storage.texts.get("crash")).toMatch(/^1 exception: TypeError: cannot coerce/);
  await live("software", false);
  expect(storage.texts.get("crash")).toBe("1 ");
  await live("external", false);
  expect(await collector.stop()).toBe(0);
  const { stdout } = await runSenda("status", "--db", db, "--json");
  const { newestEvents } = JSON.parse(stdout) as { newestEvents: { kind: string; text: string }[] };
  const starts = newestEvents.filter(({ kind }) => kind === "restarted");
  const why = starts.map(({ text }) => /after "(.*)" with/.exec(text)![1]).sort();
  expect(why).toEqual([
    expect.stringMatching(
      /^exception: TypeError: cannot coerce undefined to object \(crash\.test\.ts:\d+:\d+ < sampler\.ts:.*\); software$/,
    ),
    "external",
  ]);
}, 60_000);
