// Builds the host and firmware bundles once before a test run, for the tests that run them as
// processes or load them into an engine. A build that fails fails the run: otherwise the bundles of
// an earlier build would be tested. A bundle of which source files are not there is left out.

import { existsSync } from "node:fs";

interface Builds {
  buildHost(): Promise<unknown>;
  buildFirmware(): Promise<unknown>;
}

const ROOT = new URL("../", import.meta.url);

const HOST_ENTRIES = ["host/cli/main.ts", "host/store/worker.ts"];
const FIRMWARE_ENTRIES = ["device/main.ts"];

/** Vitest calls this once a run, before any test file. */
export async function setup(): Promise<void> {
  const { buildHost, buildFirmware } = (await import(new URL("build.mjs", ROOT).href)) as Builds;
  await Promise.all([
    buildWhereThere("host", HOST_ENTRIES, buildHost),
    buildWhereThere("firmware", FIRMWARE_ENTRIES, buildFirmware),
  ]);
}

async function buildWhereThere(
  name: string,
  entries: readonly string[],
  build: () => Promise<unknown>,
): Promise<void> {
  if (!entries.every((path) => existsSync(new URL(path, ROOT)))) return;
  try {
    await build();
  } catch (failure) {
    if (!isAboutAbsentFiles(failure)) throw failure;
    console.warn(`test/build-once.ts: no ${name} bundle, for source files are not there`);
  }
}

/** True where all that esbuild complains of are relative imports that lead nowhere. */
function isAboutAbsentFiles(failure: unknown): boolean {
  const { errors } = failure as { errors?: { text: string }[] };
  return errors?.every(({ text }) => /^Could not resolve "\.{1,2}\//.test(text)) === true;
}
