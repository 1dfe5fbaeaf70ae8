// Tools beside the program: none is needed to collect, each makes something else possible.

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Check, note, ok } from "./check.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export async function checkSocat(env: Environment): Promise<Check> {
  const path = await findOnPath("socat", env.PATH ?? "");
  if (path !== undefined) return ok("socat", path);
  const advice = "`apt-get install socat` or `brew install socat`, for the demo's serial line";
  return note("socat", "not found", advice);
}

/** The engine that the firmware is tested on; undefined where the tests are not there. */
export async function checkXsEngine(program: URL): Promise<Check | undefined> {
  const tests = fileURLToPath(new URL("../test/xs", program));
  if (!(await isThere(join(tests, "package.json")))) return undefined;
  if (await isThere(join(tests, "node_modules/@agoric/xsnap"))) {
    return ok("XS engine", "installed for the tests");
  }
  return note(
    "XS engine",
    "not installed",
    "`npm ci --prefix test/xs`, to test the firmware on XS",
  );
}

export async function checkModdable(env: Environment): Promise<Check> {
  const name = "Moddable SDK";
  const root = env.MODDABLE;
  const purpose = "to build firmware: moddable.tech/documentation";
  if (root === undefined || root === "") {
    return note(name, "MODDABLE is not set", `install the SDK and set MODDABLE, ${purpose}`);
  }
  if (await isThere(join(root, "build/bin"))) return ok(name, root);
  return note(name, `${root} has no build/bin`, `build the SDK's tools, ${purpose}`);
}

export async function checkEspIdf(env: Environment): Promise<Check> {
  const root = env.IDF_PATH;
  const advice = "install the ESP-IDF that your Moddable SDK names and source its export.sh";
  if (root === undefined || root === "") return note("ESP-IDF", "IDF_PATH is not set", advice);
  if (await isThere(join(root, "export.sh"))) return ok("ESP-IDF", root);
  return note("ESP-IDF", `${root} holds no ESP-IDF`, advice);
}

async function findOnPath(program: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter).filter((entry) => entry !== "")) {
    const path = join(folder, program);
    if (await isThere(path, constants.X_OK)) return path;
  }
  return undefined;
}

async function isThere(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
