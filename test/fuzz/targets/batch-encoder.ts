// The batch encoder with whatever a sensor may give, right or wrong: it takes a row or says why not, and
// what it took the twin reads back, those values missing that their channels cannot carry.

import { BatchEncoder } from "../../../shared/batch/encoder.ts";
import type { Channel, ChannelValue } from "../../../shared/channel.ts";
import { decodeBatch } from "../../reference/batches.ts";
import { batchNotation } from "../../shared/notation.ts";
import { Choices } from "../choices.ts";
import { must, mustEqual, type Target } from "../target.ts";

const CHANNELS: readonly Channel[] = [
  { name: "number", kind: "number", unit: "", resolution: 0.01 },
  { name: "integer", kind: "integer", unit: "" },
  { name: "boolean", kind: "boolean", unit: "" },
  { name: "enumeration", kind: "enumeration", unit: "", labels: ["a", "b", "c"] },
  { name: "text", kind: "text", unit: "" },
  { name: "float32", kind: "float32", unit: "" },
  { name: "float64", kind: "float64", unit: "" },
  { name: "bytes", kind: "bytes", unit: "" },
  { name: "structured", kind: "structured", unit: "" },
];

const ODD: readonly ChannelValue[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  Number.MAX_SAFE_INTEGER,
  -Number.MAX_SAFE_INTEGER,
  2 ** 53,
  1e300,
  5e-324,
  0.1,
  "",
  "\ud800",
  "\ufeffbyte order mark",
  null,
  [],
  new Map([["__proto__", 1]]),
];

export function createTarget(): Target {
  return {
    inputBytesMax: 500,
    stepsMax: (bytes) => 100_000 + 10_000 * bytes,
    seeds,
    run: (input) => encode(new Choices(input)),
  };
}

/** All channels with values of their kind, for some rows; then odd ones. */
function* seeds(): Generator<Uint8Array> {
  for (let kind = 0; kind < CHANNELS.length; kind++) {
    const rows = Array.from({ length: 40 }, (_, row) => [100, 1, (7 * row) % 100]);
    yield Uint8Array.of(1, kind, ...rows.flat());
    yield Uint8Array.of(2, kind, 4, ...rows.flat(), ...ODD.flatMap((__, odd) => [9, 6, odd, 1, 3]));
  }
}

function encode(choices: Choices): void {
  const channels = Array.from({ length: 1 + choices.below(4) }, (_, index) => {
    const channel = choices.pick(CHANNELS);
    return { ...channel, name: `${channel.name} ${index}` };
  });
  const encoder = new BatchEncoder({ channels, schema: 0, bytesMax: 600 });
  let timeMs = 0;
  let rows = 0;
  while (!choices.isEmpty) {
    timeMs += choices.byte() < 0xf0 ? choices.byte() : choices.integer() % 2 ** 40;
    const outcome = encoder.append(
      timeMs,
      channels.map(() => value(choices)),
    );
    if (outcome === "appended") rows++;
    else rows = finish(encoder, channels, rows);
  }
  finish(encoder, channels, rows);
}

function value(choices: Choices): ChannelValue | undefined {
  switch (choices.below(8)) {
    case 0:
      return undefined;
    case 1:
      return choices.byte() - 50;
    case 2:
      return (choices.byte() * 0x100 + choices.byte()) / 100;
    case 3:
      return choices.below(2) === 1;
    case 4:
      return new TextDecoder().decode(choices.bytes(choices.below(12)));
    case 5:
      return choices.bytes(choices.below(12));
    case 6:
      return choices.pick(ODD);
    default:
      return choices.below(2) === 1 ? choices.integer() : -choices.integer();
  }
}

function finish(encoder: BatchEncoder, channels: Channel[], rows: number): 0 {
  const { readings } = encoder;
  const bytes = encoder.take().slice();
  if (rows === 0) return 0;
  const batch = batchNotation(bytes, channels);
  must(batch !== undefined, "what was encoded can be decoded");
  const twinChannels = channels as Parameters<typeof decodeBatch>[0];
  mustEqual(
    decodeBatch(twinChannels, [...bytes]),
    batch,
    "and is to the twin what it is to the core",
  );
  must(batch.rows.length === rows, "all rows that were taken are there");
  const present = batch.rows.flatMap((row) => row.values).filter((one) => !isMissing(one));
  must(present.length === readings, "as many readings as the encoder counts");
  return 0;
}

function isMissing(one: unknown): boolean {
  return typeof one === "object" && one !== null && "missing" in one;
}
