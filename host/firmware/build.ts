// Builds the firmware with the SDK's mcconfig, always for release, and sends it to a board. Always with
// an explicit target: without one, mcconfig starts a serial monitor that holds the port, or a debugger.

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FirmwareError } from "./firmware-error.ts";
import type { Environment, Sdk } from "./sdk.ts";
import { runTool, type ToolRun, toolFailure } from "./tool.ts";

export interface Build {
  readonly sdk: Sdk;
  /** "lin", "esp32", or "esp32/" and the name of a board. */
  readonly platform: string;
  readonly manifest: string;
  /** Where the tools put everything. */
  readonly folder: string;
  readonly log: string;
  readonly env: Environment;
  /** For whoever shows progress. */
  handleLine: (line: string) => void;
}

export interface Image {
  readonly path: string;
  readonly bytes: number;
}

/** Resolves with what a board, or the SDK's simulator, runs. Rejects with a `FirmwareError`. */
export async function buildImage(build: Build): Promise<Image> {
  const path = imagePath(build);
  await rm(path, { force: true });
  const run = mcconfig(build, "build", `building for ${build.platform}`, {});
  const last = await runTool(run);
  // The makefile for ESP32 goes on when ESP-IDF's build fails (SDK 8.2.3, make.esp32.mk, target build).
  const built = await stat(path).catch(() => undefined);
  if (built === undefined) throw toolFailure(run, "status 0, and yet made no image", last);
  return { path, bytes: built.size };
}

/** Sends what was built to the board at `port`. */
export async function deployImage(build: Build, port: string): Promise<void> {
  await checkPort(port);
  const task = `flashing the board at ${port}`;
  await runTool(mcconfig(build, "deploy", task, { UPLOAD_PORT: port }));
}

/** The SDK takes a port that it does not find for none, and flashes the board that it flashed last. */
export async function checkPort(port: string): Promise<void> {
  const found = await stat(port).catch(() => undefined);
  if (found?.isCharacterDevice()) return;
  throw new FirmwareError(
    `--port ${port}: there is no such serial port. Plug the board in; \`senda doctor\` lists those that are there`,
  );
}

function mcconfig(
  build: Build,
  target: "build" | "deploy",
  task: string,
  env: Environment,
): ToolRun {
  const { sdk, platform, folder, manifest, log, handleLine } = build;
  return {
    task,
    command: join(sdk.tools, "mcconfig"),
    args: ["-m", "-p", platform, "-o", folder, "-t", target, manifest],
    env: { ...build.env, ...env, PATH: `${sdk.tools}:${build.env.PATH ?? ""}` },
    log,
    handleLine,
  };
}

function imagePath({ platform, folder }: Build): string {
  if (platform === "lin") return join(folder, "bin/lin/mc/release/senda/mc.so");
  return join(folder, "bin", platform, "release/senda/xs_esp32.bin");
}
