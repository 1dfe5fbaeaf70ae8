// What a sensor by configuration is made of: a driver that knows its channels before any hardware is
// touched, and a probe that reads them once the hardware has answered. guarded.ts makes a sensor of both.

import type { Channel, SampleValues } from "../../shared/channel.ts";
import type { SamplingCounts } from "./sensor.ts";

/** What a device is told about one sensor. */
export interface SensorSettings {
  /** One of the catalogue (catalog.ts). */
  readonly kind: string;
  /** Begins the names of its channels; the kind, unless given. */
  readonly name?: string;
  /** Between two samples; the device's own period, unless given. */
  readonly periodMs?: number;
  /** The chip: what of it is measured; uptime, free-heap, free-heap-min and rssi unless given. */
  readonly measures?: readonly string[];
  /** Analog and digital: the number of the pin. */
  readonly pin?: number;
  /** Analog: how far the voltage is damped, in dB, and so how much of it can be measured; 12 unless given. */
  readonly attenuation?: number;
  /** Analog: the value is volts times `scale` (1) plus `offset` (0), in `unit` ("V"), kept to `resolution` (0.001). */
  readonly scale?: number;
  readonly offset?: number;
  readonly unit?: string;
  readonly resolution?: number;
  /** Parts on I2C: the pins, and the address where it is not the part's usual one. */
  readonly sda?: number;
  readonly scl?: number;
  readonly address?: number;
}

/** What the chip tells of itself; undefined where it cannot. */
export interface Chip {
  freeHeapBytes(): number | undefined;
  /** The least that was free since the start. */
  freeHeapBytesMin(): number | undefined;
  /** Of XS, in use. */
  chunkHeapBytes(): number | undefined;
  slotHeapBytes(): number | undefined;
  rssiDbm(): number | undefined;
  /** An index of WIFI_LABELS (device/platform/wifi-keeper.ts). */
  wifiState(): number | undefined;
  /** Of the chip itself. */
  celsius(): number | undefined;
}

export interface Hardware {
  readonly chip: Chip;
  /** The default export of a module of the platform, such as "embedded:io/analog"; undefined where it is not there. */
  load(module: string): unknown;
}

export interface Probe {
  /** Values in the order of the driver's channels. May throw. */
  read(nowMs: number, counts: SamplingCounts): SampleValues;
  close?(): void;
}

export interface Driver {
  readonly channels: readonly Channel[];
  /** Throws where the hardware is not there or does not answer. */
  start(hardware: Hardware): Probe;
}

/** The class that a module exports. Throws where the platform has no such module. */
export function loadClass<T>(hardware: Hardware, module: string): T {
  const found = hardware.load(module);
  if (found === undefined) throw new Error(`there is no ${module} on this platform`);
  return found as T;
}
