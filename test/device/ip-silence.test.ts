// Silence by IP though the network says that it is there.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Firmware } from "../../device/firmware.ts";
import { IpSilence } from "../../device/ip-silence.ts";
import type { Platform } from "../../device/platform/platform.ts";
import { RandomSensor } from "../../device/sensors/random.ts";
import { DEFAULT_SETTINGS, type PathKind } from "../../device/settings.ts";
import { createNodePlatform } from "../../host/simulator/io/node-platform.ts";
import { keeperOf } from "./keeper.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test("silence: after two minutes, then less and less often, until something is heard", () => {
  const silence = new IpSilence(0);
  const minutes: number[] = [];
  for (let minute = 1; minute <= 120; minute++) {
    if (silence.poll(true, minute * 60_000)) minutes.push(minute);
  }
  expect(minutes).toEqual([2, 6, 14, 30, 60, 90, 120]);
  expect(silence.poll(false, 7_200_000)).toBe(false);
  expect(silence.poll(true, 7_200_000 + 119_000)).toBe(false);
  expect(silence.poll(true, 7_200_000 + 120_000)).toBe(true);
});

/** Neither connects nor fails, as behind an access point that forwards nothing. */
class MuteSocket {
  read() {
    return undefined;
  }
  write() {
    return undefined;
  }
  close() {}
}

test.each<[PathKind[], number]>([
  [["tcp"], 2],
  [["serial", "udp"], 2],
  [["serial"], 0],
])("firmware without an answer by %j asks for the network to be joined anew", (paths, count) => {
  const startMs = Date.now();
  const platform: Platform = {
    ...createNodePlatform(),
    TCP: MuteSocket,
    UDP: MuteSocket as never,
    Serial: MuteSocket,
    ticks: () => (Date.now() - startMs) | 0,
    resolve: (_, found) => found("10.0.0.9"),
  };
  let asked = 0;
  const firmware = new Firmware({
    platform,
    keeper: keeperOf({ ...DEFAULT_SETTINGS, paths }),
    sensors: [{ sensor: new RandomSensor(1), periodMs: 10_000 }],
    handleIpSilence: () => asked++,
  });
  vi.advanceTimersByTime(400_000);
  firmware.stop();
  expect(asked).toBe(count);
});
