// A thousand devices lose their collector together and come back together. Real processes and
// sockets; the curve is printed, for it says more than a verdict.

import { join } from "node:path";
import { expect, test } from "vitest";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
const DEVICES = 1_000;
const SETTLED_S_MAX = 60;

/** What HostEndpoint admits by default: so many a second, and a burst before that. */
const ADMITTED_PER_SECOND_MAX = 500 + 250;

test("a reconnect storm of 1,000 devices settles, with handshakes paced", async () => {
  const db = join(folder, "storm.db");
  const first = new RunningSenda(
    "collect",
    "--db",
    db,
    "--tcp",
    "127.0.0.1:0",
    "--udp",
    "off",
    "--json",
  );
  const { tcp } = await first.event("listening");
  const fleet = new RunningSenda(
    ...[
      "simulate",
      "--devices",
      String(DEVICES),
      "--period-ms",
      "10000",
      "--port",
      portOf(tcp),
      "--json",
    ],
  );
  await first.eventAt("connected", DEVICES - 1);
  await first.kill();

  const second = new RunningSenda(
    "collect",
    "--db",
    db,
    "--tcp",
    String(tcp),
    "--udp",
    "off",
    "--json",
  );
  const { heardMs: openedMs } = await second.event("listening");
  await second.eventAt("connected", DEVICES - 1);
  const connected = second.events.filter(({ event }) => event === "connected");
  expect(new Set(connected.map(({ device }) => device)).size).toBe(DEVICES);

  const perSecond: number[] = [];
  for (const { heardMs } of connected) {
    const second = Math.floor((heardMs - openedMs) / 1_000);
    perSecond[second] = (perSecond[second] ?? 0) + 1;
  }
  const curve = Array.from(perSecond, (count) => count ?? 0);
  console.log(`devices back, by second after the restart: ${curve.join(" ")}`);
  expect(curve.length).toBeLessThanOrEqual(SETTLED_S_MAX);
  for (const count of curve) expect(count).toBeLessThanOrEqual(ADMITTED_PER_SECOND_MAX);

  await fleet.stop();
  expect(await second.stop()).toBe(0);
  const { stdout } = await runSenda("verify", "--db", db, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    devices: DEVICES,
    missing: 0,
    duplicates: 0,
  });
});
