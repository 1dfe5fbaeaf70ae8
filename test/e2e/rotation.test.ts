// A key that is changed over the air: the collector brings the new one to the device inside their sealed
// session, whoever is away or dies meanwhile, and nobody is ever locked out. Real processes and sockets.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { portOf, RunningSenda, runSenda, temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();
let benches = 0;

class Bench {
  readonly #at = join(folder, String(++benches));
  readonly keys = `${this.#at}.keys`;
  readonly db = `${this.#at}.db`;
  readonly #first = `${this.#at}.key`;
  #port = "0";

  /** A device that was built with its first key, whatever it was given since. */
  async begin(): Promise<this> {
    await runSenda("key", "add", "sim-1", "--keys", this.keys, "--out", this.#first);
    return this;
  }

  async collect(): Promise<RunningSenda> {
    const collector = new RunningSenda(
      ...["collect", "--db", this.db, "--keys", this.keys, "--udp", "off", "--http", "off"],
      ...["--tcp", `127.0.0.1:${this.#port}`, "--json"],
    );
    this.#port = portOf((await collector.event("listening")).tcp);
    return collector;
  }

  startDevice(): RunningSenda {
    return new RunningSenda(
      ...["simulate", "--json", "--port", this.#port, "--key-file", this.#first],
      ...["--flash", `${this.#at}.flash`, "--period-ms", "50", "--batch", "2"],
    );
  }

  rotate() {
    return runSenda("key", "rotate", "sim-1", "--keys", this.keys);
  }

  validKeys(): string[] {
    return existsSync(this.keys) ? readFileSync(this.keys, "utf8").match(/[0-9a-f]{64}/g)! : [];
  }

  /** The device has the newest key and no other holds; every reading that it had is stored once. */
  async expectMoved(collector: RunningSenda, device: RunningSenda): Promise<void> {
    for (let index = 0; this.validKeys().length > 1; index++) {
      await collector.eventAt("keys", index);
    }
    const [key, ...others] = this.validKeys();
    expect(others).toEqual([]);
    expect(key).not.toBe(readFileSync(this.#first, "utf8").trim());
    await device.stop();
    await collector.stop();
    const verified = await runSenda("verify", "--db", this.db, "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, duplicates: 0, gapReadings: 0 });
    const said = [JSON.stringify(collector.events), readFileSync(this.db, "latin1")].join();
    expect(said).not.toContain(key);
  }
}

test("while the device is here: it takes the new key at once, and its session goes on", async () => {
  const bench = await new Bench().begin();
  const collector = await bench.collect();
  const device = bench.startDevice();
  await collector.event("connected");
  const { stdout } = await bench.rotate();
  expect(stdout).toContain("The collector that has these keys brings it to the device.");
  await collector.event("result", '"set"', "success");
  await bench.expectMoved(collector, device);
  const { seal } = collector.events.find(({ event }) => event === "stopped")!;
  expect(seal).toMatchObject({ handshakes: 2, denied: 0, forged: 0 });
  const { reconnects } = await device.event("done");
  expect(reconnects).toBe(0);
});

test("again and again: each is brought in its turn", async () => {
  const bench = await new Bench().begin();
  const collector = await bench.collect();
  const device = bench.startDevice();
  await collector.event("connected");
  await bench.rotate();
  await bench.rotate();
  const [newest] = bench.validKeys();
  await bench.expectMoved(collector, device);
  expect(bench.validKeys()).toEqual([newest]);
});

test("while the device is away, twice: it gets in with the old key, and is moved", async () => {
  const bench = await new Bench().begin();
  const collector = await bench.collect();
  const first = bench.startDevice();
  await collector.event("connected");
  await first.stop();
  await bench.rotate();
  await bench.rotate();
  expect(bench.validKeys()).toHaveLength(3);
  await bench.expectMoved(collector, bench.startDevice());
});

test("the collector dies with the key on its way: another one goes on with it", async () => {
  const bench = await new Bench().begin();
  const first = await bench.collect();
  const device = bench.startDevice();
  await first.event("connected");
  await bench.rotate();
  await first.event("command", '"set"');
  await first.kill();
  const second = await bench.collect();
  await second.event("connected");
  await bench.expectMoved(second, device);
});

test("the device dies with the key on its way: it gets in with whichever it has", async () => {
  const bench = await new Bench().begin();
  const collector = await bench.collect();
  const first = bench.startDevice();
  await collector.event("connected");
  await bench.rotate();
  await collector.event("command", '"set"');
  await first.kill();
  const second = bench.startDevice();
  await collector.eventAt("connected", 1);
  await bench.expectMoved(collector, second);
});
