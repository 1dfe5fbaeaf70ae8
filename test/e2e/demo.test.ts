// What a newcomer sees first: `npm start` is `senda demo`.

import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { socatPath } from "../support/pty.ts";
import { runSenda, temporaryFolder, WatchedSenda } from "../support/senda.ts";

const folder = temporaryFolder();
const PORTS = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0"];

/** Runs the demo until each device has shown values, stops it as Ctrl-C does, and gives what it printed. */
async function watchDemo(db: string, env: NodeJS.ProcessEnv): Promise<string> {
  const demo = new WatchedSenda(["demo", "--db", db, ...PORTS], env);
  for (const device of ["random", "computer", "greenhouse"]) {
    await demo.printed(new RegExp(`^${device} .* readings/s .*=`, "m"));
  }
  expect(await demo.stop()).toBe(0);
  return demo.stdout;
}

async function expectThreeDevices(db: string): Promise<void> {
  const { stdout } = await runSenda("verify", "--db", db, "--json");
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, devices: 3 });
}

describeWith("socat", socatPath !== undefined, "where socat is installed", () => {
  test("three devices over TCP, UDP and a serial line; Ctrl-C says what was stored", async () => {
    const db = join(folder, "with.db");
    const text = await watchDemo(db, process.env);
    expect(text).toMatch(/^random {2}tcp /m);
    expect(text).toMatch(/^computer {2}udp /m);
    expect(text).toMatch(/^greenhouse {2}serial /m);
    expect(text).toMatch(/Stored \d+ readings in \d+ batches\. They are in /);
    expect(text).not.toContain("\x1b"); // a pipe gets plain lines
    await expectThreeDevices(db);
  });
});

test("without socat the third device uses TCP, and the demo says so", async () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const db = join(folder, "without.db");
  const text = await watchDemo(db, { ...process.env, PATH: bin });
  expect(text).toContain("a serial line needs socat, which is not installed");
  expect(text).toMatch(/^greenhouse {2}tcp /m);
  await expectThreeDevices(db);
});
