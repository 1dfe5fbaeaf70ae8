// `senda collect`: listens for devices and stores their readings.

import { Command } from "commander";
import { FIRMWARE_VERSION } from "../../../device/firmware.ts";
import { DEFAULT_PORT } from "../../../device/settings.ts";
import type { CollectorEvent } from "../../collector/events.ts";
import { describeCounters, describeEvent } from "../../collector/sentences.ts";
import { Station, type StationAddresses, type StationOptions } from "../../collector/station.ts";
import type { HttpOptions } from "../../http/server.ts";
import { formatAddress, isLoopback, type SerialAddress } from "../../links/address.ts";
import type { PlainReport } from "../../plain/plain-inputs.ts";
import type { PlainSpec } from "../../plain/spec.ts";
import { LiveTable } from "../../terminal/live-table.ts";
import { jsonLine } from "../../terminal/printable.ts";
import {
  type AddressOrOff,
  addressOrOff,
  plainInputs,
  serialAddresses,
  sizeInBytes,
  wholeNumber,
} from "../arguments.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { dashboardText, httpOf, httpOption } from "../http-option.ts";
import { goOnWithoutOutput } from "../lost-output.ts";
import { counted } from "../output/quantity.ts";
import { stopSignal } from "../stop-signal.ts";
import { keepYoungGenerationSmall } from "../young-generation.ts";

interface CollectFlags {
  readonly tcp: AddressOrOff;
  readonly udp: AddressOrOff;
  readonly serial: readonly SerialAddress[];
  readonly http: AddressOrOff;
  readonly plain: readonly PlainSpec[];
  readonly db: string;
  readonly dbSizeMax?: number;
  readonly mergeAfter?: number;
  readonly files?: string;
  readonly keys?: string;
  readonly open?: true;
  readonly json?: true;
}

export function collectCommand(): Command {
  const address = { host: "127.0.0.1", port: DEFAULT_PORT };
  return new Command("collect")
    .description("Listens for devices and stores each of their readings once.")
    .option(
      "--tcp <addr:port>",
      'where devices connect by TCP; "off" for not at all',
      addressOrOff,
      address,
    )
    .option(
      "--udp <addr:port>",
      'where devices send datagrams; "off" for not at all',
      addressOrOff,
      address,
    )
    .option(
      "--serial <path[@baud]>",
      "a serial port with a device on it; may be repeated",
      serialAddresses,
    )
    .addOption(httpOption())
    .option(
      "--plain <input>",
      "an input for clients without our protocol: [tcp://|udp://]ADDR:PORT or serial://PATH, then ,framing=...,decode=...,answer=... (docs/PLAIN.md); may be repeated",
      plainInputs,
    )
    .option("--db <file>", "where readings are stored", "senda.db")
    .option(
      "--db-size-max <size>",
      "store and acknowledge nothing more once the file has this size; devices keep their readings",
      sizeInBytes,
    )
    .option(
      "--merge-after <seconds>",
      "how long batches stay in the store as they came, before small ones become larger (default: 180)",
      wholeNumber(0, 1_000_000),
    )
    .option(
      "--files <dir>",
      'where the devices\' files are kept; "off" for nowhere (default: a folder beside the database, with --open nowhere)',
    )
    .option("--keys <file>", "take sealed sessions only, of the devices with a key in this file")
    .option("--open", "take readings from whoever reaches this address, without keys")
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
Defaults: TCP and UDP on 127.0.0.1:${DEFAULT_PORT}, which only this computer reaches. The dashboard
and the API are for this computer alone; where their default port is taken, the
collector says so and goes on without them.

Examples:
  $ senda collect --tcp 0.0.0.0:${DEFAULT_PORT} --udp 0.0.0.0:${DEFAULT_PORT} --keys senda.keys --db greenhouse.db
  $ senda collect --serial /dev/ttyUSB0@115200
  $ senda collect --plain udp://0.0.0.0:5005,decode=json,name=lab-{address}
  $ senda collect --tcp 127.0.0.1:0 --udp off --json`,
    )
    .action((flags: CollectFlags, command: Command) =>
      collect(
        { ...flags, serial: flags.serial ?? [], plain: flags.plain ?? [] },
        httpOf(flags, command),
      ),
    );
}

async function collect(flags: CollectFlags, http: HttpOptions | "off"): Promise<void> {
  const { tcp, udp, serial, plain, db, dbSizeMax, mergeAfter } = flags;
  if (tcp === "off" && udp === "off" && serial.length + plain.length === 0) {
    throw new CommandFailure(
      "collect: there is nothing to listen on; leave --tcp or --udp on, or give --serial or --plain",
      EXIT_USAGE,
    );
  }
  checkOpenness(flags);
  goOnWithoutOutput();
  const view = flags.json ? new JsonLines() : new HumanView();
  const name = FIRMWARE_VERSION;
  const stop = stopSignal();
  const { handleEvent } = view;
  const station = await Station.open({
    db,
    dbSizeBytesMax: dbSizeMax,
    mergeAfterMs: mergeAfter === undefined ? undefined : mergeAfter * 1_000,
    tcp,
    udp,
    serial,
    http,
    plain,
    files: filesOf(flags),
    name,
    keyFile: flags.keys,
    handleEvent,
  });
  keepYoungGenerationSmall();
  view.begin(station, station.addresses(serial), db);
  const failure = await Promise.race([stop, station.failure]);
  view.stopping();
  await station.close();
  if (failure !== undefined) throw failure;
  view.end(station);
}

/** Whoever may come without a key shall not fill the disk, unless that was said. */
function filesOf({ files, db, open }: CollectFlags): StationOptions["files"] {
  if (files === "off" || (files === undefined && open)) return undefined;
  return { folder: files ?? `${db.replace(/\.db$/, "")}-files` };
}

/** Whoever can reach an address from elsewhere could send readings: that takes keys, or the word that it may. */
function checkOpenness({ tcp, udp, keys, open }: CollectFlags): void {
  if (keys !== undefined && open) {
    throw new CommandFailure("collect: --keys and --open exclude each other", EXIT_USAGE);
  }
  if (keys !== undefined || open) return;
  for (const [flag, address] of Object.entries({ tcp, udp })) {
    if (address === "off" || isLoopback(address.host)) continue;
    throw new CommandFailure(
      `collect: --${flag} ${formatAddress(address)} can be reached from other computers, and no device needs a key. ` +
        "Make keys with `senda key add NAME` and give --keys FILE, or say --open to take readings from anybody",
      EXIT_USAGE,
    );
  }
}

/** The contract with scripts: DESIGN section 10. */
class JsonLines {
  readonly handleEvent = (event: CollectorEvent) => printJson(event);

  begin(station: Station, { serial, ...addresses }: StationAddresses, db: string): void {
    const [tcp, udp, http] = [addresses.tcp, addresses.udp, addresses.http].map((address) =>
      address === undefined ? null : formatAddress(address),
    );
    const plain = station.plainReports().map(({ where }) => where);
    const { apiFault } = station;
    const fault = apiFault === undefined ? {} : { httpFault: apiFault };
    printJson({ event: "listening", tcp, udp, http, serial, plain, db, ...fault });
  }

  stopping(): void {
    printJson({ event: "stopping" });
  }

  end(station: Station): void {
    printJson({ event: "stopped", ...station.counters, plain: station.plainReports() });
  }
}

/** For people: what happens as lines, and the devices as a table that is redrawn in place. */
class HumanView {
  #table: LiveTable | undefined;

  readonly handleEvent = (event: CollectorEvent) => {
    const line = describeEvent(event);
    if (this.#table === undefined) process.stdout.write(`${line}\n`);
    else this.#table.print(line);
  };

  begin(station: Station, { tcp, udp, http, serial }: StationAddresses, db: string): void {
    const places = [
      ...(tcp === undefined ? [] : [`TCP ${formatAddress(tcp)}`]),
      ...(udp === undefined ? [] : [`UDP ${formatAddress(udp)}`]),
      ...serial.map((path) => `serial ${path}`),
      ...station.plainReports().map(({ where }) => `${where} (plain, at most once)`),
    ];
    process.stdout.write(
      `Listening on ${places.join(", ")}. Readings go to ${db}. Ctrl-C stops.\n${dashboardText(http, station.apiFault)}`,
    );
    this.#table = new LiveTable(process.stdout, (nowMs) => station.views(nowMs));
  }

  stopping(): void {
    this.#table?.stop();
  }

  end(station: Station): void {
    const lines = [
      describeCounters(station.counters),
      ...station.plainReports().map(describePlain),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}

function describePlain(report: PlainReport): string {
  const { where, frames, readings, refused, leftOut, late, dropped, strangers, turnedAway } =
    report;
  const parts = [`${where}: ${counted(readings, "reading")} in ${counted(frames, "frame")}`];
  if (refused > 0) parts.push(`${refused} refused`);
  if (leftOut > 0) parts.push(`${leftOut} values that no channel can carry`);
  if (late > 0) parts.push(`${late} rows too late`);
  if (dropped > 0) parts.push(`${dropped} readings dropped`);
  if (strangers > 0) parts.push(`${strangers} strangers ignored`);
  if (turnedAway > 0) parts.push(`${turnedAway} clients turned away`);
  return parts.join(", ");
}

function printJson(value: object): void {
  process.stdout.write(jsonLine(value));
}
