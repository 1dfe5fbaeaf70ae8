// The file of keys: read as a whole, changed by one at a time, watched by a collector that runs.

import { unwatchFile, watchFile } from "node:fs";
import type { KeyRing } from "../../shared/seal/host-seal.ts";
import { loadSqlite } from "../store/sqlite.ts";
import { DeviceKeys, formatKeys, parseKeys } from "./device-keys.ts";
import { KeyError } from "./key-error.ts";
import { readPrivateFile, replacePrivateFile } from "./private-file.ts";

export const DEFAULT_KEY_FILE = "senda.keys";

/** How soon a collector notices that keys changed. */
const WATCH_PERIOD_MS = 1_000;

/** Whoever changes the file has it for milliseconds. */
const LOCK_MS_MAX = 5_000;

/** No keys where there is no such file. Throws a KeyError where it cannot be read. */
export function findKeys(path: string): DeviceKeys {
  const text = readPrivateFile(path);
  return text === undefined ? new DeviceKeys() : parseKeys(text, path);
}

/** Throws a KeyError, also where there is no such file. */
export function readKeyFile(path: string): DeviceKeys {
  const text = readPrivateFile(path);
  if (text === undefined) {
    throw new KeyError(`there is no file of keys at ${path}; \`senda key add NAME\` makes one`);
  }
  return parseKeys(text, path);
}

/** Changes the file, which is made where there is none; nobody else changes it meanwhile. */
export async function changeKeyFile<T>(path: string, change: (keys: DeviceKeys) => T): Promise<T> {
  const unlock = await lock(path);
  try {
    const keys = findKeys(path);
    const result = change(keys);
    replacePrivateFile(path, formatKeys(keys));
    return result;
  } finally {
    unlock();
  }
}

/** As host/store/lock.ts: a lock of the operating system, which ends with the process however that ends. */
async function lock(path: string): Promise<() => void> {
  const open = await loadSqlite();
  try {
    const database = open(`${path}-lock`);
    database.exec(
      `PRAGMA busy_timeout = ${LOCK_MS_MAX}; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE`,
    );
    return () => database.close();
  } catch (error) {
    throw new KeyError(`cannot lock ${path}: ${(error as Error).message}; try again`);
  }
}

export interface WatchedKeysOptions {
  readonly path: string;
  /** `isOk` false: the file could not be read or changed, and the keys from before hold. */
  readonly tell: (isOk: boolean, text: string) => void;
}

/** The keys of a file as they are now. */
export class WatchedKeys implements KeyRing {
  handleChange: () => void = () => undefined;
  readonly #options: WatchedKeysOptions;
  #keys: DeviceKeys;

  /** Throws a KeyError where the file cannot be read at first. */
  constructor(options: WatchedKeysOptions) {
    this.#options = options;
    this.#keys = readKeyFile(options.path);
    watchFile(options.path, { interval: WATCH_PERIOD_MS, persistent: false }, () => this.#reload());
  }

  keysOf(device: string): readonly Uint8Array[] {
    return this.#keys.keysOf(device);
  }

  /** The device has come with this key: those from before it are over. */
  handleProven(device: string, key: Uint8Array): void {
    const { path, tell } = this.#options;
    if (!this.#keys.settle(device, key)) return;
    changeKeyFile(path, (keys) => keys.settle(device, key)).then(
      (isChanged) => {
        if (isChanged) tell(true, `device ${device} has its new key; the old one is gone`);
      },
      (error: Error) => tell(false, error.message),
    );
  }

  close(): void {
    unwatchFile(this.#options.path);
  }

  #reload(): void {
    const { path, tell } = this.#options;
    try {
      this.#keys = readKeyFile(path);
    } catch (error) {
      tell(false, `${(error as Error).message}. The keys from before still hold`);
      return;
    }
    this.handleChange();
    tell(true, `read again, ${this.#keys.devices.length} devices`);
  }
}
