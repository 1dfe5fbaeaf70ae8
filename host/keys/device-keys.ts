// The devices' keys in memory, and as the text of a file. A device has one key, or while it is being moved
// to another one both, the newest first. None is dropped before the device has come with a newer one: it may
// hold any of them.

import { randomBytes } from "node:crypto";
import { isName } from "../../shared/channel.ts";
import { KEY_BYTES } from "../../shared/seal/crypto.ts";
import type { KeyRing } from "../../shared/seal/host-seal.ts";
import { KeyError } from "./key-error.ts";

const FORMAT = "senda keys 1";

/** The new one, the one before, and those of changes that came to nothing: each is one more that opens the door. */
const KEYS_PER_DEVICE_MAX = 4;

const KEY_TEXT = /^[0-9a-f]{64}$/i;

export class DeviceKeys implements KeyRing {
  readonly #keys = new Map<string, readonly Uint8Array[]>();

  get devices(): string[] {
    return [...this.#keys.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  }

  keysOf(device: string): readonly Uint8Array[] {
    return this.#keys.get(device) ?? [];
  }

  add(device: string, key: Uint8Array): void {
    this.#keys.set(device, [key]);
  }

  /** The keys from before stay valid beside the new one. Throws a KeyError where there are too many. */
  rotate(device: string, key: Uint8Array): void {
    const keys = this.keysOf(device);
    if (keys.length >= KEYS_PER_DEVICE_MAX) {
      throw new KeyError(
        `${device} has ${keys.length} keys already, and has not come with the newest yet: let it come to a collector first, or \`senda key remove\` them`,
      );
    }
    this.#keys.set(device, [key, ...keys]);
  }

  /** The device surely never got this key. */
  withdraw(device: string, key: Uint8Array): void {
    const left = this.keysOf(device).filter((each) => !Buffer.from(each).equals(key));
    if (left.length > 0) this.#keys.set(device, left);
    else this.#keys.delete(device);
  }

  /** The device has come with this key: those from before it are over. False where there were none. */
  settle(device: string, key: Uint8Array): boolean {
    const keys = this.keysOf(device);
    const index = keys.findIndex((each) => Buffer.from(each).equals(key));
    if (index < 0 || index === keys.length - 1) return false;
    this.#keys.set(device, keys.slice(0, index + 1));
    return true;
  }

  remove(device: string): boolean {
    return this.#keys.delete(device);
  }
}

/** A key that nobody can guess. */
export function createKey(): Uint8Array {
  return randomBytes(KEY_BYTES);
}

export function formatKey(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}

/** Undefined where the text is no key. */
export function parseKey(text: string): Uint8Array | undefined {
  return KEY_TEXT.test(text.trim()) ? Buffer.from(text.trim(), "hex") : undefined;
}

/** The text of a file of keys: JSON, a device a line. */
export function formatKeys(keys: DeviceKeys): string {
  const lines = keys.devices.map((device) =>
    JSON.stringify({ device, keys: keys.keysOf(device).map(formatKey) }),
  );
  return `{ "format": "${FORMAT}", "devices": [\n${lines.join(",\n")}\n] }\n`;
}

/** Throws a KeyError that says where, and never what: the text may hold keys. */
export function parseKeys(text: string, path: string): DeviceKeys {
  const file = parseJson(text);
  if (!isRecord(file) || file.format !== FORMAT || !Array.isArray(file.devices)) {
    throw new KeyError(`${path} is no file of keys; \`senda key add\` makes one`);
  }
  const keys = new DeviceKeys();
  for (const [index, entry] of file.devices.entries()) {
    const fault = addEntry(keys, entry);
    if (fault !== undefined)
      throw new KeyError(`${path}: device ${index + 1} of the list ${fault}`);
  }
  return keys;
}

function addEntry(keys: DeviceKeys, entry: unknown): string | undefined {
  if (!isRecord(entry) || typeof entry.device !== "string" || !isName(entry.device)) {
    return "has no name";
  }
  const { device } = entry;
  if (keys.keysOf(device).length > 0) return "stands there twice";
  const texts: unknown[] = Array.isArray(entry.keys) ? entry.keys : [];
  const parsed = texts.map((each) => (typeof each === "string" ? parseKey(each) : undefined));
  const isSound = parsed.length >= 1 && parsed.length <= KEYS_PER_DEVICE_MAX;
  if (!isSound || parsed.includes(undefined)) return "has no key of 64 hexadecimal digits";
  for (const key of parsed.reverse()) keys.rotate(device, key!);
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the parser's message would quote the text
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
