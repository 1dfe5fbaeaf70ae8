// Builds what runs: `node build.mjs host` the command line and its workers, `dashboard` the page that the
// collector serves, `firmware` the device bundle that manifest.json preloads into ROM, `bench` the
// benches; without an argument the first three.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { readyForRom } from "./rom.mjs";

const common = { bundle: true, format: "esm", sourcemap: "linked", logLevel: "warning" };

/** Libraries that bring native parts, or files of their own, stay in node_modules. */
const hostExternals = [
  "serialport",
  "@photostructure/sqlite",
  "commander",
  "fastify",
  "@fastify/websocket",
  "prom-client",
];

export async function buildHost() {
  await mkdir("dist", { recursive: true });
  await copyFile("host/simulator/recordings/greenhouse.csv", "dist/greenhouse.csv");
  const { metafile } = await build({
    ...common,
    entryPoints: {
      senda: "host/cli/main.ts",
      "store-worker": "host/store/worker.ts",
      "reading-worker": "host/http/reading/worker.ts",
    },
    outdir: "dist",
    splitting: true, // a command loads what it needs, and doctor runs without native parts
    chunkNames: "chunk-[hash]",
    metafile: true,
    platform: "node",
    target: "node20.19",
    external: hostExternals,
    banner: { js: "#!/usr/bin/env node" },
  });
  await removeOldChunks(new Set(Object.keys(metafile.outputs)));
}

/** Chunks have new names when their contents change; the ones before are of no more use. */
async function removeOldChunks(outputs) {
  for (const name of await readdir("dist")) {
    if (name.startsWith("chunk-") && !outputs.has(`dist/${name}`)) await rm(`dist/${name}`);
  }
}

/** The page that the collector serves, with compressed twins of its files beside them. */
export async function buildDashboard() {
  const { build: buildPage } = await import("vite"); // of the four only this one needs it
  await buildPage({ configFile: "host/dashboard/vite.config.ts" });
  const folder = "dist/dashboard";
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    await writeFile(`${path}.br`, brotliCompressSync(bytes));
    await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

export async function buildFirmware() {
  const { outputFiles } = await build({
    ...common,
    write: false,
    sourcemap: "external", // its lines hold for what is made of the bundle below
    entryPoints: { main: "device/main.ts" },
    outdir: "build",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    minifySyntax: true,
    // XS has no TextEncoder and no TextDecoder; the CBOR library names both (docs/decisions/0002).
    inject: ["device/platform/text.ts"],
    external: ["crypt", "embedded:*", "instrumentation", "mc/*", "modules", "net", "time", "timer"],
  });
  for (const { path, text } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    const isMap = path.endsWith(".map");
    await writeFile(
      path,
      isMap ? text : `${await readyForRom(text)}//# sourceMappingURL=main.js.map\n`,
    );
  }
}

/** Benches run as what ships runs: bundled. tsx gives each function its name anew, which halves some speeds. */
export function buildBench() {
  return build({
    ...common,
    entryPoints: {
      main: "bench/main.ts",
      codec: "bench/codec/main.ts",
      "task-entry": "bench/host/task-entry.ts",
    },
    outdir: "build/bench",
    splitting: true,
    platform: "node",
    target: "node20.19",
    packages: "external",
    plugins: [keepOwnUrls],
  });
}

/** Files find what lies beside them by their own URL, wherever they are bundled to. */
const keepOwnUrls = {
  name: "keep-own-urls",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
};

const builds = {
  host: buildHost,
  dashboard: buildDashboard,
  firmware: buildFirmware,
  bench: buildBench,
};

if (import.meta.filename === process.argv[1]) {
  const wanted =
    process.argv.length === 2 ? ["host", "dashboard", "firmware"] : process.argv.slice(2);
  for (const name of wanted) {
    if (builds[name] === undefined) {
      console.error(
        `build.mjs: no build is named "${name}"; there are: ${Object.keys(builds).join(", ")}`,
      );
      process.exit(2);
    }
    await builds[name]();
  }
}
