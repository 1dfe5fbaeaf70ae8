// The board's WiFi, on a fake of the SDK's class that does what MODULES/io/wifi/esp32 does: tells of
// changes only, joins nothing by itself, throws while it is connecting.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WifiKeeper } from "../../device/platform/wifi-keeper.ts";
import { nodeTimers } from "../../host/simulator/io/timers.ts";

class FakeWifi {
  static last: FakeWifi;
  connection = 200;
  address = "10.0.0.7";
  RSSI = -60;
  readonly joins: unknown[] = [];
  disconnects = 0;
  readonly #onChanged: (this: FakeWifi, what: string) => void;

  constructor({ onChanged }: { onChanged(this: FakeWifi, what: string): void }) {
    this.#onChanged = onChanged;
    FakeWifi.last = this;
  }

  connect(network: unknown): void {
    if (this.connection === 300) throw new Error("already connecting");
    this.connection = 300;
    this.joins.push(network);
  }

  disconnect(): void {
    this.connection = 200;
    this.disconnects++;
  }

  change(connection: number): void {
    this.connection = connection;
    this.#onChanged("connection");
  }
}

const lines: string[] = [];

function keep(password = "secret") {
  const network = { ssid: "shed", password };
  const keeper = new WifiKeeper({
    WiFi: FakeWifi,
    timers: nodeTimers,
    network,
    trace: (line) => lines.push(line),
  });
  return { keeper, wifi: FakeWifi.last };
}

beforeEach(() => {
  vi.useFakeTimers();
  lines.length = 0;
});
afterEach(() => vi.useRealTimers());

test("joins at once, with the password where there is one, and is quiet once it has an address", () => {
  const { keeper, wifi } = keep();
  expect(wifi.joins).toEqual([{ SSID: "shed", password: "secret" }]);
  expect(keep("").wifi.joins).toEqual([{ SSID: "shed" }]);
  wifi.change(400);
  expect(keeper.rssi).toBe(undefined);
  wifi.change(500);
  expect(keeper.rssi).toBe(-60);
  vi.advanceTimersByTime(3_600_000);
  expect(wifi.joins).toHaveLength(1);
  expect(lines.filter((line) => line.includes("secret"))).toEqual([]);
});

test("a network that is lost is joined again, and again with longer and longer waits", () => {
  const { wifi } = keep();
  wifi.change(500);
  const waits: number[] = [];
  for (let loss = 0; loss < 9; loss++) {
    wifi.change(200);
    const before = wifi.joins.length;
    const startMs = Date.now();
    while (wifi.joins.length === before) vi.advanceTimersToNextTimer();
    waits.push(Date.now() - startMs);
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  wifi.change(500);
  wifi.change(200);
  vi.advanceTimersByTime(500);
  expect(wifi.joins).toHaveLength(11);
  expect(lines).toContain("wifi: lost shed");
  expect(lines).toContain("wifi: could not join shed");
});

test("an address that never comes ends the try, without a word from the platform", () => {
  const { wifi } = keep();
  wifi.change(400);
  vi.advanceTimersByTime(20_000);
  expect(wifi.disconnects).toBe(1);
  vi.advanceTimersByTime(500);
  expect(wifi.joins).toHaveLength(2);
});

test("a platform that is still connecting is asked again later", () => {
  const { wifi } = keep();
  wifi.change(200);
  wifi.connection = 300;
  vi.advanceTimersByTime(500);
  expect(wifi.joins).toHaveLength(1);
  expect(lines.at(-1)).toContain("already connecting");
  vi.advanceTimersByTime(21_000);
  expect(wifi.joins).toHaveLength(2);
});
