// JSON schemas of what the API takes and gives. The same ones check requests, make answers and are the
// OpenAPI description.

import { BUCKETS_MAX, LIST_COUNT_MAX, SERIES_CHANNELS_MAX } from "./limits.ts";
import { MOMENT_PATTERN } from "./moment.ts";

export type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const number: Schema = { type: "number" };
const integer: Schema = { type: "integer" };
const textOrNull: Schema = { type: ["string", "null"] };
const numberOrNull: Schema = { type: ["number", "null"] };
const time: Schema = { type: ["string", "null"], description: "ISO 8601 in UTC" };
const timeUs: Schema = { type: "integer", description: "Microseconds since 1970, UTC" };
const timeUsOrNull: Schema = { ...timeUs, type: ["integer", "null"] };
const value: Schema = { description: "Number, boolean, text or any other JSON value" };

/** All members are always there. */
function object(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  const required = Object.keys(properties);
  return { type: "object", ...(description && { description }), properties, required };
}

function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** Of a query: nothing but these, none of them needed. */
function query(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", properties, additionalProperties: false };
}

const moment = (description: string): Schema => ({
  type: "string",
  pattern: MOMENT_PATTERN,
  description: `${description}: ISO 8601, or microseconds since 1970`,
});

const range = {
  from: moment("From this time on"),
  to: moment("Up to, and without, this time"),
};

const channelNames: Schema = {
  type: "array",
  items: { type: "string", minLength: 1, maxLength: 64 },
  maxItems: SERIES_CHANNELS_MAX,
  description: "Names of channels; repeat the parameter for several. All unless told",
};

export const DEVICE_PARAMETERS: Schema = object({
  device: { type: "string", minLength: 1, maxLength: 64, description: "Name of the device" },
});

export const SERIES_QUERY = query({
  channels: channelNames,
  ...range,
  buckets: {
    type: "integer",
    minimum: 1,
    maximum: BUCKETS_MAX,
    default: 500,
    description: "Equal parts of the time: as many as a chart has pixels",
  },
});

export const READINGS_QUERY = query({
  channels: channelNames,
  ...range,
  format: { type: "string", enum: ["csv", "ndjson"], default: "csv" },
  wide: {
    type: "boolean",
    default: false,
    description: "One line for each sample rather than for each reading",
  },
});

export const LIST_QUERY = query({
  device: { type: "string", minLength: 1, maxLength: 64 },
  count: { type: "integer", minimum: 1, maximum: LIST_COUNT_MAX, default: 100 },
});

export const DEVICE_LIST_QUERY = query({
  count: { type: "integer", minimum: 1, maximum: LIST_COUNT_MAX, default: 100 },
});

export const PROBLEM = object(
  { type: text, title: text, status: integer, detail: text },
  "Problem details (RFC 9457)",
);

const CHANNEL = object({
  name: text,
  unit: { ...text, description: "SenML unit symbol (RFC 8428); empty for none" },
  kind: text,
  resolution: numberOrNull,
});

const LATEST = object({
  channel: text,
  unit: text,
  value,
  time,
  timeUs: timeUsOrNull,
  uncertaintyUs: numberOrNull,
  uptimeMs: number,
});

export const CHANNELS = listOf(CHANNEL);
export const LATEST_VALUES = listOf(LATEST);

export const DEVICE = object({
  name: text,
  state: { type: "string", enum: ["here", "away"] },
  links: listOf({ type: "string", enum: ["tcp", "udp", "serial"] }),
  next: { type: ["integer", "null"], description: "Records before this one are stored" },
  waiting: { ...integer, description: "Records that the device has and that are not stored" },
  readingsPerSecond: number,
  firmware: text,
  reset: textOrNull,
  epoch: textOrNull,
  epochs: integer,
  firstSeen: time,
  lastSeen: time,
  lastSeenUs: timeUs,
  storedUpTo: time,
  storedUpToUs: timeUsOrNull,
  batches: integer,
  readings: integer,
  lostReadings: { ...integer, description: "Readings that the device had to drop" },
  lastLink: textOrNull,
  signal: {
    anyOf: [object({ channel: text, value: number, unit: text }), { type: "null" }],
    description: "Strength of the radio signal, where the device tells it",
  },
  channels: CHANNELS,
  latest: LATEST_VALUES,
});

export const DEVICES = listOf(DEVICE);

export const GAPS = listOf(
  object({
    device: text,
    epoch: text,
    sequence: integer,
    records: integer,
    readings: integer,
    from: time,
    to: time,
    fromUs: timeUsOrNull,
    toUs: timeUsOrNull,
    reason: text,
  }),
);

export const EVENTS = listOf(
  object({ at: time, atUs: timeUs, device: textOrNull, kind: text, text }),
);

const perBucket = listOf(numberOrNull);

export const SERIES = object({
  device: text,
  from: time,
  to: time,
  fromUs: number,
  toUs: number,
  buckets: integer,
  channels: listOf(
    object({
      name: text,
      unit: text,
      kind: text,
      resolution: numberOrNull,
      count: listOf(number),
      min: perBucket,
      max: perBucket,
      mean: perBucket,
      last: perBucket,
    }),
  ),
  uncertaintyUs: perBucket,
  gaps: listOf(object({ from: time, to: time, fromUs: number, toUs: number, readings: integer })),
});

export const STATUS = object({
  collector: text,
  startedAt: time,
  uptimeSeconds: number,
  store: object({
    file: text,
    bytes: integer,
    bytesPerReading: numberOrNull,
    devices: integer,
    batches: integer,
    readings: integer,
    lostReadings: integer,
    waiting: integer,
    trouble: textOrNull,
  }),
  devicesHere: integer,
  readingsPerSecond: number,
  counters: { type: "object", additionalProperties: integer },
  live: object({ clients: integer, skippedTicks: integer }),
  memoryBytes: integer,
});

export const HEALTH = object({ status: { type: "string", enum: ["ok", "trouble"] }, detail: text });
