// Single pins as sensors: a voltage by the chip's converter, a level high or low, pulses by the chip's
// counter. SDK 8.2.3, modules/io/analog/esp32, modules/io/digital, modules/io/pulsecount/esp32.

import { type Driver, loadClass, type SensorSettings } from "./driver.ts";

interface AnalogPin {
  /** Bits. */
  readonly resolution: number;
  /** Undefined where the converter is not free: that of the second unit, while WiFi is on. */
  read(): number | undefined;
  close(): void;
}

interface DigitalPin {
  read(): number;
  close(): void;
}

interface PulseCounter {
  /** Pulses since it was made. */
  read(): number;
  close(): void;
}

type PulseConstructor = new (options: { signal: number }) => PulseCounter;

type AnalogConstructor = new (options: {
  pin: number;
  esp32: { attenuation: number; calibrated: boolean };
}) => AnalogPin;

type DigitalConstructor = (new (options: {
  pin: number;
  mode: number;
}) => DigitalPin) & {
  readonly InputPullUp: number;
};

/** By attenuation in dB: the voltage of the converter's full scale, once the SDK has calibrated it by the chip's fuses. */
const FULL_SCALE_VOLTS: Readonly<Record<string, number>> = {
  0: 0.95,
  2.5: 1.25,
  6: 1.75,
  12: 2.45,
};
const ATTENUATION = 12;

/** What is wrong with the settings of a pin that measures a voltage; undefined where nothing is. */
export function analogFault(settings: SensorSettings): string | undefined {
  const { attenuation = ATTENUATION, scale = 1, offset = 0, resolution = 1 } = settings;
  const known = Object.keys(FULL_SCALE_VOLTS);
  if (!known.includes(String(attenuation))) {
    return `attenuation: ${attenuation} is none of ${known.join(", ")} dB`;
  }
  if (scale === 0 || !Number.isFinite(scale)) return "scale: a number other than 0";
  if (!Number.isFinite(offset)) return "offset: a number";
  return resolution > 0 ? undefined : "resolution: must be above 0";
}

/** A voltage, or what it stands for. */
export function analogDriver(settings: SensorSettings): Driver {
  const { kind, name = kind, scale = 1, offset = 0 } = settings;
  const { unit = "V", resolution = 0.001, attenuation = ATTENUATION } = settings;
  return {
    channels: [{ name, kind: "number", unit, resolution }],
    start: (hardware) => {
      const Analog = loadClass<AnalogConstructor>(hardware, "embedded:io/analog");
      const pin = new Analog({ pin: pinOf(settings), esp32: { attenuation, calibrated: true } });
      const volts = FULL_SCALE_VOLTS[attenuation]! / (2 ** pin.resolution - 1);
      return {
        read: () => {
          const value = pin.read();
          if (value === undefined) throw new Error("the converter is not free");
          return [value * volts * scale + offset];
        },
        close: () => pin.close(),
      };
    },
  };
}

/** True where the pin is high; pulled up, so that a switch to ground is all it needs. */
export function digitalDriver(settings: SensorSettings): Driver {
  const { kind, name = kind } = settings;
  return {
    channels: [{ name, kind: "boolean", unit: "" }],
    start: (hardware) => {
      const Digital = loadClass<DigitalConstructor>(hardware, "embedded:io/digital");
      const pin = new Digital({ pin: pinOf(settings), mode: Digital.InputPullUp });
      return { read: () => [pin.read() === 1], close: () => pin.close() };
    },
  };
}

/** Rising edges since the device began, counted by hardware also while JavaScript is busy. */
export function pulseDriver(settings: SensorSettings): Driver {
  const { kind, name = kind } = settings;
  let countedBefore = 0; // by counters that failed since
  return {
    channels: [{ name, kind: "integer", unit: "" }],
    start: (hardware) => {
      const Counter = loadClass<PulseConstructor>(hardware, "embedded:io/pulsecount");
      const counter = new Counter({ signal: pinOf(settings) });
      const first = countedBefore;
      return {
        read: () => {
          countedBefore = first + counter.read();
          return [countedBefore];
        },
        close: () => counter.close(),
      };
    },
  };
}

function pinOf({ pin }: SensorSettings): number {
  if (pin === undefined) throw new Error("the setting pin is missing");
  return pin;
}
