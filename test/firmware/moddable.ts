// The real Moddable SDK, where MODDABLE names one: builds the firmware for Linux and runs it without a
// display, and makes the half of an ESP32 build that needs no ESP-IDF.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Settings } from "../../device/settings.ts";
import { findSdk } from "../../host/firmware/sdk.ts";
import { runTool } from "../../host/firmware/tool.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = fileURLToPath(new URL("./", import.meta.url));

/** Kept between runs: the SDK's tools compile XS once, in half a minute of one core, and then only what changed. */
const BUILDS = join(ROOT, "build/test-firmware");

/** Undefined where there is none. */
export const sdk = await findSdk(process.env).catch(() => undefined);

/** What the firmware may use of a board's memory. */
export interface Memory {
  readonly chunkBytes: number;
  readonly slots: number;
  readonly stackSlots: number;
}

export interface Watched {
  readonly name: string;
  readonly settings: Partial<Settings>;
  readonly memory: Memory;
  /** The module that starts in place of `main`, without its ending: memory-watch, unless given. */
  readonly starter?: string;
  /** More of `mc/config`. */
  readonly config?: object;
  /** Where the board keeps what outlives a restart: the builds' own folder, unless given. */
  readonly files?: string;
}

async function mcconfig(folder: string, env: object, ...args: readonly string[]): Promise<void> {
  const tools = { ...process.env, ...env, PATH: `${sdk!.tools}:${process.env.PATH}` };
  await runTool({
    task: `mcconfig ${args.join(" ")}`,
    command: join(sdk!.tools, "mcconfig"),
    args: ["-o", folder, ...args],
    env: tools,
    log: join(folder, "log.txt"),
    handleLine: () => undefined,
  });
}

/**
 * Builds the firmware's bundle as it is, with settings and memory of the test's own and with something
 * beside it that traces the use of memory. Returns the path of what `startBoard` runs.
 */
export async function buildWatched(watched: Watched): Promise<string> {
  const { name, settings, memory, config, files = BUILDS } = watched;
  const path = watched.starter ?? join(HERE, "memory-watch");
  const starter = basename(path);
  const folder = join(BUILDS, "lin");
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, "manifest.json");
  const modules = `$(MODDABLE)/modules/base`;
  writeJson(manifest, {
    build: { NAME: "senda" },
    include: [
      join(ROOT, "manifest.json"),
      `${modules}/debug/manifest.json`,
      `${modules}/instrumentation/manifest.json`,
    ],
    modules: { [starter]: path },
    preload: [starter],
    creation: {
      main: starter,
      static: 0,
      chunk: { initial: memory.chunkBytes, incremental: 0 },
      heap: { initial: memory.slots, incremental: 0 },
      stack: memory.stackSlots,
    },
    config: { senda: settings, files, ...config },
  });
  const built = join(folder, "bin/lin/mc/instrument/senda/mc.so");
  rmSync(built, { force: true });
  await mcconfig(folder, {}, "-i", "-m", "-p", "lin", "-t", "build", manifest);
  const kept = join(folder, `${name}.so`);
  copyFileSync(built, kept);
  return kept;
}

/** Bundles an entry of the tests as the firmware is bundled. Returns its path, as a starter. */
export async function bundleStarter(entry: string): Promise<string> {
  const path = join(BUILDS, entry);
  await build({
    entryPoints: [join(HERE, `${entry}.ts`)],
    outfile: `${path}.js`,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["mc/*", "modules"],
  });
  return path;
}

/** Compiles the program that runs mc.so without a display, against the SDK's header; returns its path. */
export function compileHeadless(): string {
  mkdirSync(BUILDS, { recursive: true });
  const program = join(BUILDS, "headless");
  const flags = (kind: string) =>
    execFileSync("pkg-config", [kind, "gio-2.0"], { encoding: "utf8" }).trim().split(/\s+/);
  const header = `-I${join(sdk!.root, "build/simulators/modules")}`;
  const source = join(HERE, "headless.c");
  const libraries = [...flags("--libs"), "-ldl"];
  execFileSync("cc", ["-O1", "-o", program, source, header, ...flags("--cflags"), ...libraries]);
  return program;
}

const RUNNING = new Set<Board>();

/** Ends all boards that still run. */
export async function stopBoards(): Promise<void> {
  for (const board of RUNNING) await board.stop();
}

/** The firmware on XS, as a process of its own. */
export class Board {
  readonly lines: string[] = [];
  /** The most that was in use, after a collection; bytes of Linux, where a slot has 32. */
  readonly peak: Record<string, number> = {};
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(headless: string, image: string) {
    this.#child = spawn(headless, [image], { stdio: ["pipe", "pipe", "pipe"] });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface(stream).on("line", (line) => this.#handleLine(line));
    }
    RUNNING.add(this);
  }

  /** Undefined while it runs; 0, 100 and more where XS aborted, or a signal. */
  get exit(): number | string | undefined {
    return this.#child.exitCode ?? this.#child.signalCode ?? undefined;
  }

  /** Cuts its power. */
  async stop(): Promise<void> {
    RUNNING.delete(this);
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #handleLine(line: string): void {
    if (line.startsWith("instruments:")) return;
    this.lines.push(line);
    for (const [, name, bytes] of line.matchAll(/(\w+)=(\d+)/g)) this.peak[name!] = Number(bytes);
  }
}

export interface JavascriptHalf {
  readonly romSlotBytes: number;
  readonly aliases: number;
  /** What the linker warned of. */
  readonly warnings: readonly string[];
  /** The makefile's line of heap sizes. */
  readonly creation: string;
  /** ESP-IDF's configuration as the SDK has merged it. */
  readonly sdkconfig: string;
}

const SLOT_BYTES = 16;

/**
 * Compiles, links, preloads and strips the firmware's JavaScript for a board: all that the SDK does before
 * ESP-IDF compiles the result. mcconfig only writes the makefile, of which one target is made.
 */
export async function makeJavascriptHalf(platform: string): Promise<JavascriptHalf> {
  const folder = join(BUILDS, platform.replace("/", "-"));
  rmSync(folder, { recursive: true, force: true });
  const idf = join(folder, "no-idf");
  mkdirSync(idf, { recursive: true });
  const env = { IDF_PATH: idf };
  await mcconfig(folder, env, "-p", platform, join(ROOT, "manifest.json"));
  const makefile = join(folder, "tmp", platform, "release/senda/makefile");
  const text = readFileSync(makefile, "utf8");
  const made = join(dirname(makefile), "mc.xs.c");
  const chip = /^ESP32_SUBCLASS = (\w+)/m.exec(text)?.[1] ?? "esp32";
  const header = join(dirname(makefile), `xsProj-${chip}/build/config/sdkconfig.h`);
  mkdirSync(dirname(header), { recursive: true });
  writeFileSync(header, ""); // ESP-IDF's own, which nothing here needs
  const lines: string[] = [];
  await runTool({
    task: `the JavaScript half for ${platform}`,
    command: "make",
    args: ["-f", makefile, "IDF_VERSION=v6.0", "-o", header, made],
    env: { ...process.env, ...env, PATH: `${sdk!.tools}:${process.env.PATH}` },
    log: join(folder, "log.txt"),
    handleLine: (line) => lines.push(line),
  });
  const code = readFileSync(made, "utf8");
  const count = (name: string) =>
    Number(new RegExp(`^#define mx${name}Count (\\d+)`, "m").exec(code)?.[1]);
  return {
    romSlotBytes: (count("Heap") + count("Stack")) * SLOT_BYTES,
    aliases: count("Alias"),
    warnings: lines.filter((line) => /### (warning|error)/.test(line)),
    creation: /^CREATION = -c (.*)$/m.exec(text)?.[1] ?? "",
    sdkconfig: readFileSync(/^SDKCONFIG_FILE=(.*)$/m.exec(text)![1]!, "utf8"),
  };
}

/** Only where it changes: the SDK's makefile goes by dates. */
function writeJson(path: string, value: unknown): void {
  const text = JSON.stringify(value, undefined, 2);
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}
