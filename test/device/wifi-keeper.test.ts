// The board's WiFi, on a fake of the SDK's class that does what MODULES/io/wifi/esp32 does: tells of
// changes only, joins nothing by itself, throws while it is connecting.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WIFI_LABELS, WifiKeeper } from "../../device/platform/wifi-keeper.ts";
import { nodeTimers } from "../../host/simulator/io/timers.ts";

class FakeWifi {
  static last: FakeWifi;
  connection = 200;
  address = "10.0.0.7";
  RSSI = -60;
  readonly joins: unknown[] = [];
  disconnects = 0;
  /** What a scan finds, and how many there were. */
  inReach: string[] = [];
  scans = 0;
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

  scan(options: { onFound(found: { SSID: string }): void; onComplete(): void }): void {
    if (this.connection !== 200) throw new Error("scan failed");
    this.scans++;
    setTimeout(() => {
      for (const SSID of this.inReach) options.onFound({ SSID });
      options.onComplete();
    }, 2_000);
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

/** Fails as often as it takes for the keeper to look around, and until it has. */
function failUntilScanned(wifi: FakeWifi): void {
  for (const before = wifi.scans; wifi.scans === before; ) {
    if (wifi.connection === 300) wifi.change(200);
    vi.advanceTimersToNextTimer();
  }
  vi.advanceTimersByTime(2_000);
}

test("a network that turns us away is told from one that is not in reach", () => {
  const { keeper, wifi } = keep();
  const label = () => WIFI_LABELS[keeper.state];
  expect(label()).toBe("joining");
  wifi.change(200);
  expect(label()).toBe("not joined");
  wifi.inReach = ["shed next door", "shed"];
  failUntilScanned(wifi);
  expect(label()).toBe("turned away: is the password right?");
  expect(wifi.joins.length).toBeGreaterThan(3); // a passing failure is not worth a scan
  wifi.inReach = ["shed next door"];
  failUntilScanned(wifi);
  expect(label()).toBe("no network of that name in reach");
  expect(lines).toContain("wifi: shed: no network of that name in reach");
  while (wifi.connection !== 300) vi.advanceTimersToNextTimer();
  wifi.change(500);
  const { scans } = wifi;
  vi.advanceTimersByTime(3_600_000);
  expect([label(), wifi.scans]).toEqual(["joined", scans]);
});

test("a network without addresses is told of too, and a scan that the platform refuses does no harm", () => {
  const { keeper, wifi } = keep();
  for (let joins = 1; joins < 6; joins++) {
    wifi.change(400);
    vi.advanceTimersByTime(20_000);
    expect(WIFI_LABELS[keeper.state]).toBe("no address");
    while (wifi.joins.length === joins) vi.advanceTimersToNextTimer();
  }
  expect(wifi.scans).toBe(0);
  wifi.scan = () => {
    throw new Error("already scanning");
  };
  wifi.change(200);
  while (!lines.at(-1)!.includes("no scan")) {
    if (wifi.connection === 300) wifi.change(200);
    vi.advanceTimersToNextTimer();
  }
  wifi.change(500);
  expect(WIFI_LABELS[keeper.state]).toBe("joined");
});

test("a network through which nothing comes is joined anew, but not while it is being joined", () => {
  const { keeper, wifi } = keep();
  keeper.handleSilence();
  expect(wifi.disconnects).toBe(0);
  wifi.change(500);
  keeper.handleSilence();
  expect(WIFI_LABELS[keeper.state]).toBe("lost");
  expect(wifi.disconnects).toBe(1);
  expect(lines.at(-1)).toBe("wifi: lost shed: nothing comes through");
  vi.advanceTimersByTime(500);
  expect(wifi.joins).toHaveLength(2);
});
