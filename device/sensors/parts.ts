// Parts on I2C, through the SDK's own drivers (SDK 8.2.3, modules/drivers/sensors). They differ in the
// shape of what they give only. A further part is a row here and a line in device/platform/sensors.json.

import type { Channel, SampleValues } from "../../shared/channel.ts";
import { type Driver, loadClass, type SensorSettings } from "./driver.ts";

/** What the drivers give; values that could not be read are missing. */
interface PartSample {
  readonly temperature?: number;
  readonly thermometer?: { readonly temperature?: number };
  readonly hygrometer?: { readonly humidity?: number };
  readonly barometer?: { readonly pressure?: number };
}

interface PartDriver {
  sample(): PartSample | undefined;
  close(): void;
}

type PartConstructor = new (options: {
  sensor: { io: unknown; data: number; clock: number; address?: number };
}) => PartDriver;

interface Part {
  readonly module: string;
  readonly quantities: readonly Quantity[];
}

interface Quantity {
  readonly name: string;
  readonly unit: string;
  readonly resolution: number;
  readonly of: (sample: PartSample) => number | undefined;
}

const TEMPERATURE: Quantity = {
  name: "temperature",
  unit: "Cel",
  resolution: 0.01,
  of: ({ temperature, thermometer }) => temperature ?? thermometer?.temperature,
};

const HUMIDITY: Quantity = {
  name: "humidity",
  unit: "%RH",
  resolution: 0.01,
  of: ({ hygrometer }) => hygrometer?.humidity,
};

const PRESSURE: Quantity = {
  name: "pressure",
  unit: "Pa",
  resolution: 1,
  of: ({ barometer }) => barometer?.pressure,
};

const SMBUS = "embedded:io/smbus";

function partDriver({ module, quantities }: Part, settings: SensorSettings): Driver {
  const { kind, name = kind, sda, scl, address } = settings;
  return {
    channels: quantities.map((quantity) => channelOf(name, quantity)),
    start: (hardware) => {
      if (sda === undefined || scl === undefined) throw new Error("sda and scl must be set");
      const PartClass = loadClass<PartConstructor>(hardware, module);
      const pins = { io: loadClass(hardware, SMBUS), data: sda, clock: scl };
      const part = new PartClass({ sensor: address === undefined ? pins : { ...pins, address } });
      return { read: () => valuesOf(part.sample(), quantities), close: () => part.close() };
    },
  };
}

function channelOf(part: string, { name, unit, resolution }: Quantity): Channel {
  return { name: `${part}.${name}`, kind: "number", unit, resolution };
}

function valuesOf(sample: PartSample | undefined, quantities: readonly Quantity[]): SampleValues {
  if (sample === undefined) throw new Error("the part gave nothing");
  return quantities.map((quantity) => quantity.of(sample));
}

const BMP280: Part = {
  module: "embedded:sensor/Barometer-Temperature/BMP280",
  quantities: [TEMPERATURE, PRESSURE],
};

const SHT3X: Part = {
  module: "embedded:sensor/Humidity-Temperature/SHT3x",
  quantities: [TEMPERATURE, HUMIDITY],
};

/** The SDK's driver for the 7020 is that of the 7021 too: same address, same commands. */
const SI7021: Part = {
  module: "embedded:sensor/Humidity-Temperature/SI7020",
  quantities: [TEMPERATURE, HUMIDITY],
};

const TMP117: Part = {
  module: "embedded:sensor/Temperature/TMP117",
  quantities: [TEMPERATURE],
};

export const bmp280Driver = (settings: SensorSettings) => partDriver(BMP280, settings);
export const sht3xDriver = (settings: SensorSettings) => partDriver(SHT3X, settings);
export const si7021Driver = (settings: SensorSettings) => partDriver(SI7021, settings);
export const tmp117Driver = (settings: SensorSettings) => partDriver(TMP117, settings);
