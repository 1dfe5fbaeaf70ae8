// The API over real HTTP, against a real collector: what it says, what it refuses, and how.

import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  DeviceDocument,
  EventDocument,
  GapDocument,
  SeriesDocument,
  StatusDocument,
} from "../../host/http/documents.ts";
import { makePast } from "../dashboard/support/history.ts";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const db = join(folder, "past.db");
const ROWS = 900;
const DROPPED = 60;

let collector: RunningSenda;
let base: string;

beforeAll(async () => {
  await makePast({ db, endedMs: 60_000, rows: ROWS, dropped: DROPPED });
  const listen = ["--tcp", "127.0.0.1:0", "--udp", "off", "--http", "127.0.0.1:0", "--json"];
  collector = new RunningSenda("collect", "--db", db, ...listen);
  base = `http://${(await collector.event("listening")).http}`;
});

afterAll(async () => {
  expect(await collector.stop()).toBe(0);
  expect(collector.stderr).toBe("");
  expect(existsSync(`${db}-wal`)).toBe(false); // no reader was left that keeps the store's log
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(base + path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
}

/** Writes to a socket as it is, and gives what comes back until it is closed. */
async function talk(text: string): Promise<string> {
  const socket = connect(Number(portOf(base)), "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString();
    if (answer.includes("</html>")) socket.end();
  });
  socket.write(text);
  await once(socket, "close");
  return answer;
}

describe("what it says", () => {
  test("devices, with what the store knows of each", async () => {
    const [device] = await get<DeviceDocument[]>("/api/devices");
    expect(device).toMatchObject({
      name: "orchard",
      state: "away",
      links: [],
      next: ROWS + 1,
      waiting: 0,
      lostReadings: DROPPED,
      readings: ROWS * 6,
      lastLink: "tcp",
      reset: "power-on",
      signal: { channel: "rssi", unit: "dBm" },
    });
    expect(await get("/api/devices/orchard")).toEqual(device);
    expect(await get("/api/devices/orchard/channels")).toEqual(device!.channels);
    expect(await get("/api/devices/orchard/latest")).toEqual(device!.latest);
    expect(device!.latest.map(({ channel }) => channel)).toContain("vent");
  });

  test("series: the buckets of `senda query --buckets`", async () => {
    const path = "/api/devices/orchard/series?channels=air&channels=light&buckets=12";
    const series = await get<SeriesDocument>(path);
    expect(series.channels.map(({ name }) => name)).toEqual(["air", "light"]);
    expect(series.gaps).toEqual([expect.objectContaining({ readings: DROPPED })]);
    const args = ["orchard", "air", "light", "--buckets", "12", "--db", db, "--json"];
    const lines = (await runSenda("query", ...args)).stdout.trim().split("\n");
    const buckets = lines.map((line) => JSON.parse(line) as { values: Record<string, object> });
    const [air] = series.channels;
    const totals = buckets.flatMap(({ values }) => (values.air === undefined ? [] : [values.air]));
    expect(totals.length).toBeGreaterThan(8);
    const found = air!.count.flatMap((count, bucket) =>
      count === 0
        ? []
        : [
            {
              count,
              min: air!.min[bucket],
              max: air!.max[bucket],
              mean: expect.closeTo(air!.mean[bucket]!, 9),
              last: air!.last[bucket],
            },
          ],
    );
    expect(totals).toEqual(found);
  });

  test("a time: from inclusive, to exclusive, in ISO 8601 or microseconds", async () => {
    const all = await get<SeriesDocument>("/api/devices/orchard/series?channels=air&buckets=1");
    const middleUs = all.fromUs + 100e6;
    const iso = new Date(middleUs / 1_000).toISOString();
    const query = (from: string) =>
      `/api/devices/orchard/series?channels=air&buckets=4&from=${from}&to=${middleUs + 8e6}`;
    const byNumber = await get<SeriesDocument>(query(String(Math.floor(middleUs / 1_000) * 1_000)));
    const byText = await get<SeriesDocument>(query(iso));
    expect(byNumber).toEqual(byText);
    expect(byNumber.channels[0]!.count.reduce((sum, count) => sum + count)).toBe(8);
  });

  test("readings as CSV and NDJSON: what `senda export` writes", async () => {
    for (const format of ["csv", "ndjson"]) {
      const path = `/api/devices/orchard/readings?format=${format}&channels=air&channels=vent`;
      const response = await fetch(base + path);
      const args = ["--device", "orchard", "--channel", "air", "vent", "--format", format];
      const { stdout } = await runSenda("export", "--db", db, ...args);
      expect(await response.text()).toBe(stdout);
      expect(response.headers.get("content-disposition")).toContain(`orchard.${format}`);
    }
  });

  test("gaps and events, the newest first", async () => {
    const gaps = await get<GapDocument[]>("/api/devices/orchard/gaps");
    expect(gaps).toEqual([
      expect.objectContaining({ device: "orchard", readings: DROPPED, reason: "outbox-full" }),
    ]);
    expect(await get("/api/gaps")).toEqual(gaps);
    const [first] = await get<EventDocument[]>("/api/events?count=1");
    expect(first).toMatchObject({ device: "orchard" });
    expect(await get("/api/events?device=nobody")).toEqual([]);
  });

  test("status, health and metrics agree", async () => {
    const status = await get<StatusDocument>("/api/status");
    expect(status.store).toMatchObject({
      readings: ROWS * 6,
      lostReadings: DROPPED,
      trouble: null,
    });
    expect(await get("/api/health")).toMatchObject({ status: "ok" });
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain("senda_readings_total 0");
    expect(metrics).toContain("senda_store_trouble 0");
  });

  test("OpenAPI 3.1 with the schemas that check the requests", async () => {
    const { openapi, paths } = await get<{
      openapi: string;
      paths: Record<string, { get: { parameters: { name: string; schema: object }[] } }>;
    }>("/api/openapi.json");
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(["/api/devices/{device}/series", "/api/live", "/metrics"]),
    );
    const buckets = paths["/api/devices/{device}/series"]!.get.parameters.find(
      ({ name }) => name === "buckets",
    );
    expect(buckets!.schema).toMatchObject({ type: "integer", minimum: 1, maximum: 10_000 });
  });
});

describe("what it refuses, as problem details", () => {
  test.each([
    [404, "/api/devices/nobody", "nobody"],
    [404, "/api/devices/nobody/series", "nobody"],
    [404, "/api/devices/orchard/series?channels=moon", "moon"],
    [404, "/api/devices/orchard/readings?channels=moon", "moon"],
    [404, "/nothing/here", "/nothing/here"],
    [400, "/api/devices/orchard/series?buckets=0", "buckets"],
    [400, "/api/devices/orchard/series?buckets=10001", "buckets"],
    [400, "/api/devices/orchard/series?from=yesterday", "from"],
    [400, "/api/devices/orchard/series?from=2026-02-40", "2026-02-40"],
    [400, "/api/devices/orchard/series?from=2026-02-02&to=2026-02-01", "before"],
    [400, "/api/events?colour=red", "additional properties"],
  ])("%i %s", async (status, path, word) => {
    const response = await fetch(base + path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ type: "about:blank", status });
    expect(problem.detail).toContain(word);
    expect(problem.detail).not.toContain("    at ");
  });

  test("a name of 64 bytes, each escaped, is a name", async () => {
    const response = await fetch(`${base}/api/devices/${"%C3%A9".repeat(32)}`);
    expect(((await response.json()) as { detail: string }).detail).toContain("é".repeat(32));
  });
});

describe("who may ask", () => {
  const raw = (headers: string, path = "/api/status") =>
    talk(`GET ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
  const host = () => `Host: 127.0.0.1:${portOf(base)}\r\n`;

  test("not who goes by another name: the browser may have been misled", async () => {
    for (const name of ["evil.example", "evil.example:7380", "127.0.0.1.evil.example", "[::2]"]) {
      expect(await raw(`Host: ${name}\r\n`), name).toMatch(/^HTTP\/1.1 421 /);
    }
    for (const name of ["localhost", "LOCALHOST:7380", "127.0.0.1", "[::1]:80"]) {
      expect(await raw(`Host: ${name}\r\n`), name).toMatch(/^HTTP\/1.1 200 /);
    }
  });

  test("not a page of another origin, to read or to listen", async () => {
    const upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${portOf(base)}`]) {
      expect(await raw(`${host()}Origin: ${origin}\r\n`), origin).toMatch(/^HTTP\/1.1 403 /);
      const answer = await talk(
        `GET /api/live HTTP/1.1\r\n${host()}Origin: ${origin}\r\n${upgrade}\r\n`,
      );
      expect(answer, origin).toMatch(/^HTTP\/1.1 403 /);
    }
    expect(await raw(`${host()}Sec-Fetch-Site: cross-site\r\n`)).toMatch(/^HTTP\/1.1 403 /);
    const own = `${host()}Origin: http://127.0.0.1:${portOf(base)}\r\n`;
    expect(await raw(own)).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe("by a plain socket", () => {
  test("the request of the textbook gets the page", async () => {
    const answer = await talk("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toMatch(/content-type: text\/html/i);
    expect(answer).toMatch(/content-security-policy: default-src 'none'/i);
    expect(answer).toContain("<title>Senda</title>");
  });

  test("what is no HTTP, or too long, is told so", async () => {
    expect(await talk("hello there\r\n\r\n")).toMatch(/^HTTP\/1.1 400 [\s\S]*problem\+json/);
    const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(9_000)}\r\n\r\n`;
    expect(await talk(long)).toMatch(/^HTTP\/1.1 431 /);
  });
});

test("while the disk takes nothing, health is 503 and says why", async () => {
  const full = ["--db", join(folder, "full.db"), "--db-size-max", "300kB"];
  const listen = ["--tcp", "127.0.0.1:0", "--udp", "off", "--http", "127.0.0.1:0", "--json"];
  const small = new RunningSenda("collect", ...full, ...listen);
  const { tcp, http } = await small.event("listening");
  const args = ["--port", portOf(tcp), "--batch", "1", "--period-ms", "1", "--json"];
  const device = new RunningSenda("simulate", ...args);
  await small.event("trouble");
  const health = await fetch(`http://${http}/api/health`);
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: "trouble" });
  const status = (await (await fetch(`http://${http}/api/status`)).json()) as StatusDocument;
  expect(status.store.trouble).toContain("full.db");
  expect(await (await fetch(`http://${http}/metrics`)).text()).toContain("senda_store_trouble 1");
  await device.kill();
  await small.stop();
});

test("the page's files are compressed, kept by the browser, and asked for by their hash", async () => {
  const page = await (await fetch(`${base}/`)).text();
  const [, script] = /src="(\/assets\/[^"]+\.js)"/.exec(page)!;
  const response = await fetch(base + script!, { headers: { "accept-encoding": "br" } });
  expect(response.headers.get("content-encoding")).toBe("br");
  expect(response.headers.get("cache-control")).toContain("immutable");
  const etag = response.headers.get("etag")!;
  expect((await fetch(base + script!, { headers: { "if-none-match": etag } })).status).toBe(304);
  expect((await fetch(`${base}/assets/..%2f..%2fpackage.json`)).status).toBe(404);
});
