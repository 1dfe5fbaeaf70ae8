// Gaps and events: what did not come, and what happened.

import type { FastifyInstance } from "fastify";
import type { EventRow, GapSummary } from "../../store/reader.ts";
import { formatTime } from "../../store/rows.ts";
import type { EventDocument, GapDocument } from "../documents.ts";
import { DEVICE_LIST_QUERY, DEVICE_PARAMETERS, EVENTS, GAPS, LIST_QUERY } from "../schemas.ts";
import type { Subject } from "../subject.ts";
import type { DeviceParameters } from "./devices.ts";

interface ListQuery {
  readonly device?: string;
  readonly count: number;
}

export function historyRoutes(app: FastifyInstance, { reading }: Subject): void {
  const gaps = async ({ device, count: countMax }: ListQuery) =>
    (await reading.ask("gaps", { ...(device && { device }), countMax })).map(gapDocument);
  const events = async ({ device, count: countMax }: ListQuery) =>
    (await reading.ask("events", { ...(device && { device }), countMax })).map(eventDocument);
  const lists = [
    { path: "gaps", noun: "Readings that were dropped", response: GAPS, list: gaps },
    { path: "events", noun: "What happened", response: EVENTS, list: events },
  ] as const;
  for (const { path, noun, response, list } of lists) {
    app.get<{ Querystring: ListQuery }>(
      `/api/${path}`,
      {
        schema: {
          summary: `${noun}, the newest first`,
          querystring: LIST_QUERY,
          response: { 200: response },
        },
      },
      ({ query }) => list(query),
    );
    const schema = {
      summary: `${noun}, of one device, the newest first`,
      params: DEVICE_PARAMETERS,
      querystring: DEVICE_LIST_QUERY,
      response: { 200: response },
    };
    app.get<{ Params: DeviceParameters; Querystring: ListQuery }>(
      `/api/devices/:device/${path}`,
      { schema },
      ({ params, query }) => list({ ...query, device: params.device }),
    );
  }
}

function gapDocument({
  firstUs,
  lastUs,
  firstMs: _,
  lastMs: __,
  count,
  ...gap
}: GapSummary): GapDocument {
  return {
    ...gap,
    records: count,
    from: firstUs === null ? null : formatTime(firstUs),
    to: lastUs === null ? null : formatTime(lastUs),
    fromUs: firstUs === null ? null : Math.round(firstUs),
    toUs: lastUs === null ? null : Math.round(lastUs),
  };
}

function eventDocument(event: EventRow): EventDocument {
  return { ...event, at: formatTime(event.atUs) };
}
