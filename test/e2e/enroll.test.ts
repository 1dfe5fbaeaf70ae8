// Enrolment end to end: a board that nobody has set up on one end of a serial cable, `senda enroll` on the
// other, and a collector that takes sealed sessions only. Real processes, ttys, sockets and files.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { openPtyPair, type PtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, SENDA, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const cables: PtyPair[] = [];
afterAll(async () => {
  for (const cable of cables) await cable.close();
});

let bench = 0;

/** A board at a cable, as it comes from the flasher: simulated, with flash, and with paths to `port`. */
async function openBench() {
  const at = join(folder, String(++bench));
  const cable = await openPtyPair();
  cables.push(cable);
  const [db, keys] = [`${at}.db`, `${at}.keys`];
  const collect = async (listen: readonly string[], ring = keys) => {
    const collector = new RunningSenda(
      ...["collect", "--db", db, "--keys", ring, "--udp", "off", "--json", ...listen],
    );
    const { tcp, http } = await collector.event("listening");
    return { collector, port: portOf(tcp), http: String(http) };
  };
  const startBoard = (port: string) =>
    new RunningSenda(
      ...["simulate", "--json", "--via", "auto", "--port", port, "--serial", cable.b],
      ...["--flash", `${at}.flash`, "--period-ms", "100"],
    );
  const enroll = (...flags: readonly string[]) => [
    ...["enroll", "--serial", cable.a, "--host", "127.0.0.1", "--keys", keys, ...flags],
  ];
  return { db, keys, collect, startBoard, enroll, settings: `${at}.flash/sim-1.settings` };
}

const ANYWHERE = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"];

async function keyCount(keys: string, device: string): Promise<number> {
  const { stdout } = await runSenda("key", "list", "--keys", keys, "--json");
  const { devices } = JSON.parse(stdout) as { devices: { device: string; keys: number }[] };
  return devices.find((each) => each.device === device)?.keys ?? 0;
}

function keysIn(path: string): string[] {
  return existsSync(path) ? (readFileSync(path, "utf8").match(/[0-9a-f]{64}/g) ?? []) : [];
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describeWith("socat", socatPath !== undefined, "senda enroll", () => {
  test("a board gets name, WiFi, collector and key, and its readings arrive sealed within seconds", async () => {
    const { db, keys, collect, startBoard, enroll, settings } = await openBench();
    await runSenda("key", "add", "other", "--keys", keys);
    const { collector, port, http } = await collect(ANYWHERE);
    const board = startBoard(port);
    await collector.event("refused", "sim-1 has no key");
    writeFileSync(join(folder, "password"), "open sesame\nnot this\n");
    const { stdout, stderr, status } = await runSenda(
      ...enroll("--http", http, "--name", "cellar", "--yes", "--json"),
      ...["--wifi-ssid", "shed", "--wifi-password-file", join(folder, "password")],
    );
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const [found, written, enrolled] = linesOf(stdout);
    expect(found).toEqual({ event: "board", device: "sim-1", isEnrolled: false });
    expect(written).toMatchObject({ event: "written", device: "cellar", hasRestarted: true });
    expect(enrolled).toMatchObject({ event: "enrolled", device: "cellar", path: "tcp" });
    expect(enrolled!.seconds).toBeLessThan(30);
    const kept = readdirSync(settings).map((name) => readFileSync(join(settings, name), "utf8"));
    for (const text of ["cellar", "shed", "open sesame"])
      expect(kept.join()).toContain(`"${text}"`);
    expect(kept.join()).not.toContain("not this");
    await collector.event("connected", "cellar");
    await board.stop();
    expect(await collector.stop()).toBe(0);
    const { seal, readings } = collector.events.find(({ event }) => event === "stopped")!;
    expect(seal).toMatchObject({ handshakes: 1, forged: 0, misbound: 0 });
    expect(readings).toBeGreaterThan(0);
    const verified = JSON.parse((await runSenda("verify", "--db", db, "--json")).stdout);
    expect(verified).toMatchObject({ ok: true, devices: 1 });
    const said = [stdout, stderr, board.stderr, JSON.stringify(collector.events)].join();
    for (const secret of [...keysIn(keys), "sesame"]) expect(said).not.toContain(secret);
    expect(await keyCount(keys, "cellar")).toBe(1);
  });

  test("no collector: the board is set up, and told how to start one; then it comes in", async () => {
    const { keys, collect, startBoard, enroll } = await openBench();
    const free = await collect(ANYWHERE, await emptyKeys());
    await free.collector.stop();
    const board = startBoard(free.port);
    const { stdout, status } = await runSenda(...enroll("--http", free.http, "--yes"));
    expect(status).toBe(0);
    expect(stdout).toContain("sim-1 is set up, but no collector answers at HTTP");
    expect(stdout).toContain(`--keys ${keys}`);
    const { collector } = await collect(["--tcp", `127.0.0.1:${free.port}`, "--http", "off"]);
    await collector.event("connected", "sim-1");
    await board.stop();
    await collector.stop();
  });

  test("somebody at a terminal is asked for the rest, and the password is not shown", async () => {
    const { keys, collect, startBoard, enroll, settings } = await openBench();
    const { collector, port, http } = await collect(ANYWHERE, await emptyKeys(keys));
    const board = startBoard(port);
    const shown = await atTerminal(enroll("--http", http), [
      [/Name of the board \[sim-1\]: /, "attic"],
      [/WiFi network .*: /, "shed"],
      [/Password of shed: /, "open sesame"],
    ]);
    expect(shown).toContain("The board says that it is sim-1; it has no key yet.");
    expect(shown).toMatch(/attic is here over tcp, sealed, [\d.]+ s after/);
    expect(shown).not.toContain("sesame");
    const kept = readdirSync(settings).map((name) => readFileSync(join(settings, name), "utf8"));
    expect(kept.join()).toContain("open sesame");
    await board.stop();
    await collector.stop();
  });

  test("enrolled already: asked about, and then enrolled anew under its present key", async () => {
    const { keys, collect, startBoard, enroll } = await openBench();
    const free = await collect(ANYWHERE, await emptyKeys());
    await free.collector.stop();
    const board = startBoard(free.port);
    const http = ["--http", free.http];
    await runSenda(...enroll(...http, "--yes"));
    const [first] = keysIn(keys);
    const asked = await runSenda(...enroll(...http));
    expect(asked.status).toBe(2);
    expect(asked.stdout).toContain("it is enrolled already");
    expect(asked.stderr).toContain("Enrol sim-1 anew? Say so with --yes");
    expect(keysIn(keys)).toEqual([first]);
    const { stdout, status } = await runSenda(...enroll(...http, "--yes"));
    expect(status).toBe(0);
    expect(stdout).toContain("and begins anew");
    const [second, old] = keysIn(keys);
    expect(old).toBe(first);
    expect(second).not.toBe(first);
    const { collector } = await collect(["--tcp", `127.0.0.1:${free.port}`, "--http", "off"]);
    await collector.event("keys", "sim-1 has its new key");
    expect(keysIn(keys)).toEqual([second]);
    await board.stop();
    await collector.stop();
  });

  test("enrolled with a key that nobody here has: it says so, and what to do", async () => {
    const { collect, startBoard, enroll } = await openBench();
    const free = await collect(ANYWHERE, await emptyKeys());
    await free.collector.stop();
    const board = startBoard(free.port);
    await runSenda(...enroll("--http", free.http, "--yes"));
    const keys = await emptyKeys();
    const { status, stderr } = await runSenda(...enroll("--yes"), "--keys", keys);
    expect(status).toBe(1);
    expect(stderr).toContain("board sim-1 has a key");
    expect(stderr).toContain("erase-flash");
    expect(await keyCount(keys, "sim-1")).toBe(0);
    await board.stop();
  });

  test("Ctrl-C while it waits for the board: the board has its key, and comes in by itself", async () => {
    const { keys, collect, startBoard, enroll } = await openBench();
    const other = await collect(ANYWHERE, await emptyKeys());
    const board = startBoard(other.port);
    const enrolling = new RunningSenda(...enroll("--http", other.http, "--yes", "--json"));
    await enrolling.event("written");
    await other.collector.event("refused", "unknown device sim-1");
    expect(await enrolling.stop()).toBe(130);
    expect(enrolling.stderr).toContain("sim-1 has its key, and comes in by itself");
    await other.collector.stop();
    const { collector } = await collect(["--tcp", `127.0.0.1:${other.port}`, "--http", "off"]);
    await collector.event("connected", "sim-1");
    expect(await keyCount(keys, "sim-1")).toBe(1);
    await board.stop();
    await collector.stop();
  });

  test("a wrong port, a wrong name: nothing is changed", async () => {
    const { keys, enroll } = await openBench();
    const port = await runSenda("enroll", "--serial", join(folder, "none"), "--keys", keys);
    expect(port.status).toBe(1);
    expect(port.stderr).toContain("there is no such port");
    const name = await runSenda(...enroll("--name", ""));
    expect(name.status).toBe(2);
    expect(existsSync(keys)).toBe(false);
  });
});

/** Runs a command on a terminal of its own, and types each answer once its question shows; what was shown. */
async function atTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<string> {
  const command = [process.execPath, SENDA, ...args].join(" ");
  const terminal = spawn("socat", ["-", `EXEC:"${command}",pty,setsid,ctty,stderr`]);
  const left = [...answers];
  let shown = "";
  terminal.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    if (left[0]?.[0].test(shown)) terminal.stdin.write(`${left.shift()![1]}\r`);
  });
  await once(terminal, "close");
  expect(left).toEqual([]);
  return shown;
}

/** A file of keys of somebody else's. */
async function emptyKeys(path = join(folder, `other-${++bench}.keys`)): Promise<string> {
  await runSenda("key", "add", "somebody-else", "--keys", path);
  return path;
}
