// The size of the firmware's bundle, which a board must hold.

import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Bench } from "./figure.ts";

const BUNDLE = fileURLToPath(new URL("../build/main.js", import.meta.url));

export const measureBundle: Bench = async () => {
  const { size } = await stat(BUNDLE);
  const compressed = gzipSync(await readFile(BUNDLE)).length;
  return [
    { name: "firmware.bundle", value: size, unit: "bytes" },
    { name: "firmware.bundle.gzip", value: compressed, unit: "bytes" },
  ];
};
