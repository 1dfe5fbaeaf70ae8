// Sensors by configuration, on fakes of the SDK's classes: what is read, and that nothing which a part
// does, or fails to do, reaches the firmware.

import { expect, test } from "vitest";
import { createSensor, sensorsFault } from "../../device/sensors/catalog.ts";
import type { Hardware, SensorSettings } from "../../device/sensors/driver.ts";
import { DEFAULT_SETTINGS, settingsFault } from "../../device/settings.ts";
import { encodeSchema } from "../../shared/channel.ts";

const [WORKING, NOT_STARTED, NOT_READ] = [0, 1, 2];
const PINS = { sda: 21, scl: 22 };

interface Made {
  readonly options: Record<string, unknown>;
  isClosed: boolean;
}

/** Hardware with these modules; `made` are the instances of their classes, in order. */
function hardwareWith(modules: Record<string, object>) {
  const made: Made[] = [];
  const load = (name: string) => {
    const methods = modules[name];
    if (methods === undefined) return undefined;
    function Fake(this: Made, options: Record<string, unknown>) {
      Object.assign(this, { options, isClosed: false }, methods);
      made.push(this);
    }
    Fake.prototype.close = function (this: Made) {
      this.isClosed = true;
    };
    return Object.assign(Fake, { InputPullUp: 1 });
  };
  const chip = {
    freeHeapBytes: () => 90_000,
    freeHeapBytesMin: () => 80_000,
    chunkHeapBytes: () => 40_000,
    slotHeapBytes: () => 30_000,
    rssiDbm: () => undefined,
    wifiState: () => 4,
    celsius: () => 41.5,
  };
  return { hardware: { chip, load } satisfies Hardware, made };
}

function create(settings: SensorSettings, modules: Record<string, object> = {}) {
  const lines: string[] = [];
  const { hardware, made } = hardwareWith(modules);
  const sensor = createSensor(settings, hardware, (line) => lines.push(line));
  return { sensor, made, lines, names: sensor.channels.map(({ name }) => name) };
}

test("the chip tells of itself, and leaves out what it cannot tell", () => {
  const { sensor, names } = create({ kind: "chip" });
  const expected = ["chip.uptime", "chip.free-heap", "chip.free-heap-min", "chip.rssi"];
  expect(names).toEqual([...expected, "chip.status"]);
  expect(sensor.read(61_999)).toEqual([61, 90_000, 80_000, undefined, WORKING]);
});

test("the chip tells more of itself where it is asked to", () => {
  const measures = [
    "late-samples",
    "missed-samples",
    "chunk-heap",
    "slot-heap",
    "wifi",
    "temperature",
  ];
  const { sensor, names } = create({ kind: "chip", name: "own", measures });
  expect(names).toEqual([...measures, "status"].map((each) => `own.${each}`));
  const counts = { lateSamples: 3, missedSamples: 12 };
  expect(sensor.read(61_999, counts)).toEqual([3, 12, 40_000, 30_000, 4, 41.5, WORKING]);
  expect(encodeSchema(sensor.channels).length).toBeGreaterThan(0);
});

test("parts on I2C: the SDK's driver gets pins and address, its sample becomes values", () => {
  const SMBus = {};
  const samples: [string, string, object, number[]][] = [
    [
      "bmp280",
      "embedded:sensor/Barometer-Temperature/BMP280",
      { barometer: { pressure: 101_325 }, thermometer: { temperature: 21.5 } },
      [21.5, 101_325],
    ],
    [
      "sht3x",
      "embedded:sensor/Humidity-Temperature/SHT3x",
      { hygrometer: { humidity: 40 }, thermometer: { temperature: 21.5 } },
      [21.5, 40],
    ],
    [
      "si7021",
      "embedded:sensor/Humidity-Temperature/SI7020",
      { hygrometer: { humidity: 41 }, thermometer: { temperature: 20 } },
      [20, 41],
    ],
    ["tmp117", "embedded:sensor/Temperature/TMP117", { temperature: -3.25, alert: 0 }, [-3.25]],
  ];
  for (const [kind, module, sample, values] of samples) {
    const modules = { "embedded:io/smbus": SMBus, [module]: { sample: () => sample } };
    const { sensor, made } = create({ kind, name: "shed", ...PINS, address: 0x45 }, modules);
    expect(made).toEqual([]);
    expect(sensor.read(0)).toEqual([...values, WORKING]);
    expect(made[0]!.options.sensor).toMatchObject({ data: 21, clock: 22, address: 0x45 });
    expect(sensor.channels[0]!.name).toBe("shed.temperature");
    expect(encodeSchema(sensor.channels).length).toBeGreaterThan(0);
  }
});

test("a checksum that fails costs the one value", () => {
  const sample = () => ({ hygrometer: {}, thermometer: { temperature: 21 } });
  const modules = {
    "embedded:io/smbus": {},
    "embedded:sensor/Humidity-Temperature/SHT3x": { sample },
  };
  const { sensor } = create({ kind: "sht3x", ...PINS }, modules);
  expect(sensor.read(0)).toEqual([21, undefined, WORKING]);
});

test("an analog pin: volts, or what they stand for, by the attenuation", () => {
  const modules = { "embedded:io/analog": { resolution: 12, read: () => 2_048 } };
  const volts = create({ kind: "analog", name: "soil", pin: 34 }, modules);
  expect(volts.sensor.channels[0]).toMatchObject({ name: "soil", unit: "V", resolution: 0.001 });
  expect(volts.sensor.read(0)).toEqual([(2_048 * 2.45) / 4_095, WORKING]);
  const esp32 = { attenuation: 12, calibrated: true };
  expect(volts.made[0]!.options).toEqual({ pin: 34, esp32 });
  const own = { attenuation: 0, scale: 100, offset: -50, unit: "Cel", resolution: 0.1 };
  const degrees = create({ kind: "analog", pin: 34, ...own }, modules);
  expect(degrees.sensor.channels[0]).toMatchObject({ unit: "Cel", resolution: 0.1 });
  expect(degrees.sensor.read(0)[0]).toBeCloseTo((100 * (2_048 * 0.95)) / 4_095 - 50, 9);
  expect(degrees.made[0]!.options.esp32).toEqual({ attenuation: 0, calibrated: true });
});

test("a level", () => {
  const digital = create(
    { kind: "digital", name: "door", pin: 4 },
    { "embedded:io/digital": { read: () => 1 } },
  );
  expect(digital.sensor.read(0)).toEqual([true, WORKING]);
  expect(digital.names).toEqual(["door", "door.status"]);
});

test("pulses are counted on where a counter had to be made anew", () => {
  let pulses = 0;
  const read = () => {
    if (pulses < 0) throw new Error("no counter");
    return pulses;
  };
  const { sensor, made } = create(
    { kind: "pulse", name: "rain", pin: 5 },
    { "embedded:io/pulsecount": { read } },
  );
  expect(sensor.read(0)).toEqual([0, WORKING]);
  expect(made[0]!.options).toEqual({ signal: 5 });
  pulses = 7;
  expect(sensor.read(1_000)).toEqual([7, WORKING]);
  pulses = -1;
  expect(sensor.read(2_000)).toEqual([undefined, NOT_READ]);
  pulses = 3;
  expect(sensor.read(40_000)).toEqual([10, WORKING]);
});

test("a part that is not there is a status, said once, and looked for again after a while", () => {
  const { sensor, lines } = create({ kind: "tmp117", ...PINS });
  expect(sensor.read(0)).toEqual([undefined, NOT_STARTED]);
  for (let nowMs = 1_000; nowMs <= 120_000; nowMs += 1_000) sensor.read(nowMs);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("TMP117 on this platform");
});

test("a part that stops answering is closed, its values are missing, and it is started anew", () => {
  let isAnswering = true;
  const read = () => {
    if (!isAnswering) throw new Error("no acknowledgement");
    return 0;
  };
  const { sensor, made, lines } = create(
    { kind: "digital", pin: 4 },
    { "embedded:io/digital": { read } },
  );
  expect(sensor.read(0)).toEqual([false, WORKING]);
  isAnswering = false;
  expect(sensor.read(1_000)).toEqual([undefined, NOT_READ]);
  expect(made[0]!.isClosed).toBe(true);
  isAnswering = true;
  expect(sensor.read(30_999)).toEqual([undefined, NOT_READ]);
  expect(sensor.read(31_000)).toEqual([false, WORKING]);
  expect(made).toHaveLength(2);
  expect(lines).toEqual(["sensor digital: not read: Error: no acknowledgement"]);
});

test("settings that are missing are a status too, with what to set", () => {
  const module = "embedded:sensor/Temperature/TMP117";
  const part = create({ kind: "tmp117" }, { [module]: {}, "embedded:io/smbus": {} });
  expect(part.sensor.read(0)).toEqual([undefined, NOT_STARTED]);
  expect(part.lines[0]).toContain("sda and scl must be set");
  const pin = create({ kind: "analog" }, { "embedded:io/analog": {} });
  pin.sensor.read(0);
  expect(pin.lines[0]).toContain("pin is missing");
});

test.each([
  [[], "name at least one"],
  [[{ kind: "bme999" }], 'no kind "bme999"; there are random, chip, '],
  [[{ kind: "digital" }, { kind: "digital" }], 'two are called "digital"'],
  [[{ kind: "chip", periodMs: 0 }], "periodMs"],
  [[{ kind: "analog", name: "soil", attenuation: 11 }], "soil: attenuation: 11 is none of 0, "],
  [[{ kind: "chip", measures: ["colour"] }], 'no "colour"; there are uptime, free-heap, '],
  [[{ kind: "chip", measures: ["rssi", "wifi", "rssi"] }], "twice"],
  [[{ kind: "chip", measures: [] }], "measures: name at least one"],
  [[{ kind: "analog", scale: 0 }], "scale: a number other than 0"],
  [[{ kind: "analog", offset: Number.NaN }], "offset: a number"],
  [[{ kind: "analog", resolution: 0 }], "resolution"],
])("settings at fault: %j", (sensors, words) => {
  expect(sensorsFault(sensors)).toContain(words);
  expect(settingsFault({ ...DEFAULT_SETTINGS, sensors })).toContain(words);
  expect(settingsFault(DEFAULT_SETTINGS)).toBe(undefined);
});
