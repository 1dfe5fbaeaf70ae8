// `senda collect`: listens for devices and stores their readings.

import { Command } from "commander";
import { FIRMWARE_VERSION } from "../../../device/firmware.ts";
import { DEFAULT_PORT } from "../../../device/settings.ts";
import type { CollectorEvent } from "../../collector/events.ts";
import { describeCounters, describeEvent } from "../../collector/sentences.ts";
import { Station, type StationAddresses } from "../../collector/station.ts";
import type { HttpOptions } from "../../http/server.ts";
import { formatAddress, type SerialAddress } from "../../links/address.ts";
import { LiveTable } from "../../terminal/live-table.ts";
import {
  type AddressOrOff,
  addressOrOff,
  serialAddresses,
  sizeInBytes,
  wholeNumber,
} from "../arguments.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { dashboardText, httpOf, httpOption } from "../http-option.ts";
import { goOnWithoutOutput } from "../lost-output.ts";
import { stopSignal } from "../stop-signal.ts";
import { keepYoungGenerationSmall } from "../young-generation.ts";

interface CollectFlags {
  readonly tcp: AddressOrOff;
  readonly udp: AddressOrOff;
  readonly serial: readonly SerialAddress[];
  readonly http: AddressOrOff;
  readonly db: string;
  readonly dbSizeMax?: number;
  readonly mergeAfter?: number;
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
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
Defaults: TCP and UDP on 127.0.0.1:${DEFAULT_PORT}, which only this computer reaches. The dashboard
and the API are for this computer alone; where their default port is taken, the
collector says so and goes on without them.

Examples:
  $ senda collect --tcp 0.0.0.0:${DEFAULT_PORT} --udp 0.0.0.0:${DEFAULT_PORT} --db greenhouse.db
  $ senda collect --serial /dev/ttyUSB0@115200
  $ senda collect --tcp 127.0.0.1:0 --udp off --json`,
    )
    .action((flags: CollectFlags, command: Command) =>
      collect({ ...flags, serial: flags.serial ?? [] }, httpOf(flags, command)),
    );
}

async function collect(flags: CollectFlags, http: HttpOptions | "off"): Promise<void> {
  const { tcp, udp, serial, db, dbSizeMax, mergeAfter } = flags;
  if (tcp === "off" && udp === "off" && serial.length === 0) {
    throw new CommandFailure(
      "collect: there is nothing to listen on; leave --tcp or --udp on, or give --serial",
      EXIT_USAGE,
    );
  }
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
    name,
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

/** The contract with scripts: DESIGN section 10. */
class JsonLines {
  readonly handleEvent = (event: CollectorEvent) => printJson(event);

  begin({ apiFault }: Station, { serial, ...addresses }: StationAddresses, db: string): void {
    const [tcp, udp, http] = [addresses.tcp, addresses.udp, addresses.http].map((address) =>
      address === undefined ? null : formatAddress(address),
    );
    const fault = apiFault === undefined ? {} : { httpFault: apiFault };
    printJson({ event: "listening", tcp, udp, http, serial, db, ...fault });
  }

  stopping(): void {
    printJson({ event: "stopping" });
  }

  end(station: Station): void {
    printJson({ event: "stopped", ...station.counters });
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
    ];
    process.stdout.write(
      `Listening on ${places.join(", ")}. Readings go to ${db}. Ctrl-C stops.\n${dashboardText(http, station.apiFault)}`,
    );
    this.#table = new LiveTable(process.stdout, (nowMs) => station.collector.board.views(nowMs));
  }

  stopping(): void {
    this.#table?.stop();
  }

  end(station: Station): void {
    process.stdout.write(`${describeCounters(station.counters)}\n`);
  }
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
