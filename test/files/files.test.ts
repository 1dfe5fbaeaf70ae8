// `senda put`, `get` and `files` with a real collector and simulated devices, in the clear and sealed.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openPtyPair, socatPath } from "../support/pty.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const root = temporaryFolder();
const DEVICE = "sim-1";
const PICTURE = randomBytes(200_000);

const running: RunningSenda[] = [];
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function run(...args: readonly string[]): RunningSenda {
  const each = new RunningSenda(...args, "--json");
  running.push(each);
  return each;
}

async function collect(name: string, ...more: readonly string[]) {
  const at = ["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const collector = run("collect", "--db", join(root, `${name}.db`), ...at, ...more);
  const { tcp, udp, http } = await collector.event("listening");
  return { collector, tcp: portOf(tcp), udp: portOf(udp), http: ["--http", String(http)] };
}

function fileOf(name: string, bytes: Uint8Array | string): string {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
}

function lastLine(stdout: string): unknown {
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

test("a file goes there, is listed, comes back the same, and is removed", async () => {
  const { collector, tcp, http } = await collect("there");
  run("simulate", "--port", tcp, "--files", join(root, "there"));
  await collector.event("connected", DEVICE);
  expect(await runSenda("files", DEVICE, ...http)).toMatchObject({
    status: 0,
    stdout: `${DEVICE} has no files\n`,
  });

  const path = fileOf("picture.png", PICTURE);
  const put = await runSenda("put", DEVICE, path, "--as", "splash.png", ...http);
  expect(put).toEqual({
    status: 0,
    stdout: `${DEVICE} keeps splash.png: 200 kB, SHA-256 ${sha256(PICTURE)}\n`,
    stderr: "",
  });
  expect(readFileSync(join(root, "there", DEVICE, "splash.png"))).toEqual(PICTURE);

  const listed = await runSenda("files", DEVICE, "--hash", ...http);
  expect(listed.stdout).toMatch(new RegExp(`splash.png +200 kB +${sha256(PICTURE)}`));
  const output = join(root, "back.png");
  const get = await runSenda("get", DEVICE, "splash.png", "--output", output, "--json", ...http);
  expect(lastLine(get.stdout)).toMatchObject({ bytes: 200_000, sha256: sha256(PICTURE) });
  expect(readFileSync(output)).toEqual(PICTURE);
  expect(readFileSync(join(root, "there-files", DEVICE, "splash.png"))).toEqual(PICTURE);

  const removed = await runSenda("send", DEVICE, "remove-file", "name=splash.png", ...http);
  expect(removed.status).toBe(0);
  expect((await runSenda("files", DEVICE, "--json", ...http)).stdout).toBe("");
}, 60_000);

test("two at once, and the second of a name takes the first one's place there", async () => {
  const { collector, tcp, http } = await collect("two");
  run("simulate", "--port", tcp, "--files", join(root, "two"));
  await collector.event("connected", DEVICE);
  const [text, picture] = [fileOf("a.txt", "some text"), fileOf("b.png", PICTURE)];
  const both = await Promise.all(
    [text, picture].map((path) => runSenda("put", DEVICE, path, ...http)),
  );
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  writeFileSync(text, "another text");
  expect((await runSenda("put", DEVICE, text, ...http)).status).toBe(0);
  expect(readFileSync(join(root, "two", DEVICE, "a.txt"), "utf8")).toBe("another text");
  expect(readFileSync(join(root, "two", DEVICE, "b.png"))).toEqual(PICTURE);
}, 60_000);

test("what cannot be done is said, and leaves nothing", async () => {
  const { collector, tcp, http } = await collect("not");
  const fleet = run("simulate", "--port", tcp, "--files", join(root, "not"));
  await collector.event("connected", DEVICE);
  const path = fileOf("plan.txt", "a plan");
  const said = async (...args: readonly string[]) => {
    const { status, stderr } = await runSenda(...args, ...http);
    expect(status).not.toBe(0);
    return stderr;
  };
  const missing = join(root, "missing.txt");
  expect(await said("get", DEVICE, "missing.txt", "--output", missing)).toContain(
    "not-found: there is no such file",
  );
  expect(existsSync(missing)).toBe(false);
  expect(await said("put", DEVICE, path, "--as", "../plan.txt")).toContain('"../plan.txt"');
  expect(await said("put", "sim-2", path)).toContain('no device "sim-2" has been here');
  const large = fileOf("large.bin", Buffer.alloc(67_108_865));
  expect(await said("put", DEVICE, large)).toContain(
    "has 67,108,865 bytes; at most 67,108,864 can be sent",
  );
  mkdirSync(join(root, "folder"), { recursive: true });
  expect(await said("put", DEVICE, join(root, "folder"))).toContain("there is no file");
  await fleet.stop();
  await collector.event("disconnected", DEVICE);
  expect(await said("put", DEVICE, path)).toContain(`device "${DEVICE}" is away`);
}, 60_000);

test("a collector without a folder says how it gets one", async () => {
  const { collector, tcp, http } = await collect("off", "--files", "off");
  run("simulate", "--port", tcp, "--files", join(root, "off"));
  await collector.event("connected", DEVICE);
  const { status, stderr } = await runSenda("put", DEVICE, fileOf("x.txt", "x"), ...http);
  expect([status, stderr]).toEqual([
    1,
    "senda: this collector keeps no files: start it with --files DIR\n",
  ]);
}, 60_000);

describe("sealed", () => {
  const paths = socatPath === undefined ? ["tcp", "udp"] : ["tcp", "udp", "serial"];
  test.each(paths)(
    "both ways over %s",
    async (via) => {
      const bytes = PICTURE.subarray(0, via === "serial" ? 8_000 : 100_000);
      const keys = join(root, `${via}.keys`);
      expect((await runSenda("key", "add", DEVICE, "--keys", keys)).status).toBe(0);
      const pty = via === "serial" ? await openPtyPair() : undefined;
      const line = pty === undefined ? [] : ["--serial", pty.a];
      const { collector, tcp, udp, http } = await collect(`sealed-${via}`, "--keys", keys, ...line);
      const port = ["--port", via === "udp" ? udp : tcp];
      const to = pty === undefined ? port : [...port, "--serial", pty.b];
      run("simulate", "--via", via, ...to, "--keys", keys, "--files", join(root, `board-${via}`));
      await collector.event("connected", DEVICE);
      const path = fileOf(`${via}.bin`, bytes);
      const output = join(root, `${via}.back`);
      expect((await runSenda("put", DEVICE, path, ...http)).stderr).toBe("");
      expect(
        (await runSenda("get", DEVICE, `${via}.bin`, "--output", output, ...http)).stderr,
      ).toBe("");
      expect(readFileSync(output)).toEqual(bytes);
      for (const each of running.splice(0).reverse()) await each.stop();
      pty?.close();
    },
    120_000,
  );
});
