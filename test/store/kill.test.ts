// A writer that is killed in the midst of its work has lost nothing that it had reported stored.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { verifyStore } from "../../host/store/verify.ts";
import { FakeDevice } from "./fake-device.ts";
import { mergeAll } from "./merging.ts";
import { openDatabase, openStore, storePath } from "./support.ts";

const WORKER = fileURLToPath(new URL("../../dist/store-worker.js", import.meta.url));
const WRITER = fileURLToPath(new URL("./endless-writer.ts", import.meta.url));

async function startWriter(path: string, mergeAfterMs: number): Promise<ChildProcess> {
  const program = join(dirname(path), "endless-writer.mjs");
  await build({
    entryPoints: [WRITER],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "warning",
  });
  return spawn(process.execPath, [program, path, WORKER, `${mergeAfterMs}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Merging waits for the latest table, which follows once a second. */
const MERGING_SINCE_MS = 2_500;

/** Kills the writer once it has reported so many commits, for so long at least. Returns the last `next` that it reported, by epoch. */
async function killAfter(
  writer: ChildProcess,
  commits: number,
  msMin: number,
): Promise<Map<string, number>> {
  const reported = new Map<string, number>();
  let count = 0;
  const startMs = performance.now();
  for await (const line of createInterface({ input: writer.stdout! })) {
    const [epoch, next] = line.split(" ") as [string, string];
    reported.set(epoch, Number(next));
    if (++count >= commits && performance.now() - startMs >= msMin) writer.kill("SIGKILL");
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
  return reported;
}

/** Merged batches in the store. */
async function countMerged(path: string): Promise<number> {
  const database = await openDatabase(path);
  const row = database.prepare("SELECT count(*) AS merged FROM batch WHERE count > 1").get();
  database.close();
  return (row as { merged: number }).merged;
}

const HOUR_MS = 3_600_000;

test.each([
  [1, HOUR_MS],
  [20, HOUR_MS],
  [60, HOUR_MS],
  [100, 0],
  [400, 0],
  [450, 1],
  [501, 2],
])("SIGKILL after %i reports, batches merged after %i ms", async (commits, mergeAfterMs) => {
  const path = storePath();
  const isMerging = commits >= 400;
  const msMin = isMerging ? MERGING_SINCE_MS : 0;
  const reported = await killAfter(await startWriter(path, mergeAfterMs), commits, msMin);
  expect(reported.size).toBeGreaterThan(0);
  if (isMerging) expect(await countMerged(path)).toBeGreaterThan(0);
  const verdict = await verifyStore(path);
  expect(verdict).toMatchObject({ ok: true, missing: 0, duplicates: 0 });
  for (const { epoch, next } of verdict.epochs) {
    expect(next).toBeGreaterThanOrEqual(reported.get(epoch) ?? 0);
  }
  const store = await openStore({ path });
  for (const [epoch, next] of reported) {
    const device = new FakeDevice({ name: `device ${epoch}`, epoch });
    const resumed = await store.resume(device.hello({ next: 0xffff_ffff }), 1);
    expect(resumed.next).toBeGreaterThanOrEqual(next);
    expect(resumed.schemas).toEqual([0]);
  }
  await store.close();
  await mergeAll(path);
  expect(await verifyStore(path)).toMatchObject({ ok: true, readings: verdict.readings });
});
