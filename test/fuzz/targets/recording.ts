// Recordings in CSV: each is refused with a word on why, or makes a sensor whose channels are a schema
// and whose values the batch encoder takes.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordingError } from "../../../host/simulator/sensors/recording-error.ts";
import { ReplaySensor } from "../../../host/simulator/sensors/replay.ts";
import { BatchEncoder } from "../../../shared/batch/encoder.ts";
import { decodeSchema, encodeSchema } from "../../../shared/channel.ts";
import { must, mustEqual, type Target } from "../target.ts";

const SAMPLES = 5;

const RECORDINGS = [
  "time,temperature,humidity,door\n2026-01-01,21.35,40,open\n2026-01-02,21.4,,shut\n",
  "a,b\r\n1,2\r\n\r\n3,4\r\n",
  "\ufeffa\n1\n",
  "a,a\n1,2\n",
  "value\n1e300\n-0\n0x10\nNaN\nInfinity\n9007199254740993\n",
];

export function createTarget(): Target {
  const folder = mkdtempSync(join(tmpdir(), "senda-fuzz-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "recording.csv");
  return {
    inputBytesMax: 1_000,
    stepsMax: (bytes) => 20_000 + 2_000 * bytes,
    seeds: () => RECORDINGS.map((text) => Buffer.from(text)),
    run: (input) => {
      writeFileSync(path, input);
      const sensor = open(path);
      if (sensor !== undefined) checkSensor(sensor);
    },
  };
}

function open(path: string): ReplaySensor | undefined {
  try {
    return new ReplaySensor(path);
  } catch (error) {
    if (error instanceof RecordingError) return undefined;
    throw error;
  }
}

function checkSensor(sensor: ReplaySensor): void {
  const channels = decodeSchema(encodeSchema(sensor.channels));
  must(channels !== undefined, "a host takes the schema");
  mustEqual(channels, sensor.channels, "as it is");
  const encoder = new BatchEncoder({ channels: sensor.channels, schema: 0 });
  for (let sample = 0; sample < SAMPLES; sample++) encoder.append(sample, sensor.read());
}
