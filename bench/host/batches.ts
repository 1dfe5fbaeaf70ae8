// Real batches for load generators: encoded by the real encoder from a sensor like that of the
// reference stream, a few dozen times over before the clock runs. A device sends them again and again,
// with the time in their head set forward: heads are the same in every format (PROTOCOL 6.1).

import assert from "node:assert/strict";
import { RandomSensor } from "../../device/sensors/random.ts";
import { BatchColumns } from "../../shared/batch/columns.ts";
import { decodeBatch } from "../../shared/batch/decoder.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { encodeSchema } from "../../shared/channel.ts";

/** How many different batches there are: too many for a processor to learn their branches by heart. */
const TEMPLATES = 4_096;

/** Times from here on take six bytes as a varint, whatever they are. */
const FIRST_MS = 2 ** 36;

/** Where the head has the time: behind format, rows and a schema number of one byte. */
const TIME_POSITION = 4;

const PERIOD_MS = 1_000;

export interface BatchTemplates {
  readonly schema: Uint8Array;
  readonly bodies: readonly Uint8Array[];
  /** Rows, and values, in each. */
  readonly rows: number;
  readonly readings: number;
  /** Mean length of a body. */
  readonly bytes: number;
}

/** Batches of `readings` values: samples of five channels, one a second. */
export function makeTemplates(readings: number): BatchTemplates {
  const sensor = new RandomSensor(1);
  const { channels } = sensor;
  const rows = readings / channels.length;
  const encoder = new BatchEncoder({ channels, schema: 0 });
  const bodies = Array.from({ length: TEMPLATES }, () => {
    for (let row = 0; row < rows; row++) {
      const outcome = encoder.append(FIRST_MS + row * PERIOD_MS, sensor.read());
      assert(outcome === "appended", `a batch has no room for ${readings} readings`);
    }
    return encoder.take().slice();
  });
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / TEMPLATES;
  const templates = { schema: encodeSchema(channels), bodies, rows, readings, bytes };
  checkPatch(templates, channels);
  return templates;
}

/** The body of a device's batch `sequence`; valid until the next call for the same template. */
export function bodyOf({ bodies, rows }: BatchTemplates, sequence: number): Uint8Array {
  const body = bodies[sequence % TEMPLATES]!;
  let rest = FIRST_MS + sequence * rows * PERIOD_MS;
  for (let index = 0; index < 5; index++) {
    body[TIME_POSITION + index] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  body[TIME_POSITION + 5] = rest;
  return body;
}

/** The time really stands where it is overwritten. */
function checkPatch(templates: BatchTemplates, channels: RandomSensor["channels"]): void {
  const columns = new BatchColumns();
  const sequence = 12_345;
  const body = bodyOf(templates, sequence);
  assert(decodeBatch(body, channels, columns), "a batch whose time was set can be decoded");
  const expected = FIRST_MS + sequence * templates.rows * PERIOD_MS;
  assert.equal(columns.timesMs[0], expected);
  const writer = new ByteWriter(new Uint8Array(8));
  writer.writeVarint(expected);
  assert.equal(writer.position, 6);
}
