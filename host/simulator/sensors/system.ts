// A sensor of this computer: load, memory, temperature and network counters. What a system does not
// tell is left out of the channels at the start, or missing from a sample.

import { readdirSync, readFileSync } from "node:fs";
import { freemem, loadavg, totalmem, uptime } from "node:os";
import type { Sensor } from "../../../device/sensors/sensor.ts";
import type { Channel, ChannelValue } from "../../../shared/channel.ts";

/** Linux: millidegrees Celsius, one folder a thermal zone (kernel Documentation/driver-api/thermal/sysfs-api.rst). */
const THERMAL_FOLDER = "/sys/class/thermal";
/** Linux: one line an interface; byte counts in columns 1 and 9 (proc_net_dev(5)). */
const NETWORK_FILE = "/proc/net/dev";

interface Gauge {
  readonly channel: Channel;
  readonly read: () => ChannelValue | undefined;
}

const GAUGES: readonly Gauge[] = [
  {
    channel: { name: "load", kind: "number", unit: "", resolution: 0.01 },
    read: () => loadavg()[0],
  },
  {
    channel: { name: "memory-used", kind: "number", unit: "%", resolution: 0.1 },
    read: () => 100 * (1 - freemem() / totalmem()),
  },
  {
    channel: { name: "uptime", kind: "integer", unit: "s" },
    read: () => Math.floor(uptime()),
  },
  {
    channel: { name: "temperature", kind: "number", unit: "Cel", resolution: 0.1 },
    read: readTemperature,
  },
  {
    channel: { name: "network-received", kind: "integer", unit: "B" },
    read: () => readNetworkBytes(0),
  },
  {
    channel: { name: "network-sent", kind: "integer", unit: "B" },
    read: () => readNetworkBytes(8),
  },
];

export class SystemSensor implements Sensor {
  readonly channels: readonly Channel[];
  readonly #gauges: readonly Gauge[];

  constructor() {
    this.#gauges = GAUGES.filter(({ read }) => read() !== undefined);
    this.channels = this.#gauges.map(({ channel }) => channel);
  }

  read(): readonly (ChannelValue | undefined)[] {
    return this.#gauges.map(({ read }) => read());
  }
}

/** The warmest zone; undefined where there is none. */
function readTemperature(): number | undefined {
  try {
    const zones = readdirSync(THERMAL_FOLDER).filter((name) => name.startsWith("thermal_zone"));
    const readings = zones.map((zone) =>
      Number(readFileSync(`${THERMAL_FOLDER}/${zone}/temp`, "utf8")),
    );
    return readings.length === 0 ? undefined : Math.max(...readings) / 1_000;
  } catch {
    return undefined;
  }
}

/** Sum over all interfaces but loopback of one column of the table. */
function readNetworkBytes(column: number): number | undefined {
  try {
    let sum = 0;
    for (const line of readFileSync(NETWORK_FILE, "utf8").split("\n")) {
      const [name, counts] = line.split(":");
      if (counts === undefined || name!.trim() === "lo") continue;
      sum += Number(counts.trim().split(/\s+/)[column]);
    }
    return sum;
  } catch {
    return undefined;
  }
}
