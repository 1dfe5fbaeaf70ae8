// `senda enroll`: gives the board at the end of a cable its name, network, collector and key, and waits
// until it has come in. What flags do not say is asked for, where somebody sits at a terminal.

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { Command } from "commander";
import { DEFAULT_PORT } from "../../../device/settings.ts";
import { isName } from "../../../shared/channel.ts";
import { monotonicMs } from "../../clock.ts";
import { ControlClient } from "../../commands/control-client.ts";
import type { DeviceKeys } from "../../keys/device-keys.ts";
import { DEFAULT_KEY_FILE, findKeys } from "../../keys/key-file.ts";
import {
  type Address,
  DEFAULT_HTTP_PORT,
  formatAddress,
  parseAddress,
  type SerialAddress,
} from "../../links/address.ts";
import { LinkError } from "../../links/listen-error.ts";
import { type Arrival, waitForArrival } from "../../provisioning/arrival.ts";
import { CableSession } from "../../provisioning/cable-session.ts";
import { type EnrolmentPlan, enrol } from "../../provisioning/enrolment.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { serialAddresses, wholeNumber } from "../arguments.ts";
import { httpAddress } from "../device-target.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { Prompter } from "../prompter.ts";
import { EXIT_INTERRUPTED, stopSignal } from "../stop-signal.ts";

/** A board joins its network in some seconds; one whose collector is new to it backs off for some more. */
const ARRIVAL_SECONDS = 60;
const ARRIVAL_SECONDS_MAX = 3_600;

interface EnrollFlags {
  readonly serial: readonly SerialAddress[];
  readonly name?: string;
  readonly wifiSsid?: string;
  readonly wifiPasswordFile?: string;
  readonly host?: string;
  readonly keys: string;
  readonly http: Address;
  readonly timeout: number;
  readonly yes?: true;
  readonly json?: true;
}

export function enrollCommand(): Command {
  const address = { host: "127.0.0.1", port: DEFAULT_HTTP_PORT };
  return new Command("enroll")
    .description("Gives the board at the end of a cable its key, name, WiFi and collector.")
    .requiredOption("--serial <path[@baud]>", "the port that the board is on", serialAddresses)
    .option("--name <name>", "the name under which its readings are kept")
    .option("--wifi-ssid <ssid>", "the network that it joins")
    .option("--wifi-password-file <file>", 'a file with the password in its first line; "-": stdin')
    .option("--host <addr[:port]>", "the collector's name or address, as the board sees it")
    .option("--keys <file>", "the file of keys, which only you can read", DEFAULT_KEY_FILE)
    .option("--http <addr:port>", "where the collector takes commands", httpAddress, address)
    .option(
      "--timeout <seconds>",
      "how long to wait for the board to come in",
      wholeNumber(1, ARRIVAL_SECONDS_MAX),
      ARRIVAL_SECONDS,
    )
    .option("--yes", "ask nothing: take the defaults, and enrol anew what is enrolled")
    .option("--json", "one JSON object a line, for programs")
    .addHelpText(
      "after",
      `
Asks for what the flags do not say. The password is not shown while it is typed; for
programs it comes from a file or from standard input, never from an argument. The key is
made here and shown nowhere. A board that is enrolled already gets a new key; the old one
holds until the board has come in with the new one.

Examples:
  $ senda collect --tcp 0.0.0.0:${DEFAULT_PORT} --udp 0.0.0.0:${DEFAULT_PORT} --keys ${DEFAULT_KEY_FILE}
  $ senda enroll --serial /dev/ttyUSB0          # from another terminal
  $ senda enroll --serial /dev/ttyUSB0 --name cellar --host 192.168.1.10 \\
      --wifi-ssid shed --wifi-password-file shed.password --yes --json`,
    )
    .action(enroll);
}

async function enroll(flags: EnrollFlags): Promise<void> {
  checkFlags(flags);
  const { serial, keys: keyFile } = flags;
  const keys = findKeys(keyFile);
  const enrolment = new Enrolment(flags);
  const session = await openCable(serial[0]!, keyFile, keys);
  try {
    await enrolment.run(session, keys);
  } finally {
    session.close();
  }
  await enrolment.finish();
}

function checkFlags({ serial, name, host }: EnrollFlags): void {
  if (serial.length > 1) throw usage("one --serial PATH at a time");
  if (name !== undefined) checkName(name);
  if (host?.trim() === "") throw usage("--host: name the collector");
}

class Enrolment {
  readonly #flags: EnrollFlags;
  #prompter: Prompter | undefined;
  #stop: Promise<void> = new Promise(() => undefined);
  #plan: EnrolmentPlan | undefined;
  /** The board begins anew after that. */
  #sinceMs = 0;

  constructor(flags: EnrollFlags) {
    this.#flags = flags;
  }

  /** Until Ctrl-C stops it in order it may stop it at once: nothing is changed before all is known. */
  async run(session: CableSession, keys: DeviceKeys): Promise<void> {
    this.#tellOfBoard(session);
    this.#prompter = this.#flags.yes || !process.stdin.isTTY ? undefined : new Prompter();
    try {
      this.#plan = await this.#ask(session, keys);
    } finally {
      this.#prompter?.close();
    }
    this.#stop = stopSignal();
    await this.#write(session, this.#plan, keys);
  }

  /** Waits until the board has come in. */
  async finish(): Promise<void> {
    const plan = this.#plan!;
    const { http, timeout } = this.#flags;
    const during = { sinceMs: this.#sinceMs, withinMs: 1_000 * timeout };
    const arrival = waitForArrival(new ControlClient(http), plan.device, during);
    const result = await Promise.race([arrival, this.#stop]);
    if (result === undefined) {
      process.stderr.write(
        `senda: ${printable(plan.device)} has its key, and comes in by itself\n`,
      );
      process.exit(EXIT_INTERRUPTED);
    }
    if (result.kind === "late") throw new CommandFailure(this.#lateText(plan));
    this.#tellOfArrival(plan, result);
  }

  #tellOfBoard({ device, isSealed }: CableSession): void {
    const state = isSealed ? "it is enrolled already" : "it has no key yet";
    this.#tell(
      { event: "board", device, isEnrolled: isSealed },
      `The board says that it is ${printable(device)}; ${state}.`,
    );
  }

  async #ask(session: CableSession, keys: DeviceKeys): Promise<EnrolmentPlan> {
    if (session.isSealed) await this.#confirm(`Enrol ${printable(session.device)} anew?`);
    const device = await this.#name(session.device);
    if (device !== session.device || !session.isSealed) await this.#confirmName(device, keys);
    const wifi = await this.#wifi();
    return { device, wifi, ...parseHost(await this.#host()) };
  }

  async #name(own: string): Promise<string> {
    const { name } = this.#flags;
    const device = name ?? (await this.#prompter?.ask("Name of the board", own)) ?? own;
    checkName(device);
    return device;
  }

  async #confirmName(device: string, keys: DeviceKeys): Promise<void> {
    if (keys.keysOf(device).length === 0) return;
    await this.#confirm(
      `${this.#flags.keys} has a key for ${printable(device)} already: another board's, or this one's before its flash was erased. Go on?`,
    );
  }

  async #wifi(): Promise<EnrolmentPlan["wifi"]> {
    const { wifiSsid, wifiPasswordFile } = this.#flags;
    const question = "WiFi network (nothing: as it is)";
    const ssid = wifiSsid ?? (await this.#prompter?.ask(question)) ?? "";
    if (ssid === "") return undefined;
    if (wifiPasswordFile !== undefined) return { ssid, password: firstLineOf(wifiPasswordFile) };
    const password = await this.#prompter?.askSecret(`Password of ${printable(ssid)}`);
    if (password !== undefined) return { ssid, password };
    throw usage(
      "--wifi-ssid needs --wifi-password-file FILE; the file is empty for an open network",
    );
  }

  async #host(): Promise<string> {
    const { host } = this.#flags;
    if (host !== undefined) return host;
    const own = ownAddresses();
    const others = own.length > 1 ? ` (also ${own.slice(1).join(", ")})` : "";
    const question = `Address of the collector: this computer's${others}, or another one's`;
    const chosen = (await this.#prompter?.ask(question, own[0])) ?? own[0] ?? "";
    if (chosen === "") throw usage("this computer has no address that a board could reach: --host");
    return chosen;
  }

  async #confirm(question: string): Promise<void> {
    if (this.#flags.yes) return;
    if (this.#prompter === undefined) throw usage(`${question} Say so with --yes`);
    if (await this.#prompter.confirm(question)) return;
    throw new CommandFailure("enroll: nothing was changed");
  }

  async #write(session: CableSession, plan: EnrolmentPlan, ring: DeviceKeys): Promise<void> {
    const { keys } = this.#flags;
    const where = { keyFile: keys, ring };
    const name = printable(plan.device);
    this.#sinceMs = monotonicMs();
    const outcome = await enrol((errand) => session.run(errand), plan, where, this.#stop);
    if (outcome.kind === "refused") {
      throw new CommandFailure(
        `enroll: the board took nothing (${printable(outcome.text)}); it is as it was, and so is ${keys}`,
      );
    }
    if (outcome.kind === "unknown") {
      throw new CommandFailure(
        `enroll: nobody knows whether the board took its key (${printable(outcome.text)}). The key for ${name} stays in ${keys}, valid beside any from before. Enrol the board again, or \`senda key remove ${name}\` where it is given up`,
      );
    }
    const { device, host } = plan;
    const { hasRestarted } = outcome;
    const restart = hasRestarted ? "begins anew" : "must be restarted: press its reset key";
    this.#tell(
      { event: "written", device, host, keys, hasRestarted },
      `It has its key, which is in ${keys} as ${name}'s, and ${restart}. Waiting for it to come in ...`,
    );
  }

  #tellOfArrival(plan: EnrolmentPlan, arrival: Exclude<Arrival, { kind: "late" }>): void {
    const { device } = plan;
    const name = printable(device);
    const seconds = Math.round((monotonicMs() - this.#sinceMs) / 100) / 10;
    if (arrival.kind === "here") {
      const { path } = arrival;
      this.#tell(
        { event: "enrolled", device, path, seconds },
        `${name} is here over ${path}, sealed, ${seconds} s after it was given its key.`,
      );
      return;
    }
    this.#tell(
      { event: "enrolled", device, path: null, why: arrival.text },
      `${name} is set up, but ${arrival.text}. Start it on ${plan.host} with these keys, and the board comes in within a minute:\n  ${this.#collectText(plan)}`,
    );
  }

  #lateText(plan: EnrolmentPlan): string {
    const { http, timeout } = this.#flags;
    const network = plan.wifi === undefined ? "its network" : `"${printable(plan.wifi.ssid)}"`;
    return (
      `enroll: ${printable(plan.device)} has its key, and did not come in at the collector (HTTP ${formatAddress(http)}) within ${timeout} s. ` +
      `Does it reach ${network}, is the password right, does that network lead to ${plan.host}? Was the collector started with these keys (${this.#collectText(plan)})? ` +
      "The collector says whom it turns away. The board goes on trying; `senda enroll` changes what is wrong"
    );
  }

  #collectText({ port = DEFAULT_PORT }: EnrolmentPlan): string {
    return `senda collect --tcp 0.0.0.0:${port} --udp 0.0.0.0:${port} --keys ${this.#flags.keys}`;
  }

  #tell(event: object, text: string): void {
    process.stdout.write(this.#flags.json ? jsonLine(event) : `${text}\n`);
  }
}

async function openCable(
  address: SerialAddress,
  path: string,
  keys: DeviceKeys,
): Promise<CableSession> {
  try {
    return await CableSession.open(address, keys);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    throw new CommandFailure(`enroll: ${error.message}${adviceFor(error, path)}`);
  }
}

function adviceFor({ code }: LinkError, path: string): string {
  if (code === "ENOKEY") {
    return `. Name the file that has its key with --keys (this was ${path}); where nobody has it, erase the board's flash (\`esptool erase-flash\`), and with it what it has not sent, flash it, and enrol it`;
  }
  return code === "ETIMEDOUT" ? ". Or stop that collector for as long as this takes" : "";
}

function checkName(name: string): void {
  if (!isName(name)) throw usage("a board's name has 1 to 64 bytes and no control characters");
}

/** HOST, or HOST:PORT for a collector on another port than the usual one. */
function parseHost(text: string): Pick<EnrolmentPlan, "host" | "port"> {
  const address = text.includes(":") ? parseAddress(text) : undefined;
  return address === undefined ? { host: text, port: undefined } : address;
}

function firstLineOf(path: string): string {
  try {
    return readFileSync(path === "-" ? process.stdin.fd : path, "utf8").split(/\r?\n/)[0]!;
  } catch (error) {
    throw usage(`--wifi-password-file ${path}: ${(error as Error).message}`);
  }
}

/** Those by which others reach this computer; IPv4 only, as a board's resolver. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}

function usage(text: string): CommandFailure {
  return new CommandFailure(`enroll: ${text}`, EXIT_USAGE);
}
