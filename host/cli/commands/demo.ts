// `senda demo`, which `npm start` runs: a collector and three simulated devices, one for each kind of
// link, on this computer alone.

import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { FIRMWARE_VERSION } from "../../../device/firmware.ts";
import { RandomSensor } from "../../../device/sensors/random.ts";
import type { Sensor } from "../../../device/sensors/sensor.ts";
import { DEFAULT_PORT, DEFAULT_SETTINGS, type Settings } from "../../../device/settings.ts";
import { describeCounters, describeEvent } from "../../collector/sentences.ts";
import { Station, type StationAddresses } from "../../collector/station.ts";
import type { HttpOptions } from "../../http/server.ts";
import { createKey, DeviceKeys, formatKey } from "../../keys/device-keys.ts";
import { DEFAULT_BAUD, formatAddress } from "../../links/address.ts";
import { NO_FAULTS } from "../../simulator/faults.ts";
import { Fleet } from "../../simulator/fleet.ts";
import { openPtyPair } from "../../simulator/pty-pair.ts";
import { ReplaySensor } from "../../simulator/sensors/replay.ts";
import { SystemSensor } from "../../simulator/sensors/system.ts";
import type { SimulatedDeviceOptions } from "../../simulator/simulated-device.ts";
import { LiveTable } from "../../terminal/live-table.ts";
import { type AddressOrOff, addressOrOff } from "../arguments.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { dashboardText, httpOf, httpOption } from "../http-option.ts";
import { stopSignal } from "../stop-signal.ts";

/** A small recording of the project's own making; the build puts it beside the program. */
const RECORDING = fileURLToPath(new URL("./greenhouse.csv", import.meta.url));

const DEFAULT_DB = "senda.db";

/** Fast enough to see something move. */
const SAMPLE_PERIOD_MS = 500;

interface DemoFlags {
  readonly tcp: AddressOrOff;
  readonly udp: AddressOrOff;
  readonly http: AddressOrOff;
  readonly db: string;
}

export function demoCommand(): Command {
  const address = { host: "127.0.0.1", port: DEFAULT_PORT };
  return new Command("demo")
    .description("Starts a collector and three simulated devices: over TCP, UDP and a serial line.")
    .option("--tcp <addr:port>", "where the collector listens for TCP", addressOrOff, address)
    .option("--udp <addr:port>", "where the collector listens for UDP", addressOrOff, address)
    .addOption(httpOption())
    .option("--db <file>", "where readings are stored", DEFAULT_DB)
    .addHelpText("after", "\nExample:\n  $ senda demo --db /tmp/demo.db")
    .action((flags: DemoFlags, command: Command) => demo(flags, httpOf(flags, command)));
}

async function demo({ tcp, udp, db }: DemoFlags, http: HttpOptions | "off"): Promise<void> {
  if (tcp === "off" || udp === "off") {
    throw new CommandFailure("demo: needs both --tcp and --udp; neither can be off", EXIT_USAGE);
  }
  const stop = stopSignal();
  const line = await openPtyPair();
  const serial = line === undefined ? [] : [{ path: line.a, baud: DEFAULT_BAUD }];
  const lines = new EventLines();
  const keys = enrolled("random", "computer", "greenhouse");
  const station = await Station.open({
    db,
    tcp,
    udp,
    serial,
    http,
    name: FIRMWARE_VERSION,
    keys,
    handleEvent: (event) => lines.print(describeEvent(event)),
  }).catch((error: unknown) => {
    line?.close();
    throw error;
  });
  const addresses = station.addresses(serial);
  process.stdout.write(introduction(db, addresses, line?.a));
  process.stdout.write(`${dashboardText(addresses.http, station.apiFault)}\n`);
  const ports = { tcpPort: addresses.tcp!.port, udpPort: addresses.udp!.port };
  const deviceOf = (device: string, sensor: Sensor, settings: Partial<Settings>) =>
    deviceOptions(sensor, {
      ...ports,
      device,
      key: formatKey(keys.keysOf(device)[0]!),
      ...settings,
    });
  const fleet = new Fleet(
    [
      deviceOf("random", new RandomSensor(1), { paths: ["tcp"] }),
      deviceOf("computer", new SystemSensor(), { paths: ["udp"] }),
      deviceOf(
        "greenhouse",
        new ReplaySensor(RECORDING),
        line === undefined
          ? { paths: ["tcp"] }
          : { paths: ["serial"], serial: { baud: DEFAULT_BAUD, device: line.b } },
      ),
    ],
    (text) => lines.print(text),
  );
  const table = new LiveTable(process.stdout, (nowMs) => station.collector.board.views(nowMs));
  lines.table = table;
  const failure = await Promise.race([stop, station.failure]);
  lines.isQuiet = true;
  table.stop();
  fleet.stop();
  await station.close();
  if (failure !== undefined) throw failure;
  line?.close();
  process.stdout.write(`${describeCounters(station.counters)} They are in ${db}.\n`);
}

function introduction(
  db: string,
  { tcp, udp, http }: StationAddresses,
  tty: string | undefined,
): string {
  const path =
    tty === undefined
      ? "over TCP (a serial line needs socat, which is not installed)"
      : `over a serial line (${tty})`;
  const ask = http === undefined ? "" : ", npx senda send random";
  const dbFlag = db === DEFAULT_DB ? "" : ` --db ${db}`;
  return `Collecting into ${db} on TCP ${formatAddress(tcp!)} and UDP ${formatAddress(udp!)}.
Three simulated devices, each with a key that was made for it:
  random      invented sensors, over TCP
  computer    this computer's own sensors, over UDP
  greenhouse  a recording, ${path}
Ctrl-C stops. Meanwhile, in another terminal: npx senda query random${dbFlag}${ask}
`;
}

/** Events as lines above the table. */
class EventLines {
  table: LiveTable | undefined;
  isQuiet = false;

  print(line: string): void {
    if (this.isQuiet) return;
    if (this.table === undefined) process.stdout.write(`${line}\n`);
    else this.table.print(line);
  }
}

/** A key for each device, for as long as the demo runs. */
function enrolled(...devices: readonly string[]): DeviceKeys {
  const keys = new DeviceKeys();
  for (const device of devices) keys.add(device, createKey());
  return keys;
}

function deviceOptions(sensor: Sensor, settings: Partial<Settings>): SimulatedDeviceOptions {
  return {
    settings: {
      ...DEFAULT_SETTINGS,
      serial: { baud: DEFAULT_BAUD },
      samplePeriodMs: SAMPLE_PERIOD_MS,
      ...settings,
    },
    sensors: [{ sensor }],
    faults: NO_FAULTS,
    seed: 1,
    samplesMax: 0,
    isPatient: false,
  };
}
