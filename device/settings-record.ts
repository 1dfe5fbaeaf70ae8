// The settings that were changed at run time, as they are kept over a cut of the power: all of them as one
// record, so that those that belong together (a network and its password) change together. Two places
// take turns. The one that is being written holds the older record, so a cut at any moment leaves the
// newer one whole; a generation and a checksum tell which that is.

import { crc32c } from "../shared/bytes/crc32c.ts";
import { encodeUtf8 } from "../shared/bytes/utf8.ts";
import type { KeyValueStorage } from "./platform/storage.ts";

/** In the storage's own rules: 1 to 15 characters. */
const PLACES = ["settings-a", "settings-b"] as const;

/** Longest record: NVS takes texts of up to 4,000 bytes. */
const RECORD_BYTES_MAX = 3_900;

/** Values as people write them, by the settings' keys. */
export type SettingTexts = Readonly<Record<string, string>>;

interface Found {
  readonly place: number;
  readonly generation: number;
  readonly texts: SettingTexts;
}

export class SettingsRecord {
  readonly #storage: KeyValueStorage;

  constructor(storage: KeyValueStorage) {
    this.#storage = storage;
  }

  /** What was kept last; nothing where nothing was, or where it cannot be read. */
  read(): SettingTexts {
    return this.#newest()?.texts ?? {};
  }

  /** Keeps these and no others. Throws where that cannot be; then what was kept before still is. */
  write(texts: SettingTexts): void {
    const newest = this.#newest();
    const generation = (newest?.generation ?? 0) + 1;
    const body = `${generation} ${JSON.stringify({ ...texts })}`;
    const record = `${checksum(body)} ${body}`;
    if (encodeUtf8(record).length > RECORD_BYTES_MAX) throw new Error("too much to keep");
    this.#storage.write(PLACES[newest?.place === 0 ? 1 : 0], record);
  }

  #newest(): Found | undefined {
    const found = PLACES.map((key, place) => readPlace(this.#storage.read(key), place));
    const [first, second] = found;
    if (first === undefined || second === undefined) return first ?? second;
    return second.generation > first.generation ? second : first;
  }
}

function checksum(text: string): string {
  return (crc32c(encodeUtf8(text)) >>> 0).toString(16).padStart(8, "0");
}

/** Undefined where the text is no whole record. */
function readPlace(text: string | undefined, place: number): Found | undefined {
  const match = /^([0-9a-f]{8}) ((\d{1,10}) (\{.*\}))$/.exec(text ?? "");
  if (match === null || checksum(match[2]!) !== match[1]) return undefined;
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(JSON.parse(match[4]!) as object)) {
    if (typeof value === "string") texts[key] = value;
  }
  return { place, generation: Number(match[3]), texts };
}
