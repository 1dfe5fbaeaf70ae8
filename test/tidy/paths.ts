// The files that are ours, for the rules that read them.

import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

export const ROOT = new URL("../../", import.meta.url).pathname;
const NOT_OURS = new Set(["node_modules", "dist", "build", ".git"]);

/** Paths of all files that are ours, from the root, with slashes. */
export const PATHS: readonly string[] = readdirSync(ROOT, { withFileTypes: true }).flatMap(
  (entry) => (entry.isDirectory() ? pathsUnder(entry.name) : [entry.name]),
);

function pathsUnder(folder: string): string[] {
  if (NOT_OURS.has(folder.split(sep).at(-1)!)) return [];
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pathsUnder(path);
    return entry.isFile() ? [relative(ROOT, join(ROOT, path)).replaceAll(sep, "/")] : [];
  });
}
