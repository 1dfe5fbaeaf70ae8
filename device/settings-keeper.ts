// Settings that can be changed while the device runs: what the firmware was built with, and over it what
// was changed since and is kept. What is kept is judged anew at each start, one by one: a setting that
// this firmware does not know or does not take is left out, and never keeps the device from starting.

import { didYouMean } from "./commands/nearest.ts";
import type { KeyValueStorage } from "./platform/storage.ts";
import { type Settings, settingsFault } from "./settings.ts";
import { SettingsRecord, type SettingTexts } from "./settings-record.ts";
import { type SettingRow, settingRows } from "./settings-table.ts";

/** One setting as it is listed. */
export interface ListedSetting {
  readonly row: SettingRow;
  /** What it will be when the device next starts. */
  readonly text: string;
  /** It was changed at run time. */
  readonly isChanged: boolean;
  /** Not in effect yet. */
  readonly isPending: boolean;
}

export type ChangeOutcome =
  /** The keys of what holds now, and of what will when the device next starts. */
  | { readonly ok: true; readonly atOnce: readonly string[]; readonly later: readonly string[] }
  | { readonly ok: false; readonly fault: string };

export class SettingsKeeper {
  /** What is in effect. */
  settings: Settings;
  readonly #base: Settings;
  readonly #record: SettingsRecord;
  /** What will be in effect when the device next starts. */
  #next: Settings;
  #kept: SettingTexts;

  /** `base`: what the firmware was built with. `trace` gets a line for each kept setting that is left out. */
  constructor(base: Settings, storage: KeyValueStorage, trace: (line: string) => void) {
    this.#base = base;
    this.#record = new SettingsRecord(storage);
    const { settings, kept } = withKept(base, this.#record.read(), trace);
    this.settings = settings;
    this.#next = settings;
    this.#kept = kept;
  }

  list(): ListedSetting[] {
    return settingRows().map((row) => ({
      row,
      text: row.format(this.#next),
      isChanged: row.key in this.#kept,
      isPending: row.format(this.#next) !== row.format(this.settings),
    }));
  }

  /** Changes all of these or none. What was changed is kept before this returns. */
  change(changes: SettingTexts): ChangeOutcome {
    const rows = settingRows();
    let next = this.#next;
    for (const [key, text] of Object.entries(changes)) {
      const row = rows.find((each) => each.key === key);
      if (row === undefined) return { ok: false, fault: unknownKey(key, rows) };
      const changed = row.parse(text, next);
      if (changed === undefined) return { ok: false, fault: `${key}: expected ${row.expected}` };
      next = changed;
    }
    return this.#take(rows, next, { ...this.#kept, ...changes }, Object.keys(changes));
  }

  /** Back to what the firmware was built with: these, or all where none is named. */
  reset(keys: readonly string[]): ChangeOutcome {
    const rows = settingRows();
    const unknown = keys.find((key) => !rows.some((row) => row.key === key));
    if (unknown !== undefined) return { ok: false, fault: unknownKey(unknown, rows) };
    const gone = Object.keys(this.#kept).filter((key) => keys.length === 0 || keys.includes(key));
    const left: Record<string, string> = {};
    for (const [key, text] of Object.entries(this.#kept)) {
      if (!gone.includes(key)) left[key] = text;
    }
    const { settings } = withKept(this.#base, left, () => undefined);
    return this.#take(rows, settings, left, gone);
  }

  #take(
    rows: readonly SettingRow[],
    next: Settings,
    kept: SettingTexts,
    changed: readonly string[],
  ): ChangeOutcome {
    const fault = settingsFault(next);
    if (fault !== undefined) return { ok: false, fault };
    try {
      this.#record.write(kept);
    } catch (error) {
      return { ok: false, fault: `cannot be kept: ${String(error)}` };
    }
    this.#kept = kept;
    this.#next = next;
    const before = this.settings;
    const rowsAtOnce = rows.filter((row) => row.isAtOnce(before, next));
    const isAtOnce = (key: string) => rowsAtOnce.some((row) => row.key === key);
    for (const row of rowsAtOnce) {
      this.settings = row.parse(row.format(next), this.settings) ?? this.settings;
    }
    return {
      ok: true,
      atOnce: changed.filter(isAtOnce),
      later: changed.filter((key) => !isAtOnce(key)),
    };
  }
}

/** `base` with what was kept over it, as far as this firmware takes it. */
function withKept(
  base: Settings,
  texts: SettingTexts,
  trace: (line: string) => void,
): { settings: Settings; kept: SettingTexts } {
  const kept: Record<string, string> = {};
  const changes = Object.entries(texts);
  if (changes.length === 0) return { settings: base, kept }; // mostly: the table need not be made
  const rows = settingRows();
  let settings = base;
  for (const [key, text] of changes) {
    const changed = rows.find((row) => row.key === key)?.parse(text, settings);
    if (changed === undefined || settingsFault(changed) !== undefined) {
      trace(`settings: ${key} was kept and is of no use to this firmware`);
      continue;
    }
    settings = changed;
    kept[key] = text;
  }
  return { settings, kept };
}

function unknownKey(key: string, rows: readonly SettingRow[]): string {
  const keys = rows.map((row) => row.key);
  return `there is no setting "${key}"${didYouMean(key, keys)}`;
}
