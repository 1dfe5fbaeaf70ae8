// Where the firmware starts on the Moddable SDK. The host calls the default export once, after the
// module has been preloaded into ROM.

import config from "mc/config";
import { Firmware } from "./firmware.ts";
import { CrashRecord } from "./platform/crash-record.ts";
import {
  createModdableHardware,
  createModdablePlatform,
  hardwareId,
  keepWifi,
  recordAborts,
} from "./platform/moddable.ts";
import { openModdableShelf } from "./platform/moddable-files.ts";
import { MemoryStorage } from "./platform/storage.ts";
import { createSensor } from "./sensors/catalog.ts";
import { DEFAULT_NAME, DEFAULT_SETTINGS, type Settings } from "./settings.ts";
import { SettingsKeeper } from "./settings-keeper.ts";

export default function main(): void {
  const platform = createModdablePlatform();
  const storage = platform.openStorage();
  const crashRecord = new CrashRecord(storage);
  recordAborts(crashRecord);
  const kept = storage ?? new MemoryStorage();
  const keeper = new SettingsKeeper(readSettings(), kept, platform.trace);
  const { settings } = keeper;
  const wifi = keepWifi(platform, settings.wifi); // first: with the radio on, random numbers are true ones
  const hardware = createModdableHardware(wifi);
  const sensors = settings.sensors.map((each) => ({
    sensor: createSensor(each, hardware, platform.trace),
    periodMs: each.periodMs,
  }));
  const handleIpSilence = () => wifi?.handleSilence();
  const shelf = openModdableShelf();
  new Firmware({
    platform,
    keeper,
    sensors,
    crashRecord,
    handleIpSilence,
    ...(shelf === undefined ? {} : { shelf }),
  });
}

function readSettings(): Settings {
  const settings = { ...DEFAULT_SETTINGS, ...(config.senda as Partial<Settings>) };
  const id = settings.device === DEFAULT_NAME ? hardwareId() : undefined;
  return id === undefined ? settings : { ...settings, device: `${DEFAULT_NAME}-${id}` };
}
