// /api/devices: who is known, who is here, and what each said last.

import type { FastifyInstance } from "fastify";
import { deviceDocument } from "../device-document.ts";
import type { DeviceDocument } from "../documents.ts";
import { Problem } from "../problem.ts";
import { CHANNELS, DEVICE, DEVICE_PARAMETERS, DEVICES, LATEST_VALUES } from "../schemas.ts";
import type { Subject } from "../subject.ts";

export interface DeviceParameters {
  readonly device: string;
}

export function deviceRoutes(app: FastifyInstance, subject: Subject): void {
  app.get(
    "/api/devices",
    { schema: { summary: "All devices", response: { 200: DEVICES } } },
    async () => {
      const stored = await subject.reading.ask("devices", null);
      const states = new Map(subject.states().map((state) => [state.name, state]));
      return stored.map((device) => deviceDocument(device, states.get(device.name)));
    },
  );
  const one = (summary: string, response: object) => ({
    schema: { summary, params: DEVICE_PARAMETERS, response: { 200: response } },
  });
  app.get<{ Params: DeviceParameters }>(
    "/api/devices/:device",
    one("One device", DEVICE),
    ({ params }) => findDevice(subject, params.device),
  );
  app.get<{ Params: DeviceParameters }>(
    "/api/devices/:device/channels",
    one("What a device measures", CHANNELS),
    async ({ params }) => (await findDevice(subject, params.device)).channels,
  );
  app.get<{ Params: DeviceParameters }>(
    "/api/devices/:device/latest",
    one("The last value of each channel", LATEST_VALUES),
    async ({ params }) => (await findDevice(subject, params.device)).latest,
  );
}

/** Rejects with a Problem where there is no such device. */
async function findDevice(subject: Subject, name: string): Promise<DeviceDocument> {
  const stored = await subject.reading.ask("device", name);
  if (stored === null) {
    throw new Problem(
      404,
      "Not found",
      `The store has no device "${name}"; /api/devices lists those it has.`,
    );
  }
  const state = subject.states().find((candidate) => candidate.name === name);
  return deviceDocument(stored, state);
}
