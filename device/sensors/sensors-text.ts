// The list of sensors as one line of text: `chip,bmp280:name=attic:sda=21:scl=22:periodMs=60000`.

import type { SensorSettings } from "./driver.ts";

const NUMBERS = ["periodMs", "pin", "sda", "scl", "address"] as const;

export function formatSensors(sensors: readonly SensorSettings[]): string {
  return sensors.map(formatSensor).join(",");
}

/** Undefined where the text is none; whether there are such sensors is not asked here (catalog.ts). */
export function parseSensors(text: string): readonly SensorSettings[] | undefined {
  const sensors: SensorSettings[] = [];
  for (const part of text.split(",")) {
    const sensor = parseSensor(part.trim());
    if (sensor === undefined) return undefined;
    sensors.push(sensor);
  }
  return sensors;
}

function formatSensor(sensor: SensorSettings): string {
  const parts = [sensor.kind];
  if (sensor.name !== undefined) parts.push(`name=${sensor.name}`);
  for (const field of NUMBERS) {
    if (sensor[field] !== undefined) parts.push(`${field}=${sensor[field]}`);
  }
  return parts.join(":");
}

function parseSensor(text: string): SensorSettings | undefined {
  const [kind = "", ...fields] = text.split(":");
  let sensor: SensorSettings = { kind };
  for (const field of fields) {
    const equals = field.indexOf("=");
    const key = field.slice(0, equals);
    const value = field.slice(equals + 1);
    const number = NUMBERS.find((each) => each === key);
    if (equals < 1 || value === "") return undefined;
    if (key === "name") sensor = { ...sensor, name: value };
    else if (number !== undefined && /^\d{1,9}$/.test(value)) {
      sensor = { ...sensor, [number]: Number(value) };
    } else return undefined;
  }
  return kind === "" ? undefined : sensor;
}
