// Where the firmware starts on the Moddable SDK. The host calls the default export once, after the
// module has been preloaded into ROM.

import config from "mc/config";
import { Firmware } from "./firmware.ts";
import {
  createModdableHardware,
  createModdablePlatform,
  hardwareId,
  keepWifi,
} from "./platform/moddable.ts";
import { openModdableShelf } from "./platform/moddable-files.ts";
import { createSensor } from "./sensors/catalog.ts";
import { DEFAULT_NAME, DEFAULT_SETTINGS, type Settings } from "./settings.ts";

export default function main(): void {
  const platform = createModdablePlatform();
  const settings = readSettings();
  const wifi = keepWifi(platform, settings.wifi); // first: with the radio on, random numbers are true ones
  const hardware = createModdableHardware(wifi);
  const sensors = settings.sensors.map((each) => ({
    sensor: createSensor(each, hardware, platform.trace),
    periodMs: each.periodMs ?? settings.samplePeriodMs,
  }));
  const shelf = openModdableShelf();
  new Firmware({ platform, settings, sensors, ...(shelf === undefined ? {} : { shelf }) });
}

function readSettings(): Settings {
  const settings = { ...DEFAULT_SETTINGS, ...(config.senda as Partial<Settings>) };
  const id = settings.device === DEFAULT_NAME ? hardwareId() : undefined;
  return id === undefined ? settings : { ...settings, device: `${DEFAULT_NAME}-${id}` };
}
