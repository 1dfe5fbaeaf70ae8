// Channels: what a device measures, and how each value is written down. A schema is the list of a
// device's channels; its hash lets the host recognise one it has. PROTOCOL 5.

import { crc32c } from "./bytes/crc32c.ts";
import { utf8Length } from "./bytes/utf8.ts";
import { CHANNELS_MAX, LABELS_MAX, NAME_BYTES_MAX, SCHEMA_BYTES_MAX } from "./limits.ts";
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from "./message/cbor.ts";

/** The order is the wire's: do not change it. */
export const CHANNEL_KINDS = [
  "number", // a multiple of the channel's resolution, kept exactly as that multiple
  "integer", // up to 53 bits and a sign
  "boolean",
  "enumeration", // one of the channel's labels, by its index
  "text",
  "float32", // bit for bit, NaN payloads excepted
  "float64",
  "bytes",
  "structured", // any CBOR value with text keys
] as const;

const BYTE_ORDER_MARK = 0xfeff;

/** So that every number of steps is a finite value, and every value of practice has a number of steps. */
const RESOLUTION_MIN = 1e-12;
const RESOLUTION_MAX = 1e12;

export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export interface Channel {
  /** Unique within its device, 1 to 64 bytes, no control characters. */
  readonly name: string;
  readonly kind: ChannelKind;
  /** SenML unit symbol (RFC 8428 12.1), e.g. "Cel", "%RH", "Pa"; "" for none. */
  readonly unit: string;
  /** Smallest step that counts, > 0. Kind "number" only. */
  readonly resolution?: number;
  /** Kind "enumeration" only. */
  readonly labels?: readonly string[];
}

/**
 * One reading's value: a number for number, integer, float32 and float64; the label's index for
 * enumeration; a boolean, a string, bytes or a CBOR value for the rest.
 */
export type ChannelValue = CborValue;

/** Values of one sample, in the order of the schema; undefined where a channel was not read or gave nothing. */
export type SampleValues = readonly (ChannelValue | undefined)[];

/** Kinds whose values are coded as integers: steps, the integer itself, an index, 0 or 1. */
export function isIntegral(kind: ChannelKind): boolean {
  return kind === "number" || kind === "integer" || kind === "boolean" || kind === "enumeration";
}

/**
 * The number of steps of `resolution` in `value`, rounded. Decimal resolutions multiply by their
 * inverse, which is exact (100 rather than 0.01), so that 21.35 comes back as 21.35.
 */
export function stepsOf(value: number, resolution: number): number {
  const inverse = Math.round(1 / resolution);
  return Math.round(inverse * resolution === 1 ? value * inverse : value / resolution);
}

/** The inverse of `stepsOf`. */
export function valueOfSteps(steps: number, resolution: number): number {
  const inverse = Math.round(1 / resolution);
  return inverse * resolution === 1 ? steps / inverse : steps * resolution;
}

/** The canonical encoding of a schema (PROTOCOL 5.2): what is hashed, sent and stored. Throws on channels that cannot be. */
export function encodeSchema(channels: readonly Channel[]): Uint8Array {
  const fault = schemaFault(channels);
  if (fault !== undefined) throw new Error(`these channels make no schema: ${fault}`);
  const bytes = encodeCbor(channels.map(channelToCbor));
  if (bytes.length > SCHEMA_BYTES_MAX) {
    throw new Error(`the schema takes ${bytes.length} bytes; ${SCHEMA_BYTES_MAX} is the most`);
  }
  return bytes;
}

/** The channels in `bytes`, or undefined where they are malformed or cannot be. */
export function decodeSchema(bytes: Uint8Array): readonly Channel[] | undefined {
  if (bytes.length > SCHEMA_BYTES_MAX) return undefined;
  const items = decodeCbor(bytes);
  if (!Array.isArray(items)) return undefined;
  const channels = items.map(channelFromCbor);
  return channels.includes(undefined) || schemaFault(channels as Channel[]) !== undefined
    ? undefined
    : (channels as Channel[]);
}

/** Recognises an encoded schema among those of one device. */
export function schemaHash(encoded: Uint8Array): number {
  return crc32c(encoded);
}

/** What is wrong with the channels, for people; undefined where nothing is. */
export function schemaFault(channels: readonly Channel[]): string | undefined {
  if (channels.length === 0) return "there are none";
  if (channels.length > CHANNELS_MAX) return `more than ${CHANNELS_MAX}`;
  const names = new Set(channels.map((channel) => channel.name));
  if (names.size < channels.length) return "two have the same name";
  for (const channel of channels) {
    const fault = channelFault(channel);
    if (fault !== undefined) return `"${channel.name}": ${fault}`;
  }
  return undefined;
}

/** True for 1 to 64 bytes without control characters: fit to be shown in one line. */
export function isName(text: string): boolean {
  if (text.length === 0 || utf8Length(text) > NAME_BYTES_MAX) return false;
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) return false; // no CBOR decoder takes it (PROTOCOL 4.1)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  }
  return true;
}

function channelFault(channel: Channel): string | undefined {
  const { name, kind, unit, resolution, labels } = channel;
  if (!isName(name)) return "not a name (1 to 64 bytes, no control characters)";
  if (unit !== "" && !isName(unit)) return "not a unit";
  if ((kind === "number") !== (resolution !== undefined)) {
    return `a resolution belongs to kind "number", and to it alone`;
  }
  if (resolution !== undefined && !(resolution >= RESOLUTION_MIN && resolution <= RESOLUTION_MAX)) {
    return `the resolution must be from ${RESOLUTION_MIN} to ${RESOLUTION_MAX}`;
  }
  if ((kind === "enumeration") !== (labels !== undefined)) {
    return `labels belong to kind "enumeration", and to it alone`;
  }
  return labels === undefined ? undefined : labelsFault(labels);
}

function labelsFault(labels: readonly string[]): string | undefined {
  if (labels.length === 0 || labels.length > LABELS_MAX) return `1 to ${LABELS_MAX} labels`;
  if (new Set(labels).size < labels.length) return "two labels are the same";
  return labels.every(isName) ? undefined : "a label is not a name";
}

function channelToCbor(channel: Channel): CborValue {
  const map = new Map<string, CborValue>([
    ["name", channel.name],
    ["kind", CHANNEL_KINDS.indexOf(channel.kind)],
  ]);
  if (channel.unit !== "") map.set("unit", channel.unit);
  if (channel.resolution !== undefined) map.set("resolution", channel.resolution);
  if (channel.labels !== undefined) map.set("labels", channel.labels);
  return map;
}

function channelFromCbor(item: CborValue): Channel | undefined {
  if (!(item instanceof Map)) return undefined;
  const map: CborMap = item;
  const name = map.get("name");
  const kindIndex = map.get("kind");
  const kind = typeof kindIndex === "number" ? CHANNEL_KINDS[kindIndex] : undefined;
  const unit = map.has("unit") ? map.get("unit") : "";
  const resolution = map.get("resolution");
  const labels = map.get("labels");
  if (typeof name !== "string" || kind === undefined || typeof unit !== "string") return undefined;
  if (resolution !== undefined && typeof resolution !== "number") return undefined;
  if (labels !== undefined && !isTextList(labels)) return undefined;
  return {
    name,
    kind,
    unit,
    ...(resolution === undefined ? {} : { resolution }),
    ...(labels === undefined ? {} : { labels }),
  };
}

function isTextList(value: CborValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
