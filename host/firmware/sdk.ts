// The Moddable SDK and ESP-IDF on this computer: where they are, which versions, and what to install
// where something is missing. Only looks at files; nothing of them is run here.

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FirmwareError } from "./firmware-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sdk {
  readonly root: string;
  /** As the SDK says it, such as "8.2.3". */
  readonly version: string;
  /** The folder with mcconfig and the other tools. */
  readonly tools: string;
}

export interface Idf {
  readonly root: string;
  /** Major and minor: the SDK asks for no more. */
  readonly version: string;
}

/** The firmware's manifest and IO classes were tried with this one and later ones. */
const SDK_VERSION_MIN = [8, 2] as const;

/** What the SDK asks for where it does not say so itself. */
const IDF_VERSION_DEFAULT = "6.0";

const SDK_GUIDE = "https://www.moddable.com/documentation/Moddable%20SDK%20-%20Getting%20Started";
const IDF_GUIDE = "https://docs.espressif.com/projects/esp-idf/en/stable/esp32/get-started/";

/** The SDK's own names for the systems that its tools run on. */
const TOOL_FOLDERS: Readonly<Record<string, string>> = { linux: "lin", darwin: "mac" };

/** The SDK that MODDABLE points to. Throws a `FirmwareError` that says what to install. */
export async function findSdk(env: Environment): Promise<Sdk> {
  const root = env.MODDABLE ?? "";
  if (root === "") {
    throw new FirmwareError(
      "the Moddable SDK was not found: MODDABLE is not set. Firmware is built with the SDK, " +
        `${SDK_VERSION_MIN.join(".")} or newer: install it as ${SDK_GUIDE} says ` +
        "(`npx xs-dev setup` does most of it), then set MODDABLE to its folder",
    );
  }
  const version = (await textOf(join(root, "tools/VERSION")))?.trim() ?? "";
  if (!/^\d+\.\d+/.test(version)) {
    throw new FirmwareError(
      `MODDABLE is ${root}, which is no Moddable SDK of ${SDK_VERSION_MIN.join(".")} or newer ` +
        `(there is no tools/VERSION): set it to the SDK's folder, or install it: ${SDK_GUIDE}`,
    );
  }
  if (isOlder(version, SDK_VERSION_MIN)) {
    throw new FirmwareError(
      `the Moddable SDK in ${root} is ${version}; ${SDK_VERSION_MIN.join(".")} or newer is needed: ` +
        "update it (`npx xs-dev update`, or git pull and build its tools anew)",
    );
  }
  const tools = join(root, "build/bin", TOOL_FOLDERS[process.platform] ?? "lin", "release");
  if (!(await isFile(join(tools, "mcconfig")))) {
    throw new FirmwareError(
      `the Moddable SDK in ${root} has no tools yet (${tools} has no mcconfig): build them as ` +
        `${SDK_GUIDE} says`,
    );
  }
  return { root, version, tools };
}

/** The ESP-IDF that IDF_PATH points to, in the version that the SDK (if any) asks for. Throws like `findSdk`. */
export async function findIdf(env: Environment, sdk: Sdk | undefined): Promise<Idf> {
  const wanted = sdk === undefined ? IDF_VERSION_DEFAULT : await wantedIdfVersion(sdk);
  const install =
    `install ESP-IDF ${wanted} (git clone --recursive -b v${wanted} ` +
    `https://github.com/espressif/esp-idf, then its install.sh: ${IDF_GUIDE})`;
  const root = env.IDF_PATH ?? "";
  if (root === "") {
    throw new FirmwareError(
      `ESP-IDF was not found: IDF_PATH is not set. If it is installed: source its export.sh in ` +
        `this shell. If not: ${install}. xs-dev installs an older one`,
    );
  }
  const version = versionOf(await textOf(join(root, "tools/cmake/version.cmake")));
  if (version === undefined) {
    throw new FirmwareError(`IDF_PATH is ${root}, which holds no ESP-IDF: ${install}`);
  }
  if (version !== wanted) {
    throw new FirmwareError(
      `the ESP-IDF in ${root} is ${version}, and the Moddable SDK needs ${wanted}: ${install}`,
    );
  }
  if (!(await isOnPath("idf.py", env))) {
    throw new FirmwareError(
      `idf.py is not on the PATH: run \`. ${join(root, "export.sh")}\` in this shell, then try again`,
    );
  }
  return { root, version };
}

/** Boards of the ESP32 family that the SDK knows, such as "esp32/nodemcu". */
export async function boardsOf(sdk: Sdk): Promise<string[]> {
  const folder = join(sdk.root, "build/devices/esp32/targets");
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => `esp32/${name}`);
}

async function wantedIdfVersion(sdk: Sdk): Promise<string> {
  const text = await textOf(join(sdk.root, "build/devices/esp32/manifest.json"));
  return /"EXPECTED_ESP_IDF"\s*:\s*"v?(\d+\.\d+)/.exec(text ?? "")?.[1] ?? IDF_VERSION_DEFAULT;
}

function versionOf(cmake: string | undefined): string | undefined {
  const part = (name: string) =>
    new RegExp(`IDF_VERSION_${name}\\s+"?(\\d+)`).exec(cmake ?? "")?.[1];
  const [major, minor] = [part("MAJOR"), part("MINOR")];
  return major === undefined || minor === undefined ? undefined : `${major}.${minor}`;
}

function isOlder(version: string, [leastMajor, leastMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

async function isOnPath(program: string, env: Environment): Promise<boolean> {
  const folders = (env.PATH ?? "").split(":").filter((folder) => folder !== "");
  const found = await Promise.all(folders.map((folder) => isFile(join(folder, program))));
  return found.includes(true);
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Undefined where it cannot be read. */
async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
