// The firmware's part of this project as the SDK's tools take it: the bundle, which must be as new as
// its sources, and a manifest made for one build, which adds that build's settings to ours.

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { DEFAULT_SETTINGS, type Settings, settingsFault } from "../../device/settings.ts";
import { FirmwareError } from "./firmware-error.ts";

interface Manifest {
  readonly config?: { readonly senda?: Partial<Settings> };
  readonly platforms?: Readonly<Record<string, Manifest>>;
}

/** Where the bundle comes from; a package without sources has only the bundle. */
const SOURCES = ["device", "shared"];
const BUNDLE = "build/main.js";

/** Throws a `FirmwareError` where the bundle is missing or older than what it is made of. */
export async function checkBundle(root: string): Promise<void> {
  const builtMs = await changedMs(join(root, BUNDLE));
  if (builtMs === undefined) {
    throw new FirmwareError(
      `the firmware's bundle ${BUNDLE} is not there: make it with \`npm run firmware\``,
    );
  }
  const names = await Promise.all(SOURCES.map((folder) => sourcesUnder(join(root, folder))));
  for (const path of names.flat()) {
    if ((await changedMs(path))! <= builtMs) continue;
    throw new FirmwareError(
      `the firmware's bundle ${BUNDLE} is older than ${relative(root, path)}, so what you would ` +
        "flash is not what you see: make it anew with `npm run firmware`",
    );
  }
}

/** What the firmware will be told: our manifest's settings for the platform, and `own` over them. */
export async function settingsFor(
  root: string,
  platform: string,
  own: Partial<Settings>,
): Promise<Settings> {
  const manifest = JSON.parse(await readFile(join(root, "manifest.json"), "utf8")) as Manifest;
  const family = platform.split("/", 1)[0]!;
  const forFamily = manifest.platforms?.[family] ?? manifest.platforms?.[`${family}/*`];
  const settings = {
    ...DEFAULT_SETTINGS,
    ...manifest.config?.senda,
    ...forFamily?.config?.senda,
    ...own,
  };
  const unknown = Object.keys(own).filter((name) => !(name in DEFAULT_SETTINGS));
  const fault = unknown.length > 0 ? `there is no "${unknown[0]}"` : settingsFault(settings);
  if (fault !== undefined) {
    const names = Object.keys(DEFAULT_SETTINGS).join(", ");
    throw new FirmwareError(`settings: ${fault}. There are: ${names}`);
  }
  return settings;
}

/** Settings from a JSON file that the user keeps. */
export async function readSettings(path: string): Promise<Partial<Settings>> {
  const wanted = 'Expected one JSON object, such as { "device": "greenhouse", "host": "10.0.0.2" }';
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new FirmwareError(`--settings ${path}: ${(error as Error).message}. ${wanted}`);
  }
  throw new FirmwareError(`--settings ${path}: ${wanted}`);
}

/** Writes the manifest of one build into its folder, which is made where it is not there; returns its path. */
export async function writeManifest(
  root: string,
  folder: string,
  own: Partial<Settings>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "manifest.json");
  const manifest = {
    build: { NAME: "senda" },
    include: [join(root, "manifest.json")],
    config: { senda: own },
  };
  await writeFile(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return path;
}

async function sourcesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** When it was last written; undefined where it is not there. */
async function changedMs(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
