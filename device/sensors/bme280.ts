// The Bosch BME280: temperature, pressure and humidity on I2C. The SDK (8.2.3) has a driver for the BMP280
// only, which refuses it. After the datasheet BST-BME280-DS002, whose sections are cited as DS. The part
// measures by itself twice a second, so that reading it waits for nothing.

import type { SampleValues } from "../../shared/channel.ts";
import { type Driver, loadClass, type SensorSettings } from "./driver.ts";

/** What `embedded:io/smbus` gives, as far as it is used. */
interface SMBus {
  readUint8(register: number): number;
  readBuffer(register: number, into: Uint8Array): void;
  writeUint8(register: number, value: number): void;
  close(): void;
}

type SMBusConstructor = new (options: {
  data: number;
  clock: number;
  hz: number;
  address: number;
}) => SMBus;

/** DS 5.3: the memory map; SDO to ground, 0x77 with SDO high. */
const ADDRESS = 0x76;
const HZ = 100_000;
const REGISTER_ID = 0xd0;
const REGISTER_HUMIDITY_CONTROL = 0xf2;
const REGISTER_CONTROL = 0xf4;
const REGISTER_CONFIG = 0xf5;
const REGISTER_DATA = 0xf7;
const REGISTER_CALIBRATION = 0x88;
const REGISTER_HUMIDITY_CALIBRATION = 0xe1;

const ID = 0x60;
const ID_BMP280 = 0x58;

/** DS 5.4.3, 5.4.5, 5.4.6: every quantity once, no filter, half a second between measurements. */
const ONCE = 1;
const SLEEP = 0;
const NORMAL = (ONCE << 5) | (ONCE << 2) | 3;
const STANDBY_500_MS = 4 << 5;

const DATA_BYTES = 8;
const CALIBRATION_BYTES = 26;
const HUMIDITY_CALIBRATION_BYTES = 7;

/** What the data registers hold before the first measurement (DS 5.4.7, 5.4.8). */
const NOT_MEASURED = 0x8_0000;

/** DS 4.2.2, under the names of there. */
export interface Calibration {
  /** dig_T1 to dig_T3, dig_P1 to dig_P9, dig_H1 to dig_H6. */
  readonly t: readonly number[];
  readonly p: readonly number[];
  readonly h: readonly number[];
}

export function bme280Driver({ kind, name = kind, ...settings }: SensorSettings): Driver {
  const { sda, scl, address = ADDRESS } = settings;
  return {
    channels: [
      { name: `${name}.temperature`, kind: "number", unit: "Cel", resolution: 0.01 },
      { name: `${name}.pressure`, kind: "number", unit: "Pa", resolution: 1 },
      { name: `${name}.humidity`, kind: "number", unit: "%RH", resolution: 0.01 },
    ],
    start: (hardware) => {
      if (sda === undefined || scl === undefined) throw new Error("sda and scl must be set");
      const Bus = loadClass<SMBusConstructor>(hardware, "embedded:io/smbus");
      const bus = new Bus({ data: sda, clock: scl, hz: HZ, address });
      try {
        return new Bme280(bus);
      } catch (error) {
        bus.close();
        throw error;
      }
    },
  };
}

class Bme280 {
  readonly #bus: SMBus;
  readonly #calibration: Calibration;
  readonly #data = new Uint8Array(DATA_BYTES);

  constructor(bus: SMBus) {
    this.#bus = bus;
    const id = bus.readUint8(REGISTER_ID);
    if (id === ID_BMP280) throw new Error("the part is a BMP280: set its kind to bmp280");
    if (id !== ID) throw new Error(`the part says that it is 0x${id.toString(16)}, no BME280`);
    this.#calibration = readCalibration(bus);
    bus.writeUint8(REGISTER_CONTROL, SLEEP); // the others are taken while it sleeps only
    bus.writeUint8(REGISTER_CONFIG, STANDBY_500_MS);
    bus.writeUint8(REGISTER_HUMIDITY_CONTROL, ONCE);
    bus.writeUint8(REGISTER_CONTROL, NORMAL);
  }

  /** All registers in one go, so that they are of one measurement (DS 4.1). Nothing before the first. */
  read(): SampleValues {
    const data = this.#data;
    this.#bus.readBuffer(REGISTER_DATA, data);
    const pressure = (data[0]! << 12) | (data[1]! << 4) | (data[2]! >> 4);
    const temperature = (data[3]! << 12) | (data[4]! << 4) | (data[5]! >> 4);
    if (temperature === NOT_MEASURED) return [];
    return compensate(this.#calibration, temperature, pressure, (data[6]! << 8) | data[7]!);
  }

  close(): void {
    this.#bus.close();
  }
}

function readCalibration(bus: SMBus): Calibration {
  const main = new Uint8Array(CALIBRATION_BYTES);
  const rest = new Uint8Array(HUMIDITY_CALIBRATION_BYTES);
  bus.readBuffer(REGISTER_CALIBRATION, main);
  bus.readBuffer(REGISTER_HUMIDITY_CALIBRATION, rest);
  const [words, more] = [new DataView(main.buffer), new DataView(rest.buffer)];
  const signed = (index: number) => words.getInt16(2 * index, true);
  const unsigned = (index: number) => words.getUint16(2 * index, true);
  return {
    t: [unsigned(0), signed(1), signed(2)],
    p: [unsigned(3), ...[4, 5, 6, 7, 8, 9, 10, 11].map(signed)],
    h: [
      main[25]!,
      more.getInt16(0, true),
      rest[2]!,
      (more.getInt8(3) << 4) | (rest[4]! & 0x0f),
      (more.getInt8(5) << 4) | (rest[4]! >> 4),
      more.getInt8(6),
    ],
  };
}

/** From what the converter gave to °C, Pa and %RH: DS 4.2.3 in floating point, as in DS 8.1. */
export function compensate(
  { t, p, h }: Calibration,
  temperature: number,
  pressure: number,
  humidity: number,
): [number, number, number] {
  const fine =
    (temperature / 16_384 - t[0]! / 1_024) * t[1]! +
    (temperature / 131_072 - t[0]! / 8_192) ** 2 * t[2]!;
  return [fine / 5_120, pressureOf(p, fine, pressure), humidityOf(h, fine, humidity)];
}

function pressureOf(p: readonly number[], fine: number, raw: number): number {
  const warmth = fine / 2 - 64_000;
  const offset = (warmth * warmth * p[5]!) / 32_768 + warmth * p[4]! * 2;
  const slope = ((p[2]! * warmth * warmth) / 524_288 + p[1]! * warmth) / 524_288;
  const scale = (1 + slope / 32_768) * p[0]!;
  const linear = ((1_048_576 - raw - (offset / 4 + p[3]! * 65_536) / 4_096) * 6_250) / scale;
  const curve = (p[8]! * linear * linear) / 2_147_483_648 + (linear * p[7]!) / 32_768;
  return linear + (curve + p[6]!) / 16;
}

function humidityOf(h: readonly number[], fine: number, raw: number): number {
  const warmth = fine - 76_800;
  const gain = 1 + (h[5]! / 67_108_864) * warmth * (1 + (h[2]! / 67_108_864) * warmth);
  const linear = (raw - (h[3]! * 64 + (h[4]! / 16_384) * warmth)) * ((h[1]! / 65_536) * gain);
  return Math.min(Math.max(linear * (1 - (h[0]! * linear) / 524_288), 0), 100);
}
