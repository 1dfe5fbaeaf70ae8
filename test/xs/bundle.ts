// Makes one script of a TypeScript entry and all it imports, for the XS engine of xs-engine.ts, which
// runs scripts only and has no Moddable modules. The text codecs are those of the firmware build.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** Relative to the repository. */
const TEXT_CODECS = "device/platform/text.ts";

/**
 * Returns the script text for `entry`, a path absolute or relative to the repository. The entry
 * exports nothing; it sets `globalThis.handleCommand`. Throws esbuild's BuildFailure.
 */
export async function bundleForXs(
  entry: string,
  options: Pick<BuildOptions, "alias" | "define" | "minify"> = {},
): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    absWorkingDir: REPOSITORY,
    entryPoints: [entry],
    inject: existsSync(`${REPOSITORY}/${TEXT_CODECS}`) ? [TEXT_CODECS] : [],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}
