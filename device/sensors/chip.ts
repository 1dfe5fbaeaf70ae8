// The chip's own state as a sensor: how long it runs, how much memory is left, how well it hears WiFi.
// XS's own heaps are not among it: a release build does not measure them.

import type { Driver, SensorSettings } from "./driver.ts";

export function chipDriver({ kind, name = kind }: SensorSettings): Driver {
  return {
    channels: [
      { name: `${name}.uptime`, kind: "integer", unit: "s" },
      { name: `${name}.free-heap`, kind: "integer", unit: "B" },
      { name: `${name}.free-heap-min`, kind: "integer", unit: "B" },
      { name: `${name}.rssi`, kind: "integer", unit: "dBm" },
    ],
    start: ({ chip }) => ({
      read: (nowMs) => [
        Math.floor(nowMs / 1_000),
        chip.freeHeapBytes(),
        chip.freeHeapBytesMin(),
        chip.rssiDbm(),
      ],
    }),
  };
}
