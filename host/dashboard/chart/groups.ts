// Which channels share a chart: those of one unit, for they share its axis.

import type { ChannelDocument } from "../../http/documents.ts";

/** Lines in one chart that people can still tell apart. */
const CHANNELS_PER_CHART = 4;

export interface PlacedChannel extends ChannelDocument {
  /** Its place among the device's channels: its colour. */
  readonly index: number;
}

const NUMBERS = ["number", "integer", "float32", "float64"];

export function isPlotted({ kind }: Pick<ChannelDocument, "kind">): boolean {
  return NUMBERS.includes(kind) || kind === "boolean";
}

export function groupsOf(channels: readonly PlacedChannel[]): PlacedChannel[][] {
  const groups: { readonly key: string; readonly channels: PlacedChannel[] }[] = [];
  for (const channel of channels) {
    const key = keyOf(channel);
    const open = groups.find((group) => {
      return group.key === key && group.channels.length < CHANNELS_PER_CHART;
    });
    if (open !== undefined) open.channels.push(channel);
    else groups.push({ key, channels: [channel] });
  }
  return groups.map((group) => group.channels);
}

/** A channel without a unit has a scale of its own; booleans share theirs. */
function keyOf({ kind, unit, name }: ChannelDocument): string {
  if (kind === "boolean") return "boolean";
  return unit === "" || unit === "1" || unit === "/" ? `name ${name}` : `unit ${unit}`;
}
