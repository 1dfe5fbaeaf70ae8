// Files that only their owner may read: a key in one, all keys in another. Replaced as a whole or not at
// all, also where the power fails.

import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { KeyError } from "./key-error.ts";

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** On Windows the mode says nothing: there a file is as private as its folder. */
const HAS_MODES = process.platform !== "win32";

/** The text; undefined where there is no such file. Throws a KeyError where others may read it. */
export function readPrivateFile(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new KeyError(`cannot read ${path}: ${message}`);
  }
  try {
    if (HAS_MODES && (fstatSync(file).mode & OTHERS) !== 0) {
      throw new KeyError(`${path} can be read by others than its owner; run \`chmod 600 ${path}\``);
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** Writes a file that must not be there yet. Throws a KeyError. */
export function createPrivateFile(path: string, text: string): void {
  try {
    writeSynced(path, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new KeyError(`${path} is there already; name another file`);
    throw new KeyError(`cannot write ${path}: ${message}`);
  }
}

/** Puts the text in the place of whatever is there, in one step. Throws a KeyError. */
export function replacePrivateFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    rmSync(temporary, { force: true }); // of a process that died, whose number came again
    writeSynced(temporary, text);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new KeyError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, "wx", OWNER_ONLY);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** So that the new name outlives a cut of the power; Windows opens no folders. */
function syncFolder(folder: string): void {
  if (!HAS_MODES) return;
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
