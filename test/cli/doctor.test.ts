// `senda doctor`.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import type { Check } from "../../host/doctor/check.ts";
import { checkPort } from "../../host/doctor/listening.ts";
import { checkClock, checkDisk, clockCheck, diskCheck } from "../../host/doctor/machine.ts";
import { checkNode } from "../../host/doctor/runtime.ts";
import { checkEspIdf, checkModdable, checkSocat } from "../../host/doctor/tools.ts";
import { runSenda } from "../support/senda.ts";
import { isHarmless, jsonLines, linesOf } from "./support/lines.ts";

test("every check says what was found; only problems fail", async () => {
  const { status, stdout } = await runSenda("doctor", "--json");
  const [report, ...rest] = jsonLines(stdout);
  expect(rest).toEqual([]);
  const checks = report!.checks as Check[];
  const problems = checks.filter(({ state }) => state === "problem");
  expect(report!.ok).toBe(problems.length === 0);
  expect(status).toBe(problems.length === 0 ? 0 : 1);
  for (const check of checks) {
    expect(["ok", "note", "problem"]).toContain(check.state);
    expect(check.advice === undefined).toBe(check.state === "ok");
  }
  const names = checks.map(({ name }) => name);
  const expected = ["Node", "SQLite", "serial library", "TCP for devices", "UDP for devices"];
  expect(names).toEqual(expect.arrayContaining([...expected, "HTTP", "disk", "clock", "socat"]));
  const working = checks.filter(({ name }) => ["Node", "SQLite", "serial library"].includes(name));
  expect(working.map(({ state }) => state)).toEqual(["ok", "ok", "ok"]);
});

test("people get a line for each, advice below it, and a verdict", async () => {
  const { stdout } = await runSenda("doctor");
  expect(isHarmless(stdout)).toBe(true);
  expect(stdout).toMatch(/^ok {7}Node +\d+\.\d+\.\d+ on /m);
  expect(linesOf(stdout).pop()).toMatch(/^The collector can run here|to solve before/);
});

test("a port that is held: by whom, and which flag chooses another", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await Promise.all([once(server, "listening"), once(socket, "listening")]);
  const name = "a port";
  const isNeeded = true;
  const tcp = { transport: "tcp", port: (server.address() as AddressInfo).port } as const;
  const udp = { transport: "udp", port: socket.address().port } as const;
  for (const held of [tcp, udp]) {
    const check = await checkPort({ ...held, name, isNeeded, flag: "--there" });
    expect(check).toMatchObject({ state: "problem", name });
    expect(check.text).toContain(`:${held.port} is in use by`);
    if (process.platform === "linux") expect(check.text).toContain(`(process ${process.pid})`);
    expect(check.advice).toContain("--there ADDR:PORT");
  }
  const isNote = await checkPort({ ...tcp, name, isNeeded: false, flag: "--there" });
  expect(isNote.state).toBe("note");
  server.close();
  socket.close();
  await Promise.all([once(server, "close"), once(socket, "close")]);
  expect(await checkPort({ ...tcp, name, isNeeded, flag: "--there" })).toMatchObject({
    state: "ok",
  });
});

test.each([
  ["20.19.0", "ok"],
  ["24.1.0", "ok"],
  ["20.18.9", "problem"],
  ["18.20.0", "problem"],
])("Node %s: %s", (version, state) => {
  expect(checkNode(version).state).toBe(state);
});

test("disk: too little to begin with, too little for long, enough, and none at all", async () => {
  const states = [5e7, 5e8, 5e9].map((bytes) => diskCheck("/data", bytes).state);
  expect(states).toEqual(["problem", "note", "ok"]);
  expect(diskCheck("/data", 5e9).text).toContain("8.33 billion readings");
  expect(await checkDisk("/no/such/folder")).toMatchObject({ state: "problem" });
});

test("clock: 1970 is no time, nor is one before the program was made", async () => {
  const today = Date.UTC(2026, 5, 1);
  expect(clockCheck(0, 0)).toMatchObject({ state: "problem" });
  expect(clockCheck(Date.UTC(2150, 0, 1), 0)).toMatchObject({ state: "problem" });
  expect(clockCheck(today, today + 1)).toMatchObject({ state: "note" });
  expect(clockCheck(today, today - 1)).toMatchObject({ state: "ok" });
  expect(await checkClock(today, new URL("file:///no/such/file"))).toMatchObject({ state: "ok" });
});

test("what is not installed is a note that says how to get it", async () => {
  const checks = await Promise.all([
    checkSocat({ PATH: "/no/such/folder" }),
    checkModdable({}),
    checkModdable({ MODDABLE: "/no/such/folder" }),
    checkEspIdf({}),
    checkEspIdf({ IDF_PATH: "/no/such/folder" }),
  ]);
  expect(checks.map(({ state }) => state)).toEqual(["note", "note", "note", "note", "note"]);
  for (const { advice } of checks) expect(advice).toMatch(/install|build/);
});
