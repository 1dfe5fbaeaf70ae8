// Bundles a target with the code that it tests, which alone is instrumented: not the target, nor the
// reference twin that it may compare with, nor libraries.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type OnLoadResult, type Plugin, transform } from "esbuild";
import { Coverage, type CoveredFile } from "./coverage.ts";
import { HITS, instrument, SPEND } from "./instrument.ts";
import type { CreateTarget, Target } from "./target.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Code under test; `planted` has known bugs that the fuzzer must find. */
const UNDER_TEST = /^(shared|device|host|test.fuzz.planted).*\.ts$/;

/** They bring native parts, or files of their own. */
const EXTERNALS = ["serialport", "@photostructure/sqlite", "commander"];

export interface LoadedTarget {
  readonly target: Target;
  readonly coverage: Coverage;
  /** Texts that the code under test names. */
  readonly texts: readonly Uint8Array[];
}

/** Loads `test/fuzz/FOLDER/NAME.ts`. */
export async function loadTarget(name: string, folder = "targets"): Promise<LoadedTarget> {
  const files: CoveredFile[] = [];
  const texts = new Set<string>();
  const outfile = join(ROOT, "build", "fuzz", `${name}.cjs`);
  await build({
    entryPoints: [join(ROOT, "test", "fuzz", folder, `${name}.ts`)],
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20.19",
    logLevel: "error",
    external: EXTERNALS,
    banner: { js: `module.exports = (${HITS}, ${SPEND}) => { const module = { exports: {} };` },
    footer: { js: "return module.exports; };" },
    plugins: [instrumenting(files, texts)],
  });
  const require = createRequire(import.meta.url);
  delete require.cache[outfile];
  const coverage = new Coverage(files);
  const load = require(outfile) as (hits: Uint8Array, spend: () => void) => Bundle;
  const { createTarget } = load(coverage.hits, coverage.spend);
  const target = await createTarget();
  const encoder = new TextEncoder();
  return { target, coverage, texts: [...texts].sort().map((text) => encoder.encode(text)) };
}

interface Bundle {
  readonly createTarget: CreateTarget;
}

/** Counters are numbered as modules come. The bundle lies elsewhere: a module's own place stays what it was. */
function instrumenting(files: CoveredFile[], texts: Set<string>): Plugin {
  let first = 0;
  const load = async ({ path }: { path: string }): Promise<OnLoadResult> => {
    const url = JSON.stringify(pathToFileURL(path).href);
    const source = (await readFile(path, "utf8")).replaceAll("import.meta.url", url);
    if (!UNDER_TEST.test(relative(ROOT, path))) return { contents: source, loader: "ts" };
    const { code } = await transform(source, { loader: "ts", target: "es2023", sourcefile: path });
    const { code: contents, counters, texts: named } = instrument(code, first);
    files.push({ path: relative(ROOT, path), first, counters });
    first += counters;
    for (const text of named) if (text.length <= TEXT_MAX) texts.add(text);
    return { contents, loader: "js" };
  };
  return {
    name: "instrument",
    setup: (builder) => builder.onLoad({ filter: /\.ts$/ }, load),
  };
}

/** Longer ones are sentences for people. */
const TEXT_MAX = 24;
