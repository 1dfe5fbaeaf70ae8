// An update of the firmware from end to end: the real program signs it, a real collector carries it, the
// simulated device keeps it in a slot, restarts and is welcomed, or not.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { signedUpdate, updateKeyOf } from "../../host/firmware/sign.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";
import { imageOf, KEY, makeKey, NEWER } from "../update/world.ts";
import { CountingProxy } from "./counting-proxy.ts";

const root = temporaryFolder();
const DEVICE = "sim-1";
const IMAGE_BYTES = 1_500_000;

let count = 0;
let folder: string;
let collector: RunningSenda;
let fleet: RunningSenda;
let http: string;
let tcp: string;
let proxy: CountingProxy;

beforeEach(async () => {
  folder = join(root, String(++count));
  await startCollector("127.0.0.1:0", "127.0.0.1:0");
  proxy = await CountingProxy.open(Number(portOf(tcp)));
  fleet = new RunningSenda(
    "simulate",
    ...[
      "--port",
      String(proxy.port),
      "--files",
      join(folder, "board"),
      "--flash",
      join(folder, "flash"),
    ],
    ...["--update-key", updateKeyOf(KEY), "--json"],
  );
  await collector.event("connected", DEVICE);
});

afterEach(async () => {
  await fleet.stop();
  proxy.close();
  await collector.stop();
});

async function startCollector(tcpAt: string, httpAt: string): Promise<void> {
  collector = new RunningSenda(
    "collect",
    ...["--db", join(root, `${count}.db`), "--tcp", tcpAt, "--udp", "off", "--http", httpAt],
    ...["--files", join(folder, "kept"), "--json"],
  );
  const listening = await collector.event("listening");
  [tcp, http] = [String(listening.tcp), String(listening.http)];
}

function updateFile(image: Uint8Array, key = KEY): string {
  const path = join(root, `${count}-${NEWER.replaceAll(" ", "-")}.update`);
  writeFileSync(path, signedUpdate(image, NEWER, key));
  return path;
}

function update(path: string) {
  return runSenda("update", DEVICE, path, "--http", http, "--json");
}

async function firmware(): Promise<unknown> {
  const { stdout } = await runSenda("send", DEVICE, "identify", "--http", http, "--json");
  return JSON.parse(stdout).value;
}

test("signed, sent, restarted and confirmed, by the command line alone", async () => {
  const [image, key] = [join(root, "senda.bin"), join(root, "update.pem")];
  writeFileSync(image, imageOf(NEWER));
  writeFileSync(key, KEY, { mode: 0o600 });
  const signed = await runSenda("firmware", "sign", image, "--key", key, "--version", NEWER);
  expect(signed).toMatchObject({ status: 0, stderr: "" });
  const shown = await runSenda("firmware", "key", "--key", key);
  expect(shown.stdout.trim()).toBe(updateKeyOf(KEY));

  const { status, stdout, stderr } = await runSenda(
    ...["update", DEVICE, `${image}.update`, "--http", http],
  );
  expect([status, stdout]).toEqual([0, `${DEVICE} runs ${NEWER}: confirmed\n`]);
  expect(stderr).toContain("restarts");
  expect(await firmware()).toMatchObject({ firmware: NEWER, trial: false, reset: "software" });
  expect(readFileSync(join(folder, "board", DEVICE, ".slots", "slot-b.image"))).toEqual(
    Buffer.from(imageOf(NEWER)),
  );
}, 60_000);

test("cut in the middle by the collector's death, it goes on where it was", async () => {
  const path = updateFile(imageOf(NEWER, IMAGE_BYTES));
  const cut = new RunningSenda("update", DEVICE, path, "--http", http, "--json");
  await proxy.until(IMAGE_BYTES / 2);
  await collector.kill();
  expect(await cut.ended).toBe(1);
  expect(cut.stderr).toContain("it goes on where it was");
  await startCollector(tcp, http);
  await collector.event("connected", DEVICE);

  const resumed = new RunningSenda("update", DEVICE, path, "--http", http, "--json");
  expect(await resumed.ended).toBe(0);
  expect(proxy.bytesDown).toBeGreaterThan(IMAGE_BYTES);
  expect(proxy.bytesDown).toBeLessThan(1.2 * IMAGE_BYTES); // begun anew it would be half as much again
  expect(await resumed.event("result")).toMatchObject({ status: "confirmed", firmware: NEWER });
}, 60_000);

test("one that another key signed is refused, and the device goes on as it was", async () => {
  const { status, stderr } = await update(updateFile(imageOf(NEWER), makeKey()));
  expect(status).toBe(1);
  expect(stderr).toContain("refused: the signature is not by this firmware's key");
  expect(await firmware()).toMatchObject({ firmware: "senda 0.1.0", reset: "power-on" });
  expect(await update(updateFile(imageOf(NEWER)))).toMatchObject({ status: 0 }); // the next is taken
}, 60_000);

test("an image that crashes before a collector welcomes it is rolled back", async () => {
  const image = imageOf(NEWER);
  image.set(new TextEncoder().encode(`senda-image ${NEWER}\ncrashes\n`));
  const { status, stdout, stderr } = await update(updateFile(image));
  expect(status).toBe(1);
  expect(stderr).toContain(`rolled back to senda 0.1.0: ${NEWER} was not welcomed`);
  expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject({ status: "rolled-back" });
  expect(await firmware()).toMatchObject({ firmware: "senda 0.1.0", trial: false });
}, 60_000);

test("what is no update is not sent", async () => {
  const path = join(root, "plain.bin");
  writeFileSync(path, imageOf(NEWER));
  const { status, stderr } = await update(path);
  expect(status).toBe(1);
  expect(stderr).toContain("no signed update: make one with `senda firmware sign");
  const wrong = await runSenda("put", DEVICE, join(root, "missing.txt"), "--http", http);
  expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining("there is no file") });
}, 60_000);
