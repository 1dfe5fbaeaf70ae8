// The chip's own state as a sensor: how long it runs, how much memory is left, how well it hears WiFi, how
// warm it is, and whether it keeps up with its samples. XS measures its own heaps in debug and
// instrumented builds only: in a release build those two values are missing.

import { WIFI_LABELS } from "../platform/wifi-keeper.ts";
import type { Driver, SensorSettings } from "./driver.ts";

export function chipDriver({ kind, name = kind }: SensorSettings): Driver {
  return {
    channels: [
      { name: `${name}.uptime`, kind: "integer", unit: "s" },
      { name: `${name}.free-heap`, kind: "integer", unit: "B" },
      { name: `${name}.free-heap-min`, kind: "integer", unit: "B" },
      { name: `${name}.chunk-heap`, kind: "integer", unit: "B" },
      { name: `${name}.slot-heap`, kind: "integer", unit: "B" },
      { name: `${name}.rssi`, kind: "integer", unit: "dBm" },
      { name: `${name}.wifi`, kind: "enumeration", unit: "", labels: WIFI_LABELS },
      { name: `${name}.temperature`, kind: "number", unit: "Cel", resolution: 0.1 },
      { name: `${name}.late-samples`, kind: "integer", unit: "" },
      { name: `${name}.missed-samples`, kind: "integer", unit: "" },
    ],
    start: ({ chip }) => ({
      read: (nowMs, { lateSamples, missedSamples }) => [
        Math.floor(nowMs / 1_000),
        chip.freeHeapBytes(),
        chip.freeHeapBytesMin(),
        chip.chunkHeapBytes(),
        chip.slotHeapBytes(),
        chip.rssiDbm(),
        chip.wifiState(),
        chip.celsius(),
        lateSamples,
        missedSamples,
      ],
    }),
  };
}
