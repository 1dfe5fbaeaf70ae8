// /api/devices/:device/series and /readings: any time of a device, in buckets for charts, or reading by
// reading as a download that takes the same memory however long it is.

import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { parseMoment } from "../moment.ts";
import type { DownloadAsked, SeriesAsked } from "../reading/question.ts";
import type { ReadingThread } from "../reading/reading-thread.ts";
import { DEVICE_PARAMETERS, READINGS_QUERY, SERIES, SERIES_QUERY } from "../schemas.ts";
import type { Subject } from "../subject.ts";
import type { DeviceParameters } from "./devices.ts";

interface RangeQuery {
  readonly channels?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

interface SeriesQuery extends RangeQuery {
  readonly buckets: number;
}

interface ReadingsQuery extends RangeQuery {
  readonly format: DownloadAsked["format"];
  readonly wide: boolean;
}

const CONTENT_TYPES = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
} as const;

export function readingRoutes(app: FastifyInstance, { reading }: Subject): void {
  const series = {
    summary: "Smallest, largest, mean and last value in equal parts of a time, with gaps",
    params: DEVICE_PARAMETERS,
    querystring: SERIES_QUERY,
    response: { 200: SERIES },
  };
  app.get<{ Params: DeviceParameters; Querystring: SeriesQuery }>(
    "/api/devices/:device/series",
    { schema: series, serializerCompiler: () => String }, // it comes as text from the reading thread
    async ({ params, query }, reply) => {
      const asked: SeriesAsked = { ...rangeOf(params, query), buckets: query.buckets };
      reply.type("application/json; charset=utf-8");
      return reply.send(await reading.ask("series", asked));
    },
  );
  const readings = {
    summary: "Readings as CSV or NDJSON",
    params: DEVICE_PARAMETERS,
    querystring: READINGS_QUERY,
    produces: Object.values(CONTENT_TYPES),
  };
  app.get<{ Params: DeviceParameters; Querystring: ReadingsQuery }>(
    "/api/devices/:device/readings",
    { schema: readings },
    async ({ params, query }, reply) => {
      const { format, wide: isWide } = query;
      const id = await reading.ask("openDownload", { ...rangeOf(params, query), format, isWide });
      reply.type(CONTENT_TYPES[format]);
      reply.header("content-disposition", dispositionOf(`${params.device}.${format}`));
      return reply.send(Readable.from(piecesOf(reading, id), { highWaterMark: 1 }));
    },
  );
}

function rangeOf({ device }: DeviceParameters, { channels = [], from, to }: RangeQuery) {
  return { device, channels, fromUs: parseMoment(from), toUs: parseMoment(to) };
}

async function* piecesOf(reading: ReadingThread, id: number): AsyncGenerator<string> {
  try {
    for (;;) {
      const piece = await reading.ask("nextPiece", id);
      if (piece === null) return;
      yield piece;
    }
  } finally {
    await reading.ask("closeDownload", id).catch(() => undefined); // whoever asked may have gone
  }
}

/** RFC 6266 with RFC 8187 for names beyond ASCII. */
function dispositionOf(name: string): string {
  const plain = name.replace(/[^\w.-]/g, "_");
  const encoded = encodeURIComponent(name).replace(/['()*]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
