// The simulator's own sensors: recordings and this computer.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ReplaySensor } from "../../host/simulator/sensors/replay.ts";
import { SystemSensor } from "../../host/simulator/sensors/system.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { schemaFault } from "../../shared/channel.ts";
import { temporaryFolder } from "../support/senda.ts";

const folder = temporaryFolder();

function recording(text: string): string {
  const path = join(folder, "recording.csv");
  writeFileSync(path, text);
  return path;
}

test("a recording's columns become channels of the kind that their values have", () => {
  const sensor = new ReplaySensor(
    recording(
      "time_ms,temp,count,vent,exact\r\n1,20.48,3,open,0.123456789\r\n2,20.5,,closed,1\r\n",
    ),
  );
  expect(sensor.channels).toEqual([
    { name: "temp", kind: "number", unit: "", resolution: 0.01 },
    { name: "count", kind: "integer", unit: "" },
    { name: "vent", kind: "text", unit: "" },
    { name: "exact", kind: "float64", unit: "" },
  ]);
  expect(sensor.read()).toEqual([20.48, 3, "open", 0.123456789]);
  expect(sensor.read()).toEqual([20.5, undefined, "closed", 1]);
  expect(sensor.read()).toEqual([20.48, 3, "open", 0.123456789]);
});

test.each([
  ["", "a header and at least one row"],
  ["temp\n", "a header and at least one row"],
  ["time\n1\n", "0 columns"],
  ["a\u0007b\n1\n", "not a name"],
])("what is no recording is refused with the reason: %j", (text, reason) => {
  expect(() => new ReplaySensor(recording(text))).toThrow(reason);
});

test("this computer's sensors give what their channels can carry", () => {
  const sensor = new SystemSensor();
  expect(schemaFault(sensor.channels)).toBeUndefined();
  expect(sensor.channels.map(({ name }) => name)).toContain("memory-used");
  const encoder = new BatchEncoder({ channels: sensor.channels, schema: 0 });
  encoder.append(0, sensor.read());
  expect(encoder.unrepresentable).toBe(0);
  expect(encoder.readings).toBe(sensor.channels.length);
});
