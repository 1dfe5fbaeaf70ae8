// `senda export`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Channel } from "../../shared/channel.ts";
import { runSenda, temporaryFolder } from "../support/senda.ts";
import { isHarmless, jsonLines, linesOf } from "./support/lines.ts";
import { climateRows, makeStore, TestDevice } from "./support/test-store.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/senda.js", import.meta.url));

const folder = temporaryFolder();
const db = join(folder, "store.db");
const large = join(folder, "large.db");

const LARGE_BATCHES = 3_000;
const LARGE_ROWS = 100;

const ODD: readonly Channel[] = [
  { name: "=cmd", kind: "text", unit: "" },
  { name: 'say "hi", twice', kind: "enumeration", unit: "", labels: ["+1", "plain"] },
  { name: "level", kind: "float64", unit: "1" },
  { name: "raw", kind: "bytes", unit: "" },
  { name: "map", kind: "structured", unit: "" },
];

beforeAll(async () => {
  await makeStore(db, async (store) => {
    const kitchen = await TestDevice.begin(store, { name: "kitchen" });
    kitchen.setClock();
    kitchen.batch(climateRows(2));
    const shed = await TestDevice.begin(store, { name: "shed", epoch: "00000000000000b2" });
    shed.batch(climateRows(1, 5));
    const odd = await TestDevice.begin(store, {
      name: "odd, one",
      channels: ODD,
      epoch: "00000000000000c3",
    });
    odd.setClock();
    odd.batch([
      ['=1+1 "x"\r\nnext', 0, Number.NaN, Uint8Array.of(251, 239), new Map([["a", 1]])],
      ["plain", 1, 0.1 + 0.2, undefined, undefined],
    ]);
  });
  await makeStore(large, async (store) => {
    const busy = await TestDevice.begin(store, { name: "busy" });
    busy.setClock();
    for (let batch = 0; batch < LARGE_BATCHES; batch++) busy.batch(climateRows(LARGE_ROWS));
  });
});

test("CSV, long: one reading a line, the uptime as a duration where no UTC is known", async () => {
  const args = ["--device", "kitchen", "shed", "--db", db];
  const { status, stdout, stderr } = await runSenda("export", ...args);
  expect(status).toBe(0);
  expect(linesOf(stdout)).toEqual([
    "time,device,channel,value,unit",
    "2026-05-04T12:00:01.000Z,kitchen,temperature,20,Cel",
    "2026-05-04T12:00:01.000Z,kitchen,pressure,101300,Pa",
    "2026-05-04T12:00:01.000Z,kitchen,door,false,",
    "2026-05-04T12:00:02.000Z,kitchen,temperature,20.01,Cel",
    "2026-05-04T12:00:02.000Z,kitchen,pressure,101301,Pa",
    "2026-05-04T12:00:02.000Z,kitchen,door,true,",
    "PT1S,shed,temperature,20.05,Cel",
    "PT1S,shed,pressure,101305,Pa",
    "PT1S,shed,door,true,",
  ]);
  expect(stderr).toBe(
    "3 readings without a time in UTC: the device's uptime stands in its place\n",
  );
});

test("CSV quotes what must be, and changes nothing", async () => {
  const { stdout } = await runSenda("export", "--device", "odd, one", "--db", db);
  const [one, two] = ["2026-05-04T12:00:01.000Z", "2026-05-04T12:00:02.000Z"];
  expect(stdout).toBe(
    [
      "time,device,channel,value,unit",
      `${one},"odd, one","=cmd","=1+1 ""x""\r\nnext",`,
      `${one},"odd, one","say ""hi"", twice","+1",`,
      `${one},"odd, one",level,NaN,1`,
      `${one},"odd, one",raw,"++8=",`,
      `${one},"odd, one",map,"{""a"":1}",`,
      `${two},"odd, one","=cmd","plain",`,
      `${two},"odd, one","say ""hi"", twice",plain,`,
      `${two},"odd, one",level,0.30000000000000004,1`,
      "",
    ].join("\n"),
  );
});

test("CSV, wide: one sample a line", async () => {
  const { stdout } = await runSenda("export", "--wide", "--device", "kitchen", "--db", db);
  expect(linesOf(stdout)).toEqual([
    "time,temperature,pressure,door",
    "2026-05-04T12:00:01.000Z,20,101300,false",
    "2026-05-04T12:00:02.000Z,20.01,101301,true",
  ]);
  const chosen = ["--channel", "door", "temperature", "--from", "2026-05-04T12:00:02Z"];
  const part = await runSenda("export", "--wide", "--device", "kitchen", ...chosen, "--db", db);
  expect(linesOf(part.stdout)).toEqual([
    "time,door,temperature",
    "2026-05-04T12:00:02.000Z,true,20.01",
  ]);
});

test("NDJSON: one reading a line, or with --wide one sample", async () => {
  const long = await runSenda("export", "--format", "ndjson", "--db", db);
  expect(isHarmless(long.stdout)).toBe(true);
  const lines = jsonLines(long.stdout);
  expect(lines).toHaveLength(17);
  expect(lines[0]).toEqual({
    time: "2026-05-04T12:00:01.000Z",
    device: "kitchen",
    channel: "temperature",
    value: 20,
    unit: "Cel",
  });
  expect(lines[6]).toMatchObject({ time: null, uptimeMs: 1_000, device: "shed" });
  const args = ["--format", "ndjson", "--wide", "--device", "kitchen", "--db", db];
  expect(jsonLines((await runSenda("export", ...args)).stdout)).toMatchObject([
    { time: "2026-05-04T12:00:01.000Z", values: { temperature: 20, pressure: 101_300 } },
    { time: "2026-05-04T12:00:02.000Z", values: { temperature: 20.01, door: true } },
  ]);
});

describe("to a file", () => {
  test("it is there when it is whole, and not replaced unless asked for", async () => {
    const path = join(folder, "kitchen.csv");
    const args = ["--device", "kitchen", "--output", path, "--db", db];
    const first = await runSenda("export", ...args);
    expect(first).toMatchObject({ status: 0, stdout: "" });
    expect(first.stderr).toBe(`6 readings, ${readFileSync(path).length} B, in ${path}\n`);
    expect(linesOf(readFileSync(path, "utf8"))).toHaveLength(7);
    writeFileSync(path, "mine");
    const second = await runSenda("export", ...args);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(/^senda: export: .*kitchen\.csv exists; .*--force\n$/);
    expect(readFileSync(path, "utf8")).toBe("mine");
    const third = await runSenda("export", ...args, "--force");
    expect(third.status).toBe(0);
    expect(linesOf(readFileSync(path, "utf8"))).toHaveLength(7);
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  test("a place that cannot be", async () => {
    const inNowhere = await runSenda("export", "--output", join(folder, "no/a.csv"), "--db", db);
    const onFolder = await runSenda("export", "--output", folder, "--db", db);
    expect(inNowhere).toMatchObject({ status: 1, stdout: "" });
    expect(inNowhere.stderr).toMatch(/^senda: export: .*its directory does not exist; make it/);
    expect(onFolder).toMatchObject({ status: 1, stdout: "" });
    expect(onFolder.stderr).toMatch(/^senda: export: .*it is a directory; name a file in it\n$/);
  });

  test.skipIf(!existsSync("/dev/full"))("a full disk", async () => {
    const { status, stderr } = await runSenda("export", "--output", "/dev/full", "--db", db);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^senda: export: \/dev\/full could not be written .*disk is full.*\n$/);
    const child = spawn("/bin/sh", ["-c", `"$0" "$@" > /dev/full`, process.execPath, PROGRAM].concat(["export", "--db", db])); // biome-ignore format: one command
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    expect(await once(child, "close")).toEqual([1, null]);
    expect(text).toMatch(/^senda: export: standard output ended early.*disk is full.*\n$/);
  });

  test.skipIf(process.platform === "win32")("a limit on the file's size", async () => {
    const target = join(folder, "limited");
    mkdirSync(target);
    const script = `ulimit -f 100; exec "$0" "$@"`;
    const args = ["-c", script, process.execPath, PROGRAM, "export", "--db", large];
    const child = spawn("/bin/bash", [...args, "--output", join(target, "large.csv")]);
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    expect(await once(child, "close")).toEqual([1, null]);
    expect(text).toMatch(
      /could not be written beyond [\d,]+ readings, which were taken away again/,
    );
    expect(readdirSync(target)).toEqual([]);
  });
});

test("a store larger than the memory, and a slow reader", async () => {
  const child = spawn(process.execPath, [PROGRAM, "export", "--db", large], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "--max-old-space-size=24" },
  });
  let lines = 0;
  for await (const chunk of child.stdout) {
    for (const byte of chunk as Buffer) if (byte === 10) lines++;
  }
  expect(lines).toBe(1 + LARGE_BATCHES * LARGE_ROWS * 3);
  expect(child.exitCode ?? (await once(child, "close"))[0]).toBe(0);
});

test("a reader that has seen enough is no error", async () => {
  const child = spawn(process.execPath, [PROGRAM, "export", "--db", large]);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const closed = once(child, "close");
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect([await closed, stderr]).toEqual([[0, null], ""]);
});

test("Ctrl-C leaves no half file", async () => {
  const target = join(folder, "stopped");
  mkdirSync(target);
  const path = join(target, "large.csv");
  const child = spawn(process.execPath, [PROGRAM, "export", "--db", large, "--output", path]);
  const closed = once(child, "close");
  while (!existsSync(`${path}.part`)) await new Promise((resolve) => setImmediate(resolve));
  child.kill("SIGINT");
  expect(await closed).toEqual([130, null]);
  expect(readdirSync(target)).toEqual([]);
});

test.each<[number, string[], RegExp]>([
  [2, ["--wide"], /^senda: export: --wide takes one device, and these are 3; name one with/],
  [
    1,
    ["--device", "attic"],
    /^senda: the store has no device "attic"; there are "kitchen", "odd, one"/,
  ],
  [
    1,
    ["--channel", "temp"],
    /^senda: none of these devices has a channel "temp"; there are "temperature"/,
  ],
])("status %i for %j", async (expected, args, sentence) => {
  const { status, stdout, stderr } = await runSenda("export", ...args, "--db", db);
  expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
  expect(stderr).toMatch(sentence);
});
