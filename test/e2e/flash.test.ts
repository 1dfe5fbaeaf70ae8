// A simulated device that keeps its outbox in a file, as a board does in flash: what no collector was
// there to take is taken from its next life.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

/** Port 9 of RFC 863: nobody listens there. */
const NOBODY = "9";

/** Starts a device that finds no collector. */
function strand(name: string, samples: number): RunningSenda {
  return new RunningSenda(...deviceArgs(name, samples, NOBODY));
}

function deviceArgs(name: string, samples: number, port: string): readonly string[] {
  const flash = ["--flash", join(folder, "flash"), "--name", name];
  return ["simulate", ...flash, "--samples", String(samples), "--port", port, "--json"];
}

/** Bytes of a device's flash that were written to. */
function written(name: string): number {
  try {
    const bytes = readFileSync(join(folder, "flash", `${name}-1.flash`));
    return bytes.reduce((count, byte) => count + (byte === 0xff ? 0 : 1), 0);
  } catch {
    return 0; // not there yet
  }
}

/** Gives the device a second life with a collector. Returns what that life did, and what the store then holds. */
async function revive(name: string) {
  const db = join(folder, `${name}.db`);
  const collector = new RunningSenda("collect", "--db", db, "--tcp", "127.0.0.1:0", "--json");
  const { tcp } = await collector.event("listening");
  const { stdout, stderr } = await runSenda(...deviceArgs(name, 100, portOf(tcp)));
  expect(stderr).toBe("");
  expect(await collector.stop()).toBe(0);
  const verified = await runSenda("verify", "--db", db, "--json");
  expect(verified.status).toBe(0);
  return { done: JSON.parse(stdout), stored: JSON.parse(verified.stdout) };
}

test("stopped before a collector came, a device loses nothing", async () => {
  const device = strand("stopped", 2_000);
  await expect.poll(() => written("stopped"), { timeout: 20_000 }).toBeGreaterThan(2_000);
  await device.stop();
  const { readings, acknowledged } = await device.event("done");
  expect(acknowledged).toBe(0);
  const { done, stored } = await revive("stopped");
  expect(done).toMatchObject({ readings: 500, acknowledged: 500, gapReadings: 0 });
  expect(stored).toMatchObject({ ok: true, readings: Number(readings) + 500, gapReadings: 0 });
}, 60_000);

test("killed before a collector came, a device loses at most what it was gathering", async () => {
  const device = strand("killed", 20_000);
  await expect.poll(() => written("killed"), { timeout: 20_000 }).toBeGreaterThan(4_000);
  await device.kill();
  const { done, stored } = await revive("killed");
  expect(done).toMatchObject({ readings: 500, acknowledged: 500 });
  expect(stored).toMatchObject({ ok: true, missing: 0, duplicates: 0 });
  expect(stored.readings).toBeGreaterThan(500 + 2_000);
}, 60_000);

test("a folder that cannot be made is told of, with what to do", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const { status, stderr } = await runSenda("simulate", "--flash", file, "--samples", "1");
  expect(status).toBe(1);
  expect(stderr).toContain(`cannot keep an outbox in ${file}`);
  expect(stderr).toContain("name a folder that can be written");
});
