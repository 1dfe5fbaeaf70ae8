// What runs inside XS to be measured: one task a command, so that the engine's meter counts it alone.
// Samples are rounded to their channels' resolution, as a sensor's driver gives them: unrounded ones
// would make JSON twice as long.

import { RandomSensor } from "../device/sensors/random.ts";
import { BatchEncoder } from "../shared/batch/encoder.ts";
import { crc32c } from "../shared/bytes/crc32c.ts";
import { writeU32At } from "../shared/bytes/cursor.ts";
import { decodeUtf8, encodeUtf8 } from "../shared/bytes/utf8.ts";
import { type ChannelValue, stepsOf, valueOfSteps } from "../shared/channel.ts";
import { encodeSerialFrame, serialFrameLengthMax } from "../shared/frame/serial.ts";
import { STREAM_HEADER_BYTES, writeStreamHeader } from "../shared/frame/stream.ts";
import { encodeCbor } from "../shared/message/cbor.ts";
import { runWorld } from "../test/xs/firmware-world.ts";

const SAMPLES = 200;
const MESSAGE_BYTES_MAX = 1_200;
const CRC_BYTES = 4;

const sensor = new RandomSensor(1);
const samples = Array.from({ length: SAMPLES }, () =>
  sensor.read().map((value, index): ChannelValue => {
    const { resolution } = sensor.channels[index]!;
    if (resolution === undefined) return value;
    return valueOfSteps(stepsOf(value as number, resolution), resolution);
  }),
);
const encoder = new BatchEncoder({ channels: sensor.channels, schema: 0 });
const message = new Uint8Array(MESSAGE_BYTES_MAX);
const frame = new Uint8Array(serialFrameLengthMax(MESSAGE_BYTES_MAX));

/** Frames the first `length` bytes of `message`. Returns the bytes of the frame. */
type Framing = (length: number) => number;

const bare: Framing = (length) => length;

/** As on TCP, with a checksum behind it. */
const stream: Framing = (length) => {
  writeStreamHeader(frame, 0, length + CRC_BYTES);
  frame.set(message.subarray(0, length), STREAM_HEADER_BYTES);
  writeU32At(frame, STREAM_HEADER_BYTES + length, crc32c(message, 0, length));
  return STREAM_HEADER_BYTES + length + CRC_BYTES;
};

const serial: Framing = (length) => encodeSerialFrame(message, length, frame);

function batches(framing: Framing): number {
  let bytes = 0;
  for (let index = 0; index < SAMPLES; index++) {
    const outcome = encoder.append(index * 1_000, samples[index]!);
    if (outcome === "appended") continue;
    bytes += take(framing);
    encoder.append(index * 1_000, samples[index]!);
  }
  return bytes + take(framing);
}

function take(framing: Framing): number {
  const batch = encoder.take();
  if (framing === bare) return batch.length;
  message.set(batch);
  return framing(batch.length);
}

/** One message a sample, as is usual. */
function texts(encode: (record: object) => Uint8Array, framing: Framing): number {
  let bytes = 0;
  for (let index = 0; index < SAMPLES; index++) {
    const text = encode({ t: index * 1_000, v: samples[index]! });
    if (framing === bare) bytes += text.length;
    else {
      message.set(text);
      bytes += framing(text.length);
    }
  }
  return bytes;
}

// XS 13.3 under xsnap has a native one; the bundle's stand-in would make JSON look slow.
const NativeEncoder = Reflect.get(globalThis, "TextEncoder");
const utf8: { encode(text: string): Uint8Array } = new NativeEncoder();
const json = (record: object) => utf8.encode(JSON.stringify(record));
const cbor = (record: object) => encodeCbor(new Map(Object.entries(record)));

const TASKS: Record<string, () => number> = {
  nothing: () => 0,
  encode: () => batches(bare),
  stream: () => batches(stream),
  serial: () => batches(serial),
  json: () => texts(json, bare),
  "json-stream": () => texts(json, stream),
  "json-serial": () => texts(json, serial),
  cbor: () => texts(cbor, bare),
  world: () => runWorld({ samples: SAMPLES, cutAfterFrames: 0, isSilent: true }).acknowledged,
};

Object.assign(globalThis, {
  handleCommand(request: ArrayBuffer): ArrayBufferLike {
    const name = decodeUtf8(new Uint8Array(request))!;
    return encodeUtf8(String(TASKS[name]!())).buffer;
  },
});
