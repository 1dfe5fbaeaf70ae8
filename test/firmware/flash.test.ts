// `senda flash` without an SDK, and with a fake one whose mcconfig is a script: what it calls, what it
// says, and how it fails. The real one builds in real-sdk.test.ts.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Finished, runSendaIn, temporaryFolder } from "../support/senda.ts";
import { type FakeOptions, type FakeSdk, makeFakeSdk } from "./fake-sdk.ts";

const folder = temporaryFolder();
let count = 0;

interface Flashed extends Finished {
  readonly sdk: FakeSdk;
  readonly output: string;
}

/** Runs `senda flash` with a fake SDK of its own. */
async function flash(options: FakeOptions, ...args: readonly string[]): Promise<Flashed> {
  const here = join(folder, `${++count}`);
  const sdk = makeFakeSdk(here, options);
  const output = join(here, "output");
  return { sdk, output, ...(await runSendaIn(sdk.env, "flash", "--output", output, ...args)) };
}

const NODEMCU = ["--platform", "esp32/nodemcu"];
/** A character device that is there everywhere; nothing is written to it by the fake. */
const PORT = ["--port", "/dev/null"];

function expectFailure({ status, stderr }: Finished, exitStatus: number, ...words: string[]): void {
  expect(stderr).toMatch(/^senda: /);
  expect(stderr).not.toMatch(/^ +at /m); // no stack trace
  for (const word of words) expect(stderr).toContain(word);
  expect(status).toBe(exitStatus);
}

test.each([
  { env: {}, words: ["MODDABLE is not set", "npx xs-dev setup"] },
  { env: { MODDABLE: "/no/sdk" }, words: ["/no/sdk, which is no Moddable SDK", "install it"] },
])("no SDK: what to install ($words.0)", async ({ env, words }) => {
  const path = process.env.PATH ?? "";
  const finished = await runSendaIn({ PATH: path, ...env }, "flash", "--platform", "lin");
  expectFailure(finished, 1, ...words);
});

test("an SDK that is too old, and an ESP-IDF that does not fit", async () => {
  const args = [...NODEMCU, "--build-only"];
  expectFailure(await flash({ version: "7.1.0" }, ...args), 1, "is 7.1.0; 8.2 or newer is needed");
  expectFailure(
    await flash({ idfVersion: [5, 1] }, ...args),
    1,
    "is 5.1, and the Moddable SDK needs 6.0",
    "git clone --recursive -b v6.0",
  );
  const { env } = makeFakeSdk(join(folder, "no-idf"));
  const withoutIdf = { ...env, IDF_PATH: "" };
  expectFailure(await runSendaIn(withoutIdf, "flash", ...args), 1, "IDF_PATH is not set");
  const withoutExport = { ...env, PATH: process.env.PATH ?? "" };
  expectFailure(await runSendaIn(withoutExport, "flash", ...args), 1, "export.sh");
});

test("builds for release, then deploys to the port that was named, then says what is next", async () => {
  const args = ["--name", "greenhouse", "--host", "192.168.1.10"];
  const { sdk, output, stdout, stderr, status } = await flash({}, ...NODEMCU, ...PORT, ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const manifest = join(output, "manifest.json");
  const call = (target: string) => `-m -p esp32/nodemcu -o ${output} -t ${target} ${manifest}`;
  expect(sdk.calls()).toEqual([
    `${call("build")} UPLOAD_PORT=`,
    `${call("deploy")} UPLOAD_PORT=/dev/null`,
  ]);
  const { include, config } = JSON.parse(readFileSync(manifest, "utf8"));
  expect(include).toEqual([expect.stringMatching(/\/manifest\.json$/)]);
  expect(config).toEqual({ senda: { device: "greenhouse", host: "192.168.1.10" } });
  expect(stdout).toContain("Moddable SDK 8.2.3");
  expect(stdout).toContain("ESP-IDF 6.0");
  expect(stdout).toContain('The board runs as "greenhouse", with no WiFi');
  expect(stdout).toContain("its collector at 192.168.1.10, by tcp, then serial");
  expect(stdout).toContain(
    "senda collect --tcp 0.0.0.0:7363 --udp 0.0.0.0:7363 --serial /dev/null",
  );
  expect(stdout).toContain("senda tail greenhouse");
  expect(stdout).toContain("senda enroll --serial /dev/null");
});

test("--build-only builds, and needs no port; without it a port must be named and be there", async () => {
  const built = await flash({}, ...NODEMCU, "--build-only");
  expect(built.status).toBe(0);
  expect(built.sdk.calls().map((line) => / -t (\w+)/.exec(line)![1])).toEqual(["build"]);
  expectFailure(await flash({}, ...NODEMCU), 2, "--port", "senda doctor");
  const nowhere = await flash({}, ...NODEMCU, "--port", "/dev/no-such-port");
  expectFailure(nowhere, 1, "no such serial port", "senda doctor");
  expect(nowhere.sdk.calls()).toEqual([]);
});

test("lin is built and not deployed, and needs no ESP-IDF", async () => {
  const { env, calls } = makeFakeSdk(join(folder, "lin"));
  const output = join(folder, "lin/output");
  const args = ["flash", "--platform", "lin", "--output", output];
  const { status, stdout } = await runSendaIn({ ...env, IDF_PATH: "" }, ...args);
  expect(status).toBe(0);
  expect(calls()).toHaveLength(1);
  expect(stdout).toContain("mcsim");
});

test("a tool that fails: its last lines, the log with all of them, and nothing is deployed", async () => {
  const build = "for line in $(seq 1 40); do echo line $line; done; echo no space left >&2; exit 7";
  const finished = await flash({ build }, ...NODEMCU, ...PORT);
  const log = join(finished.output, "log.txt");
  expectFailure(finished, 1, "building for esp32/nodemcu failed", "status 7", "line 40", log);
  expect(finished.stderr).not.toContain("line 9\n");
  expect(readFileSync(log, "utf8")).toMatch(/line 1\n(?:.*\n)*line 40\n/);
  expect(readFileSync(log, "utf8")).toContain("no space left");
  expect(finished.sdk.calls()).toHaveLength(1);
});

test("a build that fails and says that it did not is noticed by the image that is not there", async () => {
  const finished = await flash({ build: "echo ninja: build stopped" }, ...NODEMCU, ...PORT);
  expectFailure(finished, 1, "made no image", "ninja: build stopped");
  expect(finished.sdk.calls()).toHaveLength(1);
});

test("a deploy that fails", async () => {
  const deploy = "echo 'could not open port: permission denied'; exit 2";
  const finished = await flash({ deploy }, ...NODEMCU, ...PORT);
  expectFailure(finished, 1, "flashing the board at /dev/null failed", "permission denied");
});

test("boards that the SDK does not know, and platforms that are none", async () => {
  const unknown = await flash({}, "--platform", "esp32/esp32c9", "--build-only");
  expectFailure(unknown, 1, "knows no such board", "esp32/esp32c3");
  expectFailure(await flash({}, "--platform", "arduino"), 2, "esp32/nodemcu");
});

test("settings from a file, and flags over them; a setting that does not exist is named", async () => {
  const path = join(folder, "settings.json");
  writeFileSync(
    path,
    '{ "device": "shed", "paths": ["udp"], "wifi": { "ssid": "shed", "password": "" } }',
  );
  const args = [...NODEMCU, "--build-only", "--settings", path];
  const { status, output, stdout } = await flash({}, ...args, "--name", "roof");
  expect(status).toBe(0);
  const { config } = JSON.parse(readFileSync(join(output, "manifest.json"), "utf8"));
  expect(config.senda).toEqual({
    device: "roof",
    paths: ["udp"],
    wifi: { ssid: "shed", password: "" },
  });
  expect(stdout).not.toContain("--serial");
  expect(stdout).toContain("The setting key gives it one.");
  expect(stdout).toContain('WiFi "shed"');
  writeFileSync(path, '{ "devise": "shed" }');
  expectFailure(await flash({}, ...args), 1, 'there is no "devise"', "samplePeriodMs");
  writeFileSync(path, "[]");
  expectFailure(await flash({}, ...args), 1, path, "Expected one JSON object");
  expectFailure(await flash({}, ...args, "--name", ""), 1);
});
