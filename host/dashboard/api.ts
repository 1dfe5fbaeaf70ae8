// Questions to the collector's API. A refusal becomes an error whose text is for people.

import type {
  DeviceDocument,
  EventDocument,
  GapDocument,
  SeriesDocument,
  StatusDocument,
} from "../http/documents.ts";

/** Newest gaps or events that a page lists. */
const LISTED = 100;

export interface SeriesAsked {
  readonly device: string;
  readonly channels: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly buckets: number;
}

export const api = {
  devices: () => get<DeviceDocument[]>("/api/devices"),
  status: () => get<StatusDocument>("/api/status"),
  events: () => get<EventDocument[]>(`/api/events?count=${LISTED}`),
  description: () => get<Description>("/api/openapi.json"),
  eventsOf: (device: string) => get<EventDocument[]>(`${of(device)}/events?count=${LISTED}`),
  gapsOf: (device: string) => get<GapDocument[]>(`${of(device)}/gaps?count=${LISTED}`),
  series: ({ device, buckets, ...asked }: SeriesAsked, signal?: AbortSignal) =>
    get<SeriesDocument>(`${of(device)}/series?${rangeQuery(asked)}&buckets=${buckets}`, signal),
};

/** The part of an OpenAPI description that a page shows. */
export interface Description {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly description?: string;
  }[];
}

export function downloadPath(
  device: string,
  format: "csv" | "ndjson",
  asked: Omit<SeriesAsked, "device" | "buckets">,
): string {
  return `${of(device)}/readings?format=${format}&wide=true&${rangeQuery(asked)}`;
}

function rangeQuery({ channels, fromUs, toUs }: Omit<SeriesAsked, "device" | "buckets">): string {
  const query = new URLSearchParams(channels.map((name) => ["channels", name]));
  query.set("from", String(Math.floor(fromUs)));
  query.set("to", String(Math.ceil(toUs)));
  return query.toString();
}

function of(device: string): string {
  return `/api/devices/${encodeURIComponent(device)}`;
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, signal === undefined ? {} : { signal });
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { readonly detail?: string };
  throw new Error(problem.detail ?? `${response.status} ${response.statusText}`);
}
