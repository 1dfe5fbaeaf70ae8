// `senda flash`: builds the firmware with the Moddable SDK and sends it to a board.

import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { DEFAULT_NAME, type Settings } from "../../../device/settings.ts";
import { monotonicMs } from "../../clock.ts";
import { type Build, buildImage, checkPort, deployImage } from "../../firmware/build.ts";
import { FirmwareError } from "../../firmware/firmware-error.ts";
import { checkBundle, readSettings, settingsFor, writeManifest } from "../../firmware/project.ts";
import { boardsOf, findIdf, findSdk, type Sdk } from "../../firmware/sdk.ts";
import { CommandFailure, EXIT_USAGE } from "../failure.ts";
import { bytesText } from "../output/quantity.ts";
import { TransientLine } from "../output/transient-line.ts";

/** The program is `dist/senda.js`; manifest and bundle lie beside that folder. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface FlashFlags {
  readonly platform: string;
  readonly port?: string;
  readonly buildOnly?: true;
  readonly name?: string;
  readonly host?: string;
  readonly settings?: string;
  readonly output?: string;
}

export function flashCommand(): Command {
  return new Command("flash")
    .description("Builds the firmware with the Moddable SDK and flashes a board with it.")
    .requiredOption(
      "--platform <name>",
      "esp32/nodemcu, esp32/esp32c3, esp32/esp32s3, esp32/esp32c6 and so on; lin: this computer",
      platformName,
    )
    .option("--port <path>", "the board's serial port, such as /dev/ttyUSB0")
    .option("--build-only", "build, but flash nothing")
    .option("--name <device>", "the name under which the collector keeps its readings")
    .option("--host <addr>", "the collector's name or address, as the board sees it")
    .option("--settings <file>", "a JSON file of further settings")
    .option("--output <folder>", "where to build (default: build/firmware/PLATFORM)")
    .addHelpText(
      "after",
      `
Needs the Moddable SDK (MODDABLE), and ESP-IDF (IDF_PATH) for boards; says what to do where one is
missing. Builds for release: a debug build would keep the serial port to itself.

Examples:
  $ senda flash --platform esp32/nodemcu --port /dev/ttyUSB0 --name greenhouse --host 192.168.1.10
  $ senda flash --platform esp32/esp32c3 --build-only
  $ senda flash --platform lin --build-only`,
    )
    .action(flash);
}

function platformName(text: string): string {
  const name = text.toLowerCase();
  if (/^(lin|esp32(\/[a-z0-9_]+)?)$/.test(name)) return name;
  throw new InvalidArgumentError(
    'Expected "lin", "esp32", or "esp32/" and a board of the SDK, such as esp32/nodemcu.',
  );
}

async function flash(flags: FlashFlags): Promise<void> {
  const { platform, port } = flags;
  const isBoard = platform !== "lin";
  const mustDeploy = isBoard && flags.buildOnly === undefined;
  if (mustDeploy && port === undefined) {
    throw new CommandFailure(
      "flash: name the board's serial port with --port, or give --build-only. `senda doctor` lists the ports",
      EXIT_USAGE,
    );
  }
  const sdk = await findTools(platform, isBoard);
  if (mustDeploy) await checkPort(port!);
  const own = await ownSettings(flags);
  const settings = await settingsFor(ROOT, platform, own);
  await checkBundle(ROOT);
  const build = await prepare(flags, sdk, own);
  await step(build, `building for ${platform}`, async () => {
    const { path, bytes } = await buildImage(build);
    return `${path}, ${bytesText(bytes)}`;
  });
  if (mustDeploy) {
    await step(build, `flashing the board at ${port}`, async () => {
      await deployImage(build, port!);
      return "it starts by itself";
    });
  }
  process.stdout.write(`\n${whatNext(flags, settings, mustDeploy)}`);
}

/** Says what was found, for whoever asks later which versions it was. */
async function findTools(platform: string, isBoard: boolean): Promise<Sdk> {
  const sdk = await findSdk(process.env);
  process.stdout.write(`Moddable SDK ${sdk.version} in ${sdk.root}\n`);
  if (!isBoard) return sdk;
  const boards = await boardsOf(sdk);
  if (platform.includes("/") && !boards.includes(platform)) {
    const similar = boards.filter((board) =>
      board.startsWith(platform.slice(0, "esp32/xxx".length)),
    );
    const some = similar.length > 0 ? similar : ["esp32/nodemcu", "esp32/esp32c3", "esp32/esp32s3"];
    throw new FirmwareError(
      `--platform ${platform}: the SDK knows no such board. There are ${some.join(", ")} and others in ` +
        `${join(sdk.root, "build/devices/esp32/targets")}`,
    );
  }
  const idf = await findIdf(process.env, sdk);
  process.stdout.write(`ESP-IDF ${idf.version} in ${idf.root}\n`);
  return sdk;
}

async function ownSettings({ name, host, settings }: FlashFlags): Promise<Partial<Settings>> {
  return {
    ...(settings === undefined ? {} : await readSettings(settings)),
    ...(name === undefined ? {} : { device: name }),
    ...(host === undefined ? {} : { host }),
  };
}

async function prepare(
  { platform, output }: FlashFlags,
  sdk: Sdk,
  own: Partial<Settings>,
): Promise<Build> {
  const folder = resolve(output ?? join(ROOT, "build/firmware", platform.replace("/", "-")));
  await mkdir(folder, { recursive: true });
  const log = join(folder, "log.txt");
  await writeFile(log, "");
  const manifest = await writeManifest(ROOT, folder, own);
  const { env } = process;
  return { sdk, platform, manifest, folder, log, env, handleLine: () => undefined };
}

/** Runs one step; on a terminal its tool's last line is seen meanwhile. `work` says what came of it. */
async function step(build: Build, title: string, work: () => Promise<string>): Promise<void> {
  const line = new TransientLine(process.stdout);
  const startMs = monotonicMs();
  const elapsed = () => `${Math.round((monotonicMs() - startMs) / 1_000)} s`;
  process.stdout.write(`${title} ...\n`);
  build.handleLine = (text) => line.show(() => `${elapsed()}  ${text}`);
  try {
    const result = await work();
    line.clear();
    process.stdout.write(`  done in ${elapsed()}: ${result}\n`);
  } finally {
    line.clear();
  }
}

/** Where a board mostly is. */
const DEFAULT_TTY = "/dev/ttyUSB0";

/** A collector that others can reach wants to be told whom it takes. */
function doorFlag({ key }: Settings): string {
  return key === "" ? "--open" : "--keys senda.keys";
}

/** How a board without a key gets one: over the cable, where it listens there. */
function enrolment({ port = DEFAULT_TTY }: FlashFlags, { paths }: Settings): string[] {
  const keyless = "It has no key yet, so that collector takes readings from anybody.";
  if (!paths.includes("serial")) return [`${keyless} The setting key gives it one.`];
  return [`${keyless} To give it one, over this cable:`, `  senda enroll --serial ${port}`];
}

function whatNext(flags: FlashFlags, settings: Settings, isDeployed: boolean): string {
  const { host, tcpPort, udpPort, paths, wifi } = settings;
  const isNamed = settings.device !== DEFAULT_NAME;
  const { device } = settings;
  const serial = paths.includes("serial") ? ` --serial ${flags.port ?? DEFAULT_TTY}` : "";
  const collect = `senda collect --tcp 0.0.0.0:${tcpPort} --udp 0.0.0.0:${udpPort}${serial} ${doorFlag(settings)}`;
  if (flags.platform === "lin") {
    return "Run it with the SDK's simulator, mcsim, and a collector beside it: `senda collect`.\n";
  }
  const start = isDeployed ? "The board runs" : "Flashed without --build-only, the board runs";
  const network = wifi.ssid === "" ? "no WiFi (setting wifi)" : `WiFi "${wifi.ssid}"`;
  return [
    `${start} as "${device}"${isNamed ? "" : " and its hardware address"}, with ${network},`,
    `and looks for its collector at ${host}, by ${paths.join(", then ")}.`,
    "Start the collector on that computer, and see the readings come:",
    `  ${collect}`,
    `  senda tail${isNamed ? ` ${device}` : ""}`,
    "Another name, collector or network: --name, --host, --settings.",
    ...(settings.key === "" ? enrolment(flags, settings) : []),
    "",
  ].join("\n");
}
