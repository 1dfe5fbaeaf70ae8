// The reference twin's schemas (PROTOCOL 5).

import { decodeCbor, encodeCbor, entriesOf, type Notation } from "./cbor.ts";
import { isName } from "./messages.ts";
import { type Bytes, Fault } from "./numbers.ts";

const KINDS = [
  "number",
  "integer",
  "boolean",
  "enumeration",
  "text",
  "float32",
  "float64",
  "bytes",
  "structured",
];

export interface ChannelNotation {
  name: string;
  kind: string;
  unit: string;
  resolution?: number;
  labels?: string[];
}

export function encodeSchema(channels: ChannelNotation[]): Bytes {
  return encodeCbor(channels.map(channelMap));
}

function channelMap(channel: ChannelNotation): Notation {
  const entries: [string, Notation][] = [
    ["name", channel.name],
    ["kind", KINDS.indexOf(channel.kind)],
  ];
  if (channel.unit !== "") entries.push(["unit", channel.unit]);
  if (channel.resolution !== undefined) entries.push(["resolution", channel.resolution]);
  if (channel.labels !== undefined) entries.push(["labels", channel.labels]);
  return { map: entries };
}

/** Throws a Fault with "schema". */
export function decodeSchema(bytes: Bytes): ChannelNotation[] {
  const items = bytes.length > 1_100 ? fail() : decodeItems(bytes);
  if (items.length === 0 || items.length > 64) fail();
  const channels = items.map(channelOf);
  if (new Set(channels.map(({ name }) => name)).size < channels.length) fail();
  return channels;
}

function decodeItems(bytes: Bytes): Notation[] {
  let items: Notation;
  try {
    items = decodeCbor(bytes);
  } catch {
    return fail();
  }
  return Array.isArray(items) ? items : fail();
}

function channelOf(item: Notation): ChannelNotation {
  const fields = new Map(entriesOf(item) ?? fail());
  const [name, kindNumber] = [fields.get("name"), fields.get("kind")];
  const unit = fields.has("unit") ? fields.get("unit") : "";
  if (typeof name !== "string" || !isName(name)) return fail();
  if (typeof unit !== "string" || (unit !== "" && !isName(unit))) return fail();
  const kind = typeof kindNumber === "number" ? KINDS[kindNumber] : undefined;
  if (kind === undefined) return fail();
  const channel: ChannelNotation = { name, kind, unit };
  if (kind === "number") channel.resolution = resolutionOf(fields.get("resolution"));
  else if (fields.has("resolution")) fail();
  if (kind === "enumeration") channel.labels = labelsOf(fields.get("labels"));
  else if (fields.has("labels")) fail();
  return channel;
}

function resolutionOf(value: Notation | undefined): number {
  return typeof value === "number" && value >= 1e-12 && value <= 1e12 ? value : fail();
}

function labelsOf(value: Notation | undefined): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > 64) return fail();
  const labels = value.map((label) =>
    typeof label === "string" && isName(label) ? label : fail(),
  );
  return new Set(labels).size === labels.length ? labels : fail();
}

function fail(): never {
  throw new Fault("schema");
}
