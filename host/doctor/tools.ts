// Tools beside the program: none is needed to collect, each makes something else possible.

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, findIdf, findSdk } from "../firmware/sdk.ts";
import { type Check, note, ok, reasonOf } from "./check.ts";

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
  try {
    const { root, version } = await findSdk(env);
    return ok(name, `${version} in ${root}`);
  } catch (error) {
    return note(name, "firmware cannot be built here", reasonOf(error));
  }
}

export async function checkEspIdf(env: Environment): Promise<Check> {
  const name = "ESP-IDF";
  try {
    const { root, version } = await findIdf(env, await findSdk(env).catch(() => undefined));
    return ok(name, `${version} in ${root}`);
  } catch (error) {
    return note(name, "firmware cannot be built for boards here", reasonOf(error));
  }
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
