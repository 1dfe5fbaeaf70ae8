// Samples as lines for people and for programs: the readings that a device took at one time.

import type { Channel } from "../../../shared/channel.ts";
import type { ReadingsChunk } from "../../store/batch-reader.ts";
import { formatTime } from "../../store/rows.ts";
import { type JsonValue, jsonValueAt } from "../../store/value.ts";
import { jsonLine, printable } from "../../terminal/printable.ts";
import { uptimeText } from "./moment.ts";
import { valueWithUnit } from "./quantity.ts";
import type { Paint } from "./terminal.ts";

export interface Sample {
  readonly device: string;
  /** UTC; null where the device's clock was never measured. */
  readonly timeUs: number | null;
  readonly uncertaintyUs: number | null;
  readonly uptimeMs: number;
  /** Those that there are. */
  readonly values: readonly SampleValue[];
}

interface SampleValue {
  readonly channel: Channel;
  readonly value: JsonValue;
}

/** The samples of a chunk that have a value, in order of time. */
export function* samplesOf(chunk: ReadingsChunk): Generator<Sample> {
  const { device, timesMs, timesUs, uncertaintyUs = null, batch } = chunk;
  for (let row = chunk.firstRow; row < chunk.endRow; row++) {
    const values: SampleValue[] = [];
    for (const { channel, index } of chunk.columns) {
      const value = jsonValueAt(batch, channel, index, row);
      if (value !== undefined) values.push({ channel, value });
    }
    if (values.length === 0) continue;
    yield {
      device,
      timeUs: timesUs === undefined ? null : timesUs[row]!,
      uncertaintyUs,
      uptimeMs: timesMs[row]!,
      values,
    };
  }
}

/** `{"time","device","uncertaintyMs","values":{...}}`; without a UTC, `time` is null and `uptimeMs` is there. */
export function sampleJson({ device, values, ...when }: Sample): string {
  const named = Object.fromEntries(values.map(({ channel, value }) => [channel.name, value]));
  return jsonLine({ ...timeJson(when), device, ...uncertaintyJson(when), values: named });
}

/** The time of a reading for programs: never a guess. */
export function timeJson(when: { readonly timeUs: number | null; readonly uptimeMs: number }): {
  readonly time: string | null;
  readonly uptimeMs?: number;
} {
  const time = when.timeUs === null ? null : formatTime(when.timeUs);
  return time === null ? { time, uptimeMs: when.uptimeMs } : { time };
}

/** How sure that time is; null where there is none. */
export function uncertaintyJson(when: { readonly uncertaintyUs: number | null }): {
  readonly uncertaintyMs: number | null;
} {
  return { uncertaintyMs: when.uncertaintyUs === null ? null : when.uncertaintyUs / 1_000 };
}

/** `time device channel=value unit ...`, with its end. */
export function sampleLine({ device, timeUs, uptimeMs, values }: Sample, paint: Paint): string {
  const time = (timeUs === null ? null : formatTime(timeUs)) ?? uptimeText(uptimeMs);
  const parts = values.map(({ channel, value }) => {
    const name = paint("dim", `${printable(channel.name)}=`);
    return name + printable(quoted(valueWithUnit(value, channel), channel));
  });
  return `${time} ${paint("bold", printable(device))} ${parts.join(" ")}\n`;
}

/** Text with spaces would run into the next value. */
function quoted(text: string, { kind }: Channel): string {
  return (kind === "text" || kind === "enumeration") && /[\s"]/.test(text)
    ? JSON.stringify(text)
    : text;
}
