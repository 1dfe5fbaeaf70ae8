// The chip's own state as a sensor: how long it runs, how much memory is left, how well it hears WiFi, how
// warm it is, and whether it keeps up with its samples. What is measured is by choice, as a channel takes
// memory of its own. XS knows its own heaps in debug and instrumented builds only: in a release build
// those two values are missing.

import type { Channel, ChannelValue } from "../../shared/channel.ts";
import { WIFI_LABELS } from "../platform/wifi-keeper.ts";
import type { Chip, Driver, SensorSettings } from "./driver.ts";
import type { SamplingCounts } from "./sensor.ts";

interface Moment extends SamplingCounts {
  readonly nowMs: number;
}

interface Measure {
  readonly channel: Omit<Channel, "name">;
  readonly of: (chip: Chip, moment: Moment) => ChannelValue | undefined;
}

const BYTES: Measure["channel"] = { kind: "integer", unit: "B" };
const COUNT: Measure["channel"] = { kind: "integer", unit: "" };

/** By the end of the channel's name. */
const MEASURES: Readonly<Record<string, Measure>> = {
  uptime: {
    channel: { kind: "integer", unit: "s" },
    of: (_, { nowMs }) => Math.floor(nowMs / 1_000),
  },
  "free-heap": { channel: BYTES, of: (chip) => chip.freeHeapBytes() },
  "free-heap-min": { channel: BYTES, of: (chip) => chip.freeHeapBytesMin() },
  "chunk-heap": { channel: BYTES, of: (chip) => chip.chunkHeapBytes() },
  "slot-heap": { channel: BYTES, of: (chip) => chip.slotHeapBytes() },
  rssi: { channel: { kind: "integer", unit: "dBm" }, of: (chip) => chip.rssiDbm() },
  wifi: {
    channel: { kind: "enumeration", unit: "", labels: WIFI_LABELS },
    of: (chip) => chip.wifiState(),
  },
  temperature: {
    channel: { kind: "number", unit: "Cel", resolution: 0.1 },
    of: (chip) => chip.celsius(),
  },
  "late-samples": { channel: COUNT, of: (_, { lateSamples }) => lateSamples },
  "missed-samples": { channel: COUNT, of: (_, { missedSamples }) => missedSamples },
};

const USUAL = ["uptime", "free-heap", "free-heap-min", "rssi"];

/** What is wrong with the settings of the chip's sensor; undefined where nothing is. */
export function chipFault({ measures = USUAL }: SensorSettings): string | undefined {
  const names = Object.keys(MEASURES);
  const unknown = measures.find((each) => !names.includes(each));
  if (unknown !== undefined) return `measures: no "${unknown}"; there are ${names.join(", ")}`;
  const isTwice = measures.some((each, at) => measures.indexOf(each) !== at);
  if (isTwice) return "measures: one is there twice";
  return measures.length === 0 ? "measures: name at least one" : undefined;
}

export function chipDriver({ kind, name = kind, measures = USUAL }: SensorSettings): Driver {
  const chosen = measures.map((each) => MEASURES[each]!);
  return {
    channels: chosen.map(({ channel }, at) => ({ ...channel, name: `${name}.${measures[at]}` })),
    start: ({ chip }) => ({
      read: (nowMs, { lateSamples, missedSamples }) => {
        const moment = { nowMs, lateSamples, missedSamples };
        return chosen.map(({ of }) => of(chip, moment));
      },
    }),
  };
}
