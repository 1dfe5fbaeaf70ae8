// Where the HTTP side listens, and what a collector does where it cannot.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const DEVICES = ["--tcp", "127.0.0.1:0", "--udp", "off"];
const DEFAULT_PORT = 7380;

let taken: Server;

beforeAll(async () => {
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
});

afterAll(() => taken.close());

/** Whoever has the default port, it is not free while this runs. */
async function takeDefaultPort(): Promise<Server | undefined> {
  const server = createServer().listen(DEFAULT_PORT, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}

test("the default port is taken: that is told, and the collector goes on", async () => {
  const server = await takeDefaultPort();
  const collector = new RunningSenda("collect", "--db", join(folder, "a.db"), ...DEVICES, "--json");
  const { http, httpFault } = await collector.event("listening");
  expect(http).toBeNull();
  for (const word of ["no dashboard", `127.0.0.1:${DEFAULT_PORT}`, "--http"]) {
    expect(httpFault).toContain(word);
  }
  server?.close();
  expect(await collector.stop()).toBe(0);
  expect(collector.stderr).toBe("");
});

test("a port that was asked for is taken: an error that names it", async () => {
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const args = ["--db", join(folder, "b.db"), ...DEVICES, "--http", address];
  const { status, stderr } = await runSenda("collect", ...args);
  expect(status).toBe(1);
  expect(stderr).toContain(`HTTP ${address}`);
  expect(stderr).toContain("--http");
});

test("an address that others reach is refused, for there are no tokens", async () => {
  for (const address of ["0.0.0.0:0", "[::]:0"]) {
    const args = ["--db", join(folder, "c.db"), ...DEVICES, "--http", address];
    const { status, stderr } = await runSenda("collect", ...args);
    expect(status).toBe(1);
    expect(stderr).toContain("tokens");
    expect(stderr).not.toContain("    at ");
  }
});

test("off is off", async () => {
  const args = ["--db", join(folder, "d.db"), ...DEVICES, "--http", "off", "--json"];
  const collector = new RunningSenda("collect", ...args);
  expect(await collector.event("listening")).toMatchObject({ http: null });
  expect(await collector.stop()).toBe(0);
  expect(collector.events.map(({ event }) => event)).toEqual(["listening", "stopping", "stopped"]);
});
