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

type AnalogConstructor = new (options: { pin: number }) => AnalogPin;

type DigitalConstructor = (new (options: {
  pin: number;
  mode: number;
}) => DigitalPin) & {
  readonly InputPullUp: number;
};

/** The part of the converter's full scale, 0 to 1: what that is in volts depends on chip and attenuation. */
export function analogDriver(settings: SensorSettings): Driver {
  const { kind, name = kind } = settings;
  return {
    channels: [{ name, kind: "number", unit: "/", resolution: 0.0001 }],
    start: (hardware) => {
      const Analog = loadClass<AnalogConstructor>(hardware, "embedded:io/analog");
      const pin = new Analog({ pin: pinOf(settings) });
      const most = 2 ** pin.resolution - 1;
      return {
        read: () => {
          const value = pin.read();
          if (value === undefined) throw new Error("the converter is not free");
          return [value / most];
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
