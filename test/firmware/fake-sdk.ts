// A FAKE Moddable SDK and a FAKE ESP-IDF: folders with the files that `senda flash` looks at, and an
// mcconfig that is a shell script. It builds nothing; it notes how it was called and does what it is told.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FakeSdk {
  /** What the environment needs for `senda flash` to find both. */
  readonly env: Readonly<Record<string, string>>;
  /** Arguments and the upload port of each call so far. */
  calls(): string[];
}

export interface FakeOptions {
  readonly version?: string;
  readonly idfVersion?: readonly [number, number];
  /** What mcconfig does at `-t build` and `-t deploy`, as shell commands; $out is its output folder. */
  readonly build?: string;
  readonly deploy?: string;
}

const MAKE_IMAGE = [
  'for kind in "lin/mc" "esp32/nodemcu"; do',
  '  mkdir -p "$out/bin/$kind/release/senda"',
  '  echo fake > "$out/bin/$kind/release/senda/mc.so"',
  '  echo fake > "$out/bin/$kind/release/senda/xs_esp32.bin"',
  "done",
].join("\n");

export function makeFakeSdk(folder: string, options: FakeOptions = {}): FakeSdk {
  const { version = "8.2.3", idfVersion = [6, 0], build = MAKE_IMAGE, deploy = "true" } = options;
  const [sdk, idf, calls] = [join(folder, "sdk"), join(folder, "idf"), join(folder, "calls.txt")];
  const tools = join(sdk, `build/bin/${process.platform === "darwin" ? "mac" : "lin"}/release`);
  write(join(sdk, "tools/VERSION"), `${version}\n`);
  write(
    join(sdk, "build/devices/esp32/manifest.json"),
    '{ "build": { "EXPECTED_ESP_IDF": "v6.0" } }',
  );
  write(join(sdk, "build/devices/esp32/targets/nodemcu/manifest.json"), "{}");
  write(join(sdk, "build/devices/esp32/targets/esp32c3/manifest.json"), "{}");
  write(calls, "");
  writeProgram(
    join(tools, "mcconfig"),
    `
echo "$* UPLOAD_PORT=$UPLOAD_PORT" >> "${calls}"
while [ $# -gt 0 ]; do
  case $1 in -o) out=$2;; -t) target=$2;; esac
  shift
done
case $target in
build)
${build};;
deploy)
${deploy};;
esac`,
  );
  const [major, minor] = idfVersion;
  write(
    join(idf, "tools/cmake/version.cmake"),
    `set(IDF_VERSION_MAJOR ${major})\nset(IDF_VERSION_MINOR ${minor})\n`,
  );
  writeProgram(join(idf, "tools/idf.py"), "exit 1");
  return {
    env: { MODDABLE: sdk, IDF_PATH: idf, PATH: `${process.env.PATH}:${join(idf, "tools")}` },
    calls: () => readFileSync(calls, "utf8").split("\n").slice(0, -1),
  };
}

function writeProgram(path: string, body: string): void {
  write(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

function write(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}
