// /api/status and /api/health for people and their monitors, /metrics for Prometheus.

import { resolve } from "node:path";
import type { FastifyInstance } from "fastify";
import { monotonicMs } from "../../clock.ts";
import { formatTime } from "../../store/rows.ts";
import type { StatusDocument } from "../documents.ts";
import { Metrics } from "../metrics.ts";
import { HEALTH, STATUS } from "../schemas.ts";
import type { Subject } from "../subject.ts";

export function statusRoutes(app: FastifyInstance, subject: Subject): void {
  const metrics = new Metrics(subject);
  app.get(
    "/api/status",
    { schema: { summary: "Rates, store, counters", response: { 200: STATUS } } },
    () => statusDocument(subject),
  );
  const health = {
    summary: "200 while readings are stored, 503 while they cannot be",
    response: { 200: HEALTH, 503: HEALTH },
  };
  app.get("/api/health", { schema: health }, async (_, reply) => {
    const { trouble } = subject;
    if (trouble === null) return { status: "ok", detail: "readings are stored" };
    return reply.code(503).send({ status: "trouble", detail: trouble });
  });
  app.get(
    "/metrics",
    { schema: { summary: "The same for Prometheus", produces: ["text/plain"] } },
    async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
}

async function statusDocument(subject: Subject): Promise<StatusDocument> {
  const { seal, ...counters } = subject.options.collector.counters;
  const { options, live, trouble, startedUs, startedMs } = subject;
  const { bytes, readings, ...totals } = await subject.reading.ask("size", null);
  const states = subject.states();
  return {
    collector: options.name,
    startedAt: formatTime(startedUs),
    uptimeSeconds: Math.round((monotonicMs() - startedMs) / 1_000),
    store: {
      file: resolve(options.db),
      bytes,
      bytesPerReading: readings === 0 ? null : bytes / readings,
      readings,
      ...totals,
      waiting: options.waiting(),
      trouble,
    },
    devicesHere: states.filter(({ state }) => state === "here").length,
    readingsPerSecond: states.reduce((sum, state) => sum + state.readingsPerSecond, 0),
    counters: { ...counters, ...seal },
    live: { clients: live.clients, skippedTicks: live.skippedTicks },
    memoryBytes: process.memoryUsage.rss(),
  };
}
