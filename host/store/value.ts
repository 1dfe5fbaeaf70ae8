// Readings as people and JSON have them: an enumeration's label, bytes as base64, maps as objects.

import type { BatchColumns } from "../../shared/batch/columns.ts";
import type { Channel, ChannelValue } from "../../shared/channel.ts";

export type JsonValue =
  | number
  | string
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * The value of `channel` (the column at `index`) in `row`; undefined where it is missing. JSON has
 * no NaN and no infinities: they become null.
 */
export function jsonValueAt(
  columns: BatchColumns,
  channel: Channel,
  index: number,
  row: number,
): JsonValue | undefined {
  const value = columns.valueAt(channel, index, row);
  if (value === undefined) return undefined;
  if (channel.kind === "enumeration") return channel.labels?.[value as number] ?? null;
  return jsonOf(value);
}

/** A CBOR value as JSON has it. */
export function jsonOf(value: ChannelValue): JsonValue {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, jsonOf(item)]));
  }
  return value as string | boolean | null;
}
