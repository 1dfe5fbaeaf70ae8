// Standard output that is gone: a collector goes on storing, other commands end without a fuss.

import { join } from "node:path";
import { expect, test } from "vitest";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

test("a collector whose output nobody reads any more stores and stops in order", async () => {
  const db = join(folder, "unwatched.db");
  const listen = ["--tcp", "127.0.0.1:0", "--udp", "off"];
  const collector = new RunningSenda("collect", "--db", db, ...listen, "--json");
  const { tcp } = await collector.event("listening");
  collector.closeOutput();
  const simulated = ["--devices", "3", "--samples", "200", "--port", portOf(tcp), "--json"];
  const { status, stdout } = await runSenda("simulate", ...simulated);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ acknowledged: 3_000 });
  expect(await collector.stop()).toBe(0);
  expect(collector.stderr.match(/nobody takes the output any more/g)).toHaveLength(1);
  const verified = await runSenda("verify", "--db", db, "--json");
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, readings: 3_000 });
});

test("devices that find no collector say where they looked", async () => {
  const simulated = new RunningSenda("simulate", "--samples", "3", "--port", "1", "--json");
  setTimeout(() => void simulated.stop(), 1_000);
  expect(await simulated.ended).toBe(1);
  expect(simulated.stderr).toContain("nobody answered at 127.0.0.1 port 1: is `senda collect`");
});
