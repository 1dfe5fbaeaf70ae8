// Settings that are changed at run time: judged as a whole, kept over cuts of the power at any moment.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type KeyValueStorage, MemoryStorage } from "../../device/platform/storage.ts";
import { formatSensors, parseSensors } from "../../device/sensors/sensors-text.ts";
import { DEFAULT_SETTINGS } from "../../device/settings.ts";
import { SettingsKeeper } from "../../device/settings-keeper.ts";
import { SettingsRecord } from "../../device/settings-record.ts";
import { settingRows } from "../../device/settings-table.ts";
import { FileStorage } from "../../host/simulator/io/file-storage.ts";

const SECRET = "a1".repeat(32);

function keeperOver(storage: KeyValueStorage, lines: string[] = []): SettingsKeeper {
  return new SettingsKeeper(DEFAULT_SETTINGS, storage, (line) => lines.push(line));
}

describe("the table", () => {
  test.each(settingRows())("$key: its text is read as what it was", (row) => {
    const text = row.format(DEFAULT_SETTINGS);
    expect(row.parse(text, DEFAULT_SETTINGS)).toEqual(DEFAULT_SETTINGS);
  });

  test.each([
    ["tcpPort", "0"],
    ["tcpPort", "65536"],
    ["tcpPort", "1e3"],
    ["tcpPort", ""],
    ["paths", ""],
    ["paths", "tcp,tcp"],
    ["paths", "wifi"],
    ["key", "12"],
    ["key", "g".repeat(64)],
    ["dropPolicy", "drop"],
    ["sensors", "chip:pin"],
    ["sensors", "chip:colour=1"],
    ["sensors", ":pin=1"],
  ])("%s does not take %j", (key, text) => {
    const row = settingRows().find((each) => each.key === key)!;
    expect(row.parse(text, DEFAULT_SETTINGS)).toBeUndefined();
  });

  test("sensors as one line", () => {
    const text = "chip,bmp280:name=attic:periodMs=60000:sda=21:scl=22";
    const sensors = parseSensors(text)!;
    expect(sensors[1]).toEqual({
      kind: "bmp280",
      name: "attic",
      periodMs: 60_000,
      sda: 21,
      scl: 22,
    });
    expect(formatSensors(sensors)).toBe(text);
  });
});

describe("changes", () => {
  test("those of the pace hold at once, all others after the next start", () => {
    const storage = new MemoryStorage();
    const keeper = keeperOver(storage);
    const changes = { samplePeriodMs: "50", host: "10.0.0.9", "wifi.ssid": "shed" };
    expect(keeper.change(changes)).toEqual({
      ok: true,
      atOnce: ["samplePeriodMs"],
      later: ["host", "wifi.ssid"],
    });
    expect(keeper.settings).toEqual({ ...DEFAULT_SETTINGS, samplePeriodMs: 50 });
    const pending = keeper.list().filter(({ isPending }) => isPending);
    expect(pending.map(({ row }) => row.key)).toEqual(["host", "wifi.ssid"]);
    expect(keeperOver(storage).settings).toEqual({
      ...DEFAULT_SETTINGS,
      samplePeriodMs: 50,
      host: "10.0.0.9",
      wifi: { ssid: "shed", password: "" },
    });
  });

  test.each([
    [{ host: "10.0.0.9", hots: "x" }, 'there is no setting "hots"; did you mean "host"?'],
    [{ host: "10.0.0.9", tcpPort: "none" }, "tcpPort: expected a whole number from 1 to 65535"],
    [{ host: "10.0.0.9", sensors: "thermo" }, 'sensors: no kind "thermo"'],
    [{ host: "10.0.0.9", "wifi.ssid": "x".repeat(33) }, "wifi.ssid: at most 32 bytes"],
  ])("all or none: %j", (changes, fault) => {
    const storage = new MemoryStorage();
    const keeper = keeperOver(storage);
    const outcome = keeper.change(changes);
    expect(outcome).toMatchObject({ ok: false });
    expect(outcome.ok ? "" : outcome.fault).toContain(fault);
    expect(keeperOver(storage).settings).toEqual(DEFAULT_SETTINGS);
  });

  test("they can be undone, one or all", () => {
    const storage = new MemoryStorage();
    const keeper = keeperOver(storage);
    keeper.change({ samplePeriodMs: "50", host: "10.0.0.9", key: SECRET });
    expect(keeper.reset(["samplePeriodMs"])).toMatchObject({ atOnce: ["samplePeriodMs"] });
    expect(keeper.settings.samplePeriodMs).toBe(DEFAULT_SETTINGS.samplePeriodMs);
    expect(keeperOver(storage).settings).toMatchObject({ host: "10.0.0.9", key: SECRET });
    keeper.reset([]);
    expect(keeperOver(storage).settings).toEqual(DEFAULT_SETTINGS);
  });

  test("what a firmware does not know, or take, is left out, and all else holds", () => {
    const storage = new MemoryStorage();
    const texts = { colour: "red", tcpPort: "-1", host: "10.0.0.9", device: "" };
    new SettingsRecord(storage).write(texts);
    const lines: string[] = [];
    expect(keeperOver(storage, lines).settings).toEqual({ ...DEFAULT_SETTINGS, host: "10.0.0.9" });
    expect(lines).toHaveLength(3);
  });
});

/** Power fails in the middle of a write: what the key holds then is up to the storage. */
class FailingStorage extends MemoryStorage {
  /** What is left of the text under its key; undefined writes it whole. */
  cutAt: number | undefined;

  override write(key: string, text: string): void {
    if (this.cutAt === undefined) {
      super.write(key, text);
      return;
    }
    super.write(key, text.slice(0, this.cutAt));
    throw new Error("power failed");
  }
}

describe("cuts of the power", () => {
  const BEFORE = { "wifi.ssid": "old", "wifi.password": "old secret" };
  const AFTER = { "wifi.ssid": "new", "wifi.password": "new secret" };

  test("at every byte of every second write, network and password stay together", () => {
    const whole = new MemoryStorage();
    new SettingsRecord(whole).write(AFTER);
    const length = whole.read("settings-a")!.length;
    for (let cutAt = 0; cutAt <= length; cutAt++) {
      for (let writesBefore = 1; writesBefore <= 3; writesBefore++) {
        const storage = new FailingStorage();
        const record = new SettingsRecord(storage);
        for (let count = 0; count < writesBefore; count++) record.write(BEFORE);
        storage.cutAt = cutAt;
        expect(() => record.write(AFTER)).toThrow("power failed");
        const found = new SettingsRecord(storage).read();
        expect([BEFORE, AFTER]).toContainEqual(found);
        if (cutAt < length) expect(found).toEqual(BEFORE);
        storage.cutAt = undefined;
        new SettingsRecord(storage).write(AFTER);
        expect(new SettingsRecord(storage).read()).toEqual(AFTER);
      }
    }
  });

  test("a change that cannot be kept is refused, and what was kept before still is", () => {
    const storage = new FailingStorage();
    const keeper = keeperOver(storage);
    keeper.change(BEFORE);
    storage.cutAt = 0;
    expect(keeper.change(AFTER)).toMatchObject({ ok: false });
    storage.cutAt = undefined;
    expect(keeperOver(storage).settings.wifi).toEqual({ ssid: "old", password: "old secret" });
  });

  test("no flipped bit of a record passes", () => {
    const storage = new MemoryStorage();
    new SettingsRecord(storage).write(BEFORE);
    const text = storage.read("settings-a")!;
    for (let at = 0; at < text.length; at++) {
      for (let bit = 0; bit < 7; bit++) {
        const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
        storage.write("settings-a", text.slice(0, at) + flipped + text.slice(at + 1));
        expect(new SettingsRecord(storage).read()).toEqual({});
      }
    }
  });
});

describe("in a folder", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  test("what is kept there is there again", () => {
    const folder = mkdtempSync(join(tmpdir(), "senda-settings-"));
    folders.push(folder);
    keeperOver(new FileStorage(join(folder, "shed"))).change({ host: "10.0.0.9", key: SECRET });
    const again = keeperOver(new FileStorage(join(folder, "shed")));
    expect(again.settings).toMatchObject({ host: "10.0.0.9", key: SECRET });
  });
});
