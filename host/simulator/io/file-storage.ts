// A device's non-volatile storage as a folder with a file for each key. A file is written beside the old
// one, synced, and put in its place in one step, so a kill leaves either.

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { KeyValueStorage } from "../../../device/platform/storage.ts";

export class FileStorage implements KeyValueStorage {
  readonly #folder: string;

  /** Makes the folder where it is missing. Throws the system's error where that cannot be. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
  }

  read(key: string): string | undefined {
    try {
      return readFileSync(this.#pathOf(key), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  write(key: string, text: string): void {
    const path = this.#pathOf(key);
    writeSynced(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    syncFolder(this.#folder);
  }

  delete(key: string): void {
    rmSync(this.#pathOf(key), { force: true });
    syncFolder(this.#folder);
  }

  #pathOf(key: string): string {
    return join(this.#folder, encodeURIComponent(key));
  }
}

/** For its owner only: passwords and keys are in it. */
function writeSynced(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The new name is on disk too. Windows cannot open folders, and needs no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
