// What runs inside XS to be measured: one task a command, so that the engine's meter counts it alone.

import { RandomSensor } from "../device/sensors/random.ts";
import { BatchEncoder } from "../shared/batch/encoder.ts";
import { decodeUtf8, encodeUtf8 } from "../shared/bytes/utf8.ts";
import { encodeSerialFrame, serialFrameLengthMax } from "../shared/frame/serial.ts";
import { runWorld } from "../test/xs/firmware-world.ts";

const SAMPLES = 200;
const MESSAGE_BYTES_MAX = 1_200;

const sensor = new RandomSensor(1);
const samples = Array.from({ length: SAMPLES }, () => [...sensor.read()]);
const encoder = new BatchEncoder({ channels: sensor.channels, schema: 0 });
const message = new Uint8Array(MESSAGE_BYTES_MAX);
const frame = new Uint8Array(serialFrameLengthMax(MESSAGE_BYTES_MAX));

/** Encodes all samples; each full batch goes to `take`. Returns the bytes of all batches. */
function encode(take: (batch: Uint8Array) => void): number {
  let bytes = 0;
  const close = () => {
    const batch = encoder.take();
    bytes += batch.length;
    take(batch);
  };
  for (let index = 0; index < SAMPLES; index++) {
    const outcome = encoder.append(index * 1_000, samples[index]!);
    if (outcome === "appended") continue;
    close();
    encoder.append(index * 1_000, samples[index]!);
  }
  close();
  return bytes;
}

const TASKS: Record<string, () => number> = {
  nothing: () => 0,
  encode: () => encode(() => undefined),
  frame: () => {
    let bytes = 0;
    encode((batch) => {
      message.set(batch);
      bytes += encodeSerialFrame(message, batch.length, frame);
    });
    return bytes;
  },
  json: () => {
    // XS 13.3 under xsnap has a native one; the bundle's stand-in would make JSON look slow.
    const native = Reflect.get(globalThis, "TextEncoder");
    const utf8: { encode(text: string): Uint8Array } = new native();
    let bytes = 0;
    for (let index = 0; index < SAMPLES; index++) {
      const record = { t: index * 1_000, v: samples[index] };
      bytes += utf8.encode(JSON.stringify(record)).length;
    }
    return bytes;
  },
  world: () => runWorld({ samples: SAMPLES, cutAfterFrames: 0, isSilent: true }).acknowledged,
};

Object.assign(globalThis, {
  handleCommand(request: ArrayBuffer): ArrayBufferLike {
    const name = decodeUtf8(new Uint8Array(request))!;
    return encodeUtf8(String(TASKS[name]!())).buffer;
  },
});
