// A store with one device that took a sample of five channels a second, written by the store's own writer.

import { RandomSensor } from "../../device/sensors/random.ts";
import { type OpenStore, openForWriting } from "../../host/store/open.ts";
import { PacketWriter } from "../../host/store/packet.ts";
import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { encodeSchema } from "../../shared/channel.ts";

export const BEGIN_US = 1_760_000_000_000_000;

const HELLO = {
  kind: "hello",
  version: 1,
  nonce: 1,
  device: "bench",
  epoch: "0123456789abcdef",
  firmware: "bench",
  reset: "power",
  uptimeMs: 0,
  life: 1,
  first: 0,
  next: 0,
  schemas: [],
  receiveBytesMax: 0,
} as const;

export interface Filling {
  /** Samples in all. */
  readonly samples: number;
  /** In a batch, as far as one has room for so many. */
  readonly batchRows: number;
  /** Has small batches merged as they come, as a collector does in its spare time. */
  readonly merges: boolean;
}

/** Returns how many readings that makes. */
export async function fillStore(path: string, filling: Filling): Promise<number> {
  const store = await openForWriting(path, { mergeAfterMs: 0 });
  const { channels, device } = beginDevice();
  const { packets, encoder } = device;
  let sequence = 0;
  let stepMs = performance.now();
  const commit = () => {
    const outcome = store.writer.commit([packets.take()], { nowMs: stepMs, savesLatest: true });
    if (filling.merges) stepMs = mergeAll(store, outcome.commit.stored, stepMs);
  };
  const close = () => {
    const isEnough = filling.merges ? packets.count >= ROWS_WAITING_MAX : packets.isFull(1_100);
    if (isEnough) commit();
    const meta = { link: "tcp", receivedUs: BEGIN_US } as const;
    packets.addBatch(1, sequence++, encoder.take(), meta);
  };
  for (let second = 0; second < filling.samples; second++) {
    const values = device.sensor.read();
    if (encoder.rows === filling.batchRows) close();
    if (encoder.append(second * 1_000, values) === "appended") continue;
    close();
    encoder.append(second * 1_000, values);
  }
  close();
  commit();
  store.close();
  return Math.ceil(filling.samples) * channels.length;
}

function beginDevice() {
  const packets = new PacketWriter();
  const sensor = new RandomSensor(1);
  const { channels } = sensor;
  packets.addOther({ kind: "resume", ask: 0, hello: HELLO, receivedUs: BEGIN_US });
  packets.addOther({ kind: "schema", epochId: 1, number: 0, body: encodeSchema(channels) });
  const sample = { deviceMs: 0, utcUs: BEGIN_US, uncertaintyUs: 1_000 };
  packets.addOther({ kind: "clock", epochId: 1, sample });
  const encoder = new BatchEncoder({ channels, schema: 0 });
  return { channels, device: { packets, sensor, encoder } };
}

/** What merging waits for: a collector commits far more often. */
const ROWS_WAITING_MAX = 256;

/** Longer than a step of merging looks ahead. */
const VISIT_MS = 10_000;

/** Takes steps until nothing is due; returns the time at which that is so. */
function mergeAll(
  { merger }: OpenStore,
  stored: readonly { readonly epochId: number; readonly next: number }[],
  nowMs: number,
): number {
  merger.note(stored, nowMs);
  const endMs = nowMs + VISIT_MS;
  while ((merger.dueAtMs ?? Number.POSITIVE_INFINITY) < endMs) merger.step(endMs);
  return endMs;
}
