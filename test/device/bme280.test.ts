// The BME280, on a fake of the SDK's SMBus class with a part's registers behind it.

import { expect, test } from "vitest";
import { type Calibration, compensate } from "../../device/sensors/bme280.ts";
import { createSensor } from "../../device/sensors/catalog.ts";
import type { Hardware } from "../../device/sensors/driver.ts";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";

/** The worked example of BST-BMP280-DS001 3.12, whose formulas for both are those of the BME280. */
const EXAMPLE: Calibration = {
  t: [27_504, 26_435, -1_000],
  p: [36_477, -10_685, 3_024, 2_855, 140, -7, 15_500, -14_600, 6_000],
  h: [75, 370, 0, 309, 50, 30],
};
const [RAW_TEMPERATURE, RAW_PRESSURE, RAW_HUMIDITY] = [519_888, 415_148, 27_000];

test("the datasheet's example: 25.08 °C and 100,653.27 Pa", () => {
  const values = compensate(EXAMPLE, RAW_TEMPERATURE, RAW_PRESSURE, RAW_HUMIDITY);
  expect(values[0]).toBeCloseTo(25.08, 2);
  expect(values[1]).toBeCloseTo(100_653.27, 1);
});

/** BST-BME280-DS002 4.2.3, in whole numbers: 1/1024 %RH. There is no example of it in the datasheet. */
function humidityInIntegers(h: readonly number[], fine: number, raw: number): number {
  const [h1, h2, h3, h4, h5, h6] = h.map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  let v = BigInt(Math.round(fine)) - 76_800n;
  const gain = (((v * h6) >> 10n) * (((v * h3) >> 11n) + 32_768n)) >> 10n;
  const slope = ((gain + 2_097_152n) * h2 + 8_192n) >> 14n;
  v = (((BigInt(raw) << 14n) - (h4 << 20n) - h5 * v + 16_384n) >> 15n) * slope;
  v -= ((((v >> 15n) * (v >> 15n)) >> 7n) * h1) >> 4n;
  const most = 419_430_400n;
  return Number((v < 0n ? 0n : v > most ? most : v) >> 12n) / 1_024;
}

test("humidity agrees with the datasheet's formula for whole numbers", () => {
  const random = mulberry32(280);
  let inside = 0;
  for (let round = 0; round < 2_000; round++) {
    const h = [75, 350 + 40 * random(), 0, 290 + 40 * random(), 100 * random() - 50, 30].map(
      Math.round,
    );
    const raw = Math.round(15_000 + 30_000 * random());
    const rawTemperature = Math.round(400_000 + 200_000 * random());
    const [celsius, , humidity] = compensate({ ...EXAMPLE, h }, rawTemperature, RAW_PRESSURE, raw);
    const expected = humidityInIntegers(h, 5_120 * celsius, raw);
    expect(Math.abs(humidity - expected), `round ${round} of seed 280`).toBeLessThan(0.01);
    if (humidity > 0 && humidity < 100) inside++;
  }
  expect(inside).toBeGreaterThan(1_000);
});

/** A part's registers, with the example's calibration. */
class FakePart {
  readonly registers = new Uint8Array(256);
  readonly written: number[][] = [];
  isClosed = false;

  constructor(id: number) {
    this.registers[0xd0] = id;
    const view = new DataView(this.registers.buffer);
    [...EXAMPLE.t, ...EXAMPLE.p].forEach((value, at) => {
      view.setInt16(0x88 + 2 * at, value, true);
    });
    const [h1, h2, h3, h4, h5, h6] = EXAMPLE.h as [number, number, number, number, number, number];
    this.registers[0xa1] = h1;
    view.setInt16(0xe1, h2, true);
    this.registers.set([h3, h4 >> 4, ((h5 & 0x0f) << 4) | (h4 & 0x0f), h5 >> 4, h6], 0xe3);
    this.measure(0x8_0000, 0x8_0000, 0x8000);
  }

  measure(temperature: number, pressure: number, humidity: number): void {
    const bytes = (value: number) => [value >> 12, (value >> 4) & 0xff, (value << 4) & 0xff];
    const data = [...bytes(pressure), ...bytes(temperature), humidity >> 8, humidity & 0xff];
    this.registers.set(data, 0xf7);
  }

  readUint8(register: number): number {
    return this.registers[register]!;
  }

  readBuffer(register: number, into: Uint8Array): void {
    into.set(this.registers.subarray(register, register + into.length));
  }

  writeUint8(register: number, value: number): void {
    this.written.push([register, value]);
  }

  close(): void {
    this.isClosed = true;
  }
}

function sensorOn(part: FakePart) {
  const lines: string[] = [];
  const made: unknown[] = [];
  function Bus(options: unknown) {
    made.push(options);
    return part;
  }
  const load = (module: string) => (module === "embedded:io/smbus" ? Bus : undefined);
  const hardware = { load } as unknown as Hardware;
  const settings = { kind: "bme280", name: "air", sda: 21, scl: 22 };
  const sensor = createSensor(settings, hardware, (line) => lines.push(line));
  return { sensor, lines, made };
}

test("it is set up in the order that it asks for, and gives nothing before its first measurement", () => {
  const part = new FakePart(0x60);
  const { sensor, made } = sensorOn(part);
  const names = sensor.channels.map(({ name }) => name);
  expect(names).toEqual(["air.temperature", "air.pressure", "air.humidity", "air.status"]);
  expect(sensor.read(0)).toEqual([undefined, undefined, undefined, 0]);
  expect(made).toEqual([{ data: 21, clock: 22, hz: 100_000, address: 0x76 }]);
  const order = [
    [0xf4, 0],
    [0xf5, 0x80],
    [0xf2, 1],
    [0xf4, 0x27],
  ];
  expect(part.written).toEqual(order);
  part.measure(RAW_TEMPERATURE, RAW_PRESSURE, RAW_HUMIDITY);
  const expected = compensate(EXAMPLE, RAW_TEMPERATURE, RAW_PRESSURE, RAW_HUMIDITY);
  expect(sensor.read(1_000)).toEqual([...expected, 0]);
});

test.each([
  [0x58, "is a BMP280: set its kind to bmp280"],
  [0xff, "it is 0xff, no BME280"],
])("another part, 0x%i, is told by its number and let go of", (id, words) => {
  const part = new FakePart(id);
  const { sensor, lines } = sensorOn(part);
  expect(sensor.read(0).at(-1)).toBe(1);
  expect(lines[0]).toContain(words);
  expect(part.isClosed).toBe(true);
});
