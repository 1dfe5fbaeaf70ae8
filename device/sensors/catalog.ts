// Sensors by configuration: which kinds there are, and how settings become sensors. A new kind is one file
// with a driver and one line here.

import { bme280Driver } from "./bme280.ts";
import { chipDriver, chipFault } from "./chip.ts";
import type { Driver, Hardware, SensorSettings } from "./driver.ts";
import { GuardedSensor } from "./guarded.ts";
import { bmp280Driver, sht3xDriver, si7021Driver, tmp117Driver } from "./parts.ts";
import { analogDriver, analogFault, digitalDriver, pulseDriver } from "./pins.ts";
import { RandomSensor } from "./random.ts";
import type { Sensor } from "./sensor.ts";

const DRIVERS: Readonly<Record<string, (settings: SensorSettings) => Driver>> = {
  chip: chipDriver,
  analog: analogDriver,
  digital: digitalDriver,
  pulse: pulseDriver,
  bme280: bme280Driver,
  bmp280: bmp280Driver,
  sht3x: sht3xDriver,
  si7021: si7021Driver,
  tmp117: tmp117Driver,
};

/** What is wrong with the settings of their own that some kinds have. */
const FAULTS: Readonly<Record<string, (settings: SensorSettings) => string | undefined>> = {
  chip: chipFault,
  analog: analogFault,
};

/** Invented readings, the same in every life. */
const RANDOM = "random";
const RANDOM_SEED = 1;

/** What is wrong with the settings of sensors, for people; undefined where nothing is. */
export function sensorsFault(sensors: readonly SensorSettings[]): string | undefined {
  const names: string[] = [];
  for (const each of sensors) {
    const { kind, name = kind, periodMs } = each;
    const isKnown = kind === RANDOM || Object.keys(DRIVERS).includes(kind);
    if (!isKnown) {
      return `sensors: no kind "${kind}"; there are ${RANDOM}, ${Object.keys(DRIVERS).join(", ")}`;
    }
    if (names.includes(name)) return `sensors: two are called "${name}", so give one another name`;
    if (periodMs !== undefined && !(periodMs > 0))
      return `sensors: periodMs of "${name}" must be above 0`;
    const fault = FAULTS[kind]?.(each);
    if (fault !== undefined) return `sensors: ${name}: ${fault}`;
    names.push(name);
  }
  return sensors.length === 0 ? "sensors: name at least one" : undefined;
}

/** `settings` must be without fault. Touches no hardware yet: a sensor starts when it is first read. */
export function createSensor(
  settings: SensorSettings,
  hardware: Hardware,
  trace: (line: string) => void,
): Sensor {
  const { kind, name = kind } = settings;
  if (kind === RANDOM) return new RandomSensor(RANDOM_SEED);
  return new GuardedSensor(name, DRIVERS[kind]!(settings), hardware, trace);
}
