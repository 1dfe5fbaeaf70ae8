// Other ways to write the same rows, each as the payload of one message for a batch, without a frame.
// Libraries are looked for in bench/peers; those that are not installed are left out by name.

import { createRequire } from "node:module";
import { brotliCompressSync, constants, deflateRawSync } from "node:zlib";
import { ByteWriter, zigzag } from "../../shared/bytes/cursor.ts";
import type { Channel, ChannelValue } from "../../shared/channel.ts";
import { integerOf } from "./entropy.ts";
import { encodeGorilla } from "./gorilla.ts";
import type { Stream, StreamRow } from "./reference-stream.ts";

/** Bytes of the rows as one message. */
export type Peer = (channels: readonly Channel[], rows: readonly StreamRow[]) => number;

const requirePeer = createRequire(new URL("../peers/package.json", import.meta.url));

interface Encoder {
  encode(value: unknown): Uint8Array;
}

interface Zstd {
  init(): Promise<void>;
  compress(bytes: Uint8Array, level: number): Uint8Array;
}

/** Best settings of each. */
const ZSTD_LEVEL = 19;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
const DEFLATE = { level: constants.Z_BEST_COMPRESSION };

/** The peers that there are, by name, and the names of those that are not installed. */
export async function findPeers(): Promise<{ peers: Map<string, Peer>; missing: string[] }> {
  const missing: string[] = [];
  const peers = new Map<string, Peer>([
    ["json", (channels, rows) => jsonOf(channels, rows).length],
    ["json-deflate", (channels, rows) => deflateRawSync(jsonOf(channels, rows), DEFLATE).length],
    ["gorilla", (channels, rows) => encodeGorilla(numbersOf(channels, rows)).length],
    ["varint", (channels, rows) => varintRows(channels, rows).length],
    [
      "varint-deflate",
      (channels, rows) => deflateRawSync(varintColumns(channels, rows), DEFLATE).length,
    ],
    [
      "varint-brotli",
      (channels, rows) => brotliCompressSync(varintColumns(channels, rows), BROTLI).length,
    ],
  ]);
  const add = async (
    name: string,
    module: string,
    make: (found: never) => Peer | Promise<Peer>,
  ) => {
    const found = tryRequire(module);
    if (found === undefined) missing.push(name);
    else peers.set(name, await make(found as never));
  };
  await add(
    "cbor",
    "cbor-x",
    ({ encode }: Encoder) =>
      (channels, rows) =>
        encode(recordsOf(channels, rows)).length,
  );
  await add(
    "senml-cbor",
    "cbor-x",
    ({ encode }: Encoder) =>
      (channels, rows) =>
        encode(senmlOf(channels, rows)).length,
  );
  await add(
    "msgpack",
    "msgpackr",
    ({ pack }: { pack: Encoder["encode"] }) =>
      (channels, rows) =>
        pack(recordsOf(channels, rows)).length,
  );
  await add("protobuf", "protobufjs", protobufPeer);
  await add("varint-zstd", "@bokuweb/zstd-wasm", async (zstd: Zstd) => {
    await zstd.init();
    return (channels, rows) => zstd.compress(varintColumns(channels, rows), ZSTD_LEVEL).length;
  });
  return { peers, missing };
}

function tryRequire(module: string): unknown {
  try {
    return requirePeer(module);
  } catch {
    return undefined;
  }
}

/** Bytes a row in batches of `rowsPerBatch`. */
export function peerBytes({ channels, rows }: Stream, rowsPerBatch: number, peer: Peer): number {
  let bytes = 0;
  for (let first = 0; first < rows.length; first += rowsPerBatch) {
    bytes += peer(channels, rows.slice(first, first + rowsPerBatch));
  }
  return bytes / rows.length;
}

function recordsOf(channels: readonly Channel[], rows: readonly StreamRow[]): object[] {
  return rows.map(({ timeMs, values }) =>
    Object.fromEntries([
      ["t", timeMs],
      ...channels.map(({ name }, index) => [name, values[index]]),
    ]),
  );
}

function jsonOf(channels: readonly Channel[], rows: readonly StreamRow[]): Buffer {
  return Buffer.from(JSON.stringify(recordsOf(channels, rows)));
}

/** RFC 8428 6: one record a value, integers for labels, the time of the first as base time. */
function senmlOf(channels: readonly Channel[], rows: readonly StreamRow[]): Map<number, unknown>[] {
  const baseMs = rows[0]!.timeMs;
  const records = rows.flatMap(({ timeMs, values }) =>
    channels.map(({ name, unit }, index) => {
      const value = values[index];
      const label = typeof value === "boolean" ? 4 : typeof value === "string" ? 3 : 2;
      const record = new Map<number, unknown>([[0, name]]);
      if (unit !== "") record.set(1, unit);
      return record.set(6, (timeMs - baseMs) / 1_000).set(label, value);
    }),
  );
  records[0]?.set(-3, baseMs / 1_000);
  return records;
}

/** Packed differences, column by column: the shortest that protobuf can do. */
function protobufPeer(protobuf: {
  Root: { fromJSON(json: object): { lookupType(name: string): ProtobufType } };
}): Peer {
  const field = { rule: "repeated", type: "sint64", id: 1, options: { packed: true } };
  const nested = {
    Column: { fields: { values: field } },
    Batch: { fields: { columns: { rule: "repeated", type: "Column", id: 1 } } },
  };
  const type = protobuf.Root.fromJSON({ nested }).lookupType("Batch");
  return (channels, rows) => {
    const columns = numbersOf(channels, rows).map((numbers) => ({ values: differences(numbers) }));
    return type.encode({ columns }).finish().length;
  };
}

interface ProtobufType {
  encode(message: object): { finish(): Uint8Array };
}

/** Times, then each column, as integers; what is missing or a text repeats the number before it. */
function numbersOf(channels: readonly Channel[], rows: readonly StreamRow[]): number[][] {
  const columns = channels.map((channel, index) => {
    let last = 0;
    return rows.map(({ values }) => {
      last = numberOf(channel, values[index]) ?? last;
      return last;
    });
  });
  return [rows.map(({ timeMs }) => timeMs), ...columns];
}

function numberOf(channel: Channel, value: ChannelValue | undefined): number | undefined {
  const isNumber = typeof value === "number" || typeof value === "boolean";
  return isNumber ? integerOf(channel, value) : undefined;
}

function differences(numbers: readonly number[]): number[] {
  return numbers.map((number, row) => number - (row === 0 ? 0 : numbers[row - 1]!));
}

function varintRows(channels: readonly Channel[], rows: readonly StreamRow[]): Uint8Array {
  const columns = numbersOf(channels, rows).map(differences);
  return varints(rows.flatMap((_, row) => columns.map((column) => column[row]!)));
}

function varintColumns(channels: readonly Channel[], rows: readonly StreamRow[]): Uint8Array {
  return varints(numbersOf(channels, rows).flatMap(differences));
}

function varints(numbers: readonly number[]): Uint8Array {
  const writer = new ByteWriter(new Uint8Array(8 * numbers.length));
  for (const number of numbers) writer.writeVarint(zigzag(number));
  return writer.written();
}
