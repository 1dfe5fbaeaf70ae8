// `senda simulate`: devices that run the firmware on this computer, over real sockets and ttys.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { RandomSensor } from "../../../device/sensors/random.ts";
import type { Sensor } from "../../../device/sensors/sensor.ts";
import { DEFAULT_PORT, DEFAULT_SETTINGS, type PathKind } from "../../../device/settings.ts";
import { deviceFolder } from "../../files/device-folder.ts";
import { formatKey } from "../../keys/device-keys.ts";
import { readKeyFile } from "../../keys/key-file.ts";
import { DEFAULT_BAUD, type SerialAddress } from "../../links/address.ts";
import { Fleet } from "../../simulator/fleet.ts";
import { FileFlash } from "../../simulator/io/file-flash.ts";
import { FileStorage } from "../../simulator/io/file-storage.ts";
import { ReplaySensor } from "../../simulator/sensors/replay.ts";
import { SystemSensor } from "../../simulator/sensors/system.ts";
import type { SimulatedDeviceOptions } from "../../simulator/simulated-device.ts";
import { FleetProgress } from "../../terminal/fleet-progress.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { chance, serialAddresses, wholeNumber } from "../arguments.ts";
import { CommandFailure, EXIT_FAILED, EXIT_USAGE } from "../failure.ts";
import { stopSignal } from "../stop-signal.ts";
import { keyIn } from "./key.ts";

/** With --samples and without --period-ms: as fast as the timer goes, held back where the outbox fills. */
const FAST_PERIOD_MS = 1;

const PORT_MAX = 65_535;
const DEVICES_MAX = 10_000;

interface SimulateFlags {
  readonly devices: number;
  readonly via: PathKind | "auto";
  readonly host: string;
  readonly port: number;
  readonly serial: readonly SerialAddress[];
  readonly periodMs?: number;
  readonly batch: number;
  readonly samples: number;
  readonly seed: number;
  readonly sensor: "random" | "system" | "replay";
  readonly replay?: string;
  readonly name: string;
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly cutEveryMs: number;
  readonly flash?: string;
  readonly files?: string;
  readonly updateKey?: string;
  readonly keyFile?: string;
  readonly keys?: string;
  readonly verbose?: true;
  readonly json?: true;
}

export function simulateCommand(): Command {
  const count = (most: number) => wholeNumber(0, most);
  const command = new Command("simulate")
    .description(
      "Runs simulated devices: the firmware itself, over this computer's sockets and serial ports.",
    )
    .option("--devices <n>", "how many", wholeNumber(1, DEVICES_MAX), 1)
    .addOption(
      new Option("--via <path>", "how they reach the collector; auto: the best that is open")
        .choices(["tcp", "udp", "serial", "auto"])
        .default("tcp"),
    )
    .option("--host <addr>", "the collector's name or address", "127.0.0.1")
    .option(
      "--port <n>",
      "the collector's port, TCP and UDP",
      wholeNumber(1, PORT_MAX),
      DEFAULT_PORT,
    )
    .option(
      "--serial <path>",
      "the serial port of the device; one for each device",
      serialAddresses,
    )
    .option(
      "--period-ms <n>",
      "between two samples (default: 1000; with --samples as fast as they are taken)",
      wholeNumber(1, 86_400_000),
    )
    .option("--batch <n>", "most samples in a batch; 0: as many as fit", count(4_096), 0)
    .option(
      "--samples <n>",
      "end once so many samples a device are stored; 0: never",
      count(1e9),
      0,
    )
    .option("--seed <n>", "of the random sensors and of the faults", count(0xffff_ffff), 1)
    .addOption(
      new Option("--sensor <kind>", "what is measured: invented, this computer, or a recording")
        .choices(["random", "system", "replay"])
        .default("random"),
    )
    .option("--replay <file.csv>", "the recording for --sensor replay")
    .option("--name <prefix>", "devices are called PREFIX-1, PREFIX-2 ...", "sim")
    .option("--loss <p>", "chance of a datagram being lost, each way", chance, 0)
    .option("--duplicate <p>", "chance of a datagram being sent twice", chance, 0)
    .option("--reorder <p>", "chance of a datagram being overtaken", chance, 0)
    .option("--cut-every-ms <n>", "cut every link so often; 0: never", count(86_400_000), 0);
  return addKeptOptions(command)
    .option("--verbose", "print what the devices trace")
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
Examples:
  $ senda simulate --devices 20 --samples 5000
  $ senda simulate --via udp --loss 0.1 --reorder 0.1 --period-ms 100
  $ senda simulate --via serial --serial /tmp/device-end
  $ senda simulate --sensor replay --replay greenhouse.csv`,
    )
    .action((flags: SimulateFlags) => simulate({ ...flags, serial: flags.serial ?? [] }));
}

/** What a device has that outlives its power. */
function addKeptOptions(command: Command): Command {
  return command
    .option(
      "--flash <dir>",
      "keep outboxes and changed settings there, as boards do in flash: they outlive a kill",
    )
    .option("--files <dir>", "keep the devices' files there, and their slots for firmware")
    .option(
      "--update-key <hex>",
      "what updates of the firmware are checked with, as `senda firmware key` shows it",
    )
    .option("--key-file <file>", "every device has the key in this file")
    .option("--keys <file>", "each device has the key that stands there under its name");
}

async function simulate(flags: SimulateFlags): Promise<void> {
  checkFlags(flags);
  const keyOf = keysFor(flags);
  const devices = Array.from({ length: flags.devices }, (_, index) =>
    deviceOptions(flags, index, keyOf),
  );
  const stop = stopSignal();
  const fleet = new Fleet(devices, (text) => process.stderr.write(`${printable(text)}\n`));
  const progress = flags.json ? undefined : new FleetProgress(process.stderr, fleet, flags.samples);
  const outcome = await Promise.race([fleet.done, stop.then(() => "stopped" as const)]);
  progress?.stop();
  fleet.stop();
  const { summary } = fleet;
  if (flags.json) process.stdout.write(jsonLine(summary));
  else process.stdout.write(`${describeSummary(summary)}\n`);
  if (outcome === "stopped" && flags.samples > 0) {
    throw new CommandFailure(stoppedText(fleet, flags), EXIT_FAILED);
  }
}

/** What outlives a kill: the outbox, and the settings that were changed. */
function openKept(
  folder: string,
  device: string,
): Required<Pick<SimulatedDeviceOptions, "flash" | "storage">> {
  try {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, encodeURIComponent(device));
    return { flash: new FileFlash(`${path}.flash`), storage: new FileStorage(`${path}.settings`) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      `simulate: cannot keep an outbox in ${folder}: ${reason}; name a folder that can be written`,
      EXIT_FAILED,
    );
  }
}

function checkFlags(flags: SimulateFlags): void {
  const { via, serial, devices, sensor, replay } = flags;
  const needsSerial = via === "serial";
  if (needsSerial && serial.length === 0) {
    throw new CommandFailure(
      "simulate: --via serial needs --serial PATH, the tty of the device's end",
      EXIT_USAGE,
    );
  }
  if (serial.length > 0 && serial.length < devices) {
    throw new CommandFailure(
      `simulate: ${devices} devices need ${devices} times --serial PATH; ${serial.length} given`,
      EXIT_USAGE,
    );
  }
  if (serial.length > 0 && via !== "serial" && via !== "auto") {
    throw new CommandFailure(
      `simulate: --serial goes with --via serial or --via auto, not with --via ${via}`,
      EXIT_USAGE,
    );
  }
  if (flags.keyFile !== undefined && flags.keys !== undefined) {
    throw new CommandFailure("simulate: --key-file and --keys exclude each other", EXIT_USAGE);
  }
  if ((sensor === "replay") !== (replay !== undefined)) {
    throw new CommandFailure(
      "simulate: --sensor replay and --replay FILE.csv go together",
      EXIT_USAGE,
    );
  }
}

/** The key of each device as its settings have it: "" for none. */
function keysFor({ keyFile, keys }: SimulateFlags): (device: string) => string {
  if (keyFile !== undefined) {
    const key = formatKey(keyIn(keyFile));
    return () => key;
  }
  if (keys === undefined) return () => "";
  const found = readKeyFile(keys);
  return (device) => {
    const [key] = found.keysOf(device);
    if (key !== undefined) return formatKey(key);
    throw new CommandFailure(
      `simulate: no device ${device} has a key in ${keys}; \`senda key add ${device}\` makes one`,
      EXIT_USAGE,
    );
  };
}

function deviceOptions(
  flags: SimulateFlags,
  index: number,
  keyOf: (device: string) => string,
): SimulatedDeviceOptions {
  const { samples, seed, loss, duplicate, reorder, cutEveryMs } = flags;
  const device = `${flags.name}-${index + 1}`;
  const isPatient = samples > 0 && flags.periodMs === undefined;
  const samplePeriodMs =
    flags.periodMs ?? (isPatient ? FAST_PERIOD_MS : DEFAULT_SETTINGS.samplePeriodMs);
  const serial = flags.serial[index];
  return {
    settings: {
      ...DEFAULT_SETTINGS,
      device,
      key: keyOf(device),
      updateKey: flags.updateKey ?? "",
      host: flags.host,
      tcpPort: flags.port,
      udpPort: flags.port,
      paths: pathsOf(flags),
      serial:
        serial === undefined ? { baud: DEFAULT_BAUD } : { baud: serial.baud, device: serial.path },
      samplePeriodMs,
      batchRowsMax: flags.batch,
    },
    sensors: [{ sensor: sensorOf(flags, index) }],
    faults: { loss, duplicate, reorder, cutEveryMs },
    seed: seed + index,
    samplesMax: samples,
    isPatient,
    ...(flags.flash === undefined ? {} : openKept(flags.flash, device)),
    ...(flags.files === undefined ? {} : { filesFolder: join(flags.files, deviceFolder(device)) }),
    ...(flags.verbose
      ? { trace: (line: string) => process.stderr.write(`${device}: ${printable(line)}\n`) }
      : {}),
  };
}

function pathsOf({ via, serial }: SimulateFlags): PathKind[] {
  if (via !== "auto") return [via];
  return serial.length === 0 ? ["tcp", "udp"] : ["tcp", "udp", "serial"];
}

function sensorOf(flags: SimulateFlags, index: number): Sensor {
  if (flags.sensor === "system") return new SystemSensor();
  if (flags.replay !== undefined) return new ReplaySensor(flags.replay);
  return new RandomSensor(flags.seed + index);
}

function stoppedText(fleet: Fleet, { via, host, port }: SimulateFlags): string {
  const text = "simulate: stopped before all was acknowledged";
  const turnedAway = fleet.statuses.find((status) => status.turnedAway !== undefined)?.turnedAway;
  if (turnedAway !== undefined) return `${text}; ${printable(turnedAway)}`;
  if (fleet.summary.acknowledged > 0) return text;
  const where = via === "serial" ? "on the line" : `at ${host} port ${port}`;
  return `${text}; nobody answered ${where}: is \`senda collect\` running there?`;
}

function describeSummary(summary: Fleet["summary"]): string {
  const { devices, samples, readings, acknowledged, gapReadings, reconnects, seconds } = summary;
  const number = (value: number) => value.toLocaleString("en");
  return (
    `${number(devices)} device${devices === 1 ? "" : "s"}: ${number(samples)} samples, ${number(readings)} readings, ` +
    `${number(acknowledged)} confirmed as stored, ${number(gapReadings)} dropped, ` +
    `${number(reconnects)} reconnects, ${seconds} s`
  );
}
