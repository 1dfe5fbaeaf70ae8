// Stores with many small batches, merging by hand, and what readers see of it.

import fc from "fast-check";
import { NdjsonLong } from "../../host/cli/output/reading-format.ts";
import { openForWriting } from "../../host/store/open.ts";
import { PacketWriter } from "../../host/store/packet.ts";
import { StoreReader } from "../../host/store/reader.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { type Channel, encodeSchema, type SampleValues } from "../../shared/channel.ts";
import type { Gap, Hello } from "../../shared/message/message.ts";
import { batch } from "../shared/arbitraries.ts";
import { rowFromNotation } from "../shared/notation.ts";
import { META } from "./fake-device.ts";

interface Row {
  /** Since the row before. */
  readonly stepMs: number;
  readonly values: SampleValues;
}

/** Rows of one schema in records. */
export interface Stretch {
  readonly channels: readonly Channel[];
  /** Rows of each record, from the front on, again and again; 0 is a gap of two records. */
  readonly pattern: readonly number[];
  readonly rows: readonly Row[];
}

/** Rows of any kinds of channels, in records of any sizes with gaps between. */
export const stretch: fc.Arbitrary<Stretch> = fc
  .record({
    one: batch,
    times: fc.integer({ min: 1, max: 12 }),
    pattern: fc
      .array(fc.constantFrom(0, 1, 1, 1, 1, 1, 2, 5, 40), { minLength: 1, maxLength: 60 })
      .filter((pattern) => pattern.some((rows) => rows > 0)),
  })
  .map(({ one, times, pattern }) => {
    const { rows } = one.batch;
    const once = rows.map(({ timeMs, values }, index) => ({
      // Not 0: two batches alike to the last bit are taken for one that was stored twice.
      stepMs: 1 + ((timeMs - (rows[index - 1]?.timeMs ?? timeMs)) % 10_000_000),
      values: rowFromNotation(values),
    }));
    const repeated = Array.from({ length: times }, () => once).flat();
    return { channels: one.channels as Channel[], pattern, rows: repeated };
  });

/** A device's life in a store that nobody else has open: each stretch has a schema of its own. */
export async function storeLife(
  path: string,
  { device = "shed", epoch, stretches }: Life,
): Promise<void> {
  const { writer, close } = await openForWriting(path);
  const packet = new PacketWriter();
  const commit = () => writer.commit([packet.take()], { nowMs: 0, savesLatest: true });
  const hello: Hello = { ...HELLO, device, epoch };
  packet.addOther({ kind: "resume", ask: 0, hello, receivedUs: META.receivedUs });
  const { epochId } = commit().answers[0]!.resumed!;
  const sample = { deviceMs: 0, utcUs: META.receivedUs, uncertaintyUs: 2_000 };
  packet.addOther({ kind: "clock", epochId, sample });
  let sequence = 0;
  let timeMs = 0;
  for (const [number, { channels, pattern, rows }] of stretches.entries()) {
    packet.addOther({ kind: "schema", epochId, number, body: encodeSchema(channels) });
    const encoder = new BatchEncoder({ channels, schema: number });
    const take = () => {
      if (packet.isFull(2_000)) commit();
      if (encoder.rows > 0) packet.addBatch(epochId, sequence++, encoder.take(), META);
    };
    let place = 0;
    for (const { stepMs, values } of rows) {
      timeMs += stepMs;
      if (encoder.append(timeMs, values) !== "appended") {
        take();
        encoder.append(timeMs, values);
      }
      if (encoder.rows < pattern[place % pattern.length]!) continue;
      take();
      place++;
      if (pattern[place % pattern.length] !== 0) continue;
      place++;
      const gap = gapAt(sequence, timeMs);
      sequence += gap.count;
      packet.addOther({ kind: "gap", epochId, gap, receivedUs: META.receivedUs });
    }
    take();
  }
  commit();
  close();
}

interface Life {
  readonly device?: string;
  /** 16 hexadecimal digits. */
  readonly epoch: string;
  readonly stretches: readonly Stretch[];
}

function gapAt(sequence: number, timeMs: number): Gap {
  const span = { firstMs: timeMs, lastMs: timeMs };
  return { kind: "gap", sequence, count: 2, readings: 7, ...span, reason: "outbox-full" };
}

/** One-row batches of a temperature and a door, a second apart. */
export function steadyStretch(rows: number, pattern: readonly number[] = [1]): Stretch {
  return {
    channels: CLIMATE,
    pattern,
    rows: Array.from({ length: rows }, (_, index) => ({
      stepMs: index === 0 ? 0 : 1_000,
      values: [20 + (index % 40) / 100, index % 7 === 0],
    })),
  };
}

const CLIMATE: readonly Channel[] = [
  { name: "temperature", kind: "number", unit: "Cel", resolution: 0.01 },
  { name: "door", kind: "boolean", unit: "" },
];

/** Merges all that can be, as the worker does in time; `onStep` hears of each transaction. Returns how many there were. */
export async function mergeAll(path: string, onStep: () => void = () => {}): Promise<number> {
  const { merger, close } = await openForWriting(path);
  const nowMs = performance.now() + 1e9;
  let steps = 0;
  while ((merger.dueAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
    merger.step(nowMs);
    onStep();
    steps++;
  }
  close();
  return steps;
}

/** Every reading, as it is exported. */
export async function exportOf(path: string): Promise<string> {
  const reader = await StoreReader.open(path);
  const format = new NdjsonLong();
  let text = "";
  for (const chunk of reader.readings()) {
    for (const lines of format.linesOf(chunk)) text += lines;
  }
  reader.close();
  return text;
}

const HELLO: Hello = {
  kind: "hello",
  version: 1,
  nonce: 1,
  device: "",
  epoch: "",
  firmware: "1.0",
  reset: "power-on",
  uptimeMs: 0,
  life: 1,
  first: 0,
  next: 0,
  schemas: [],
  receiveBytesMax: 0,
};
