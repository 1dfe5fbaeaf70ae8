// The commands of devices. A command is answered by one JSON object a line: "sent" once it is on its
// way, "progress" as often as the device tells of it, "waiting" now and then, and at last "result".

import type { FastifyInstance, FastifyReply } from "fastify";
import { didYouMean } from "../../../device/commands/nearest.ts";
import { COMMAND_WITHIN_MS_MAX } from "../../../shared/limits.ts";
import { collectPages, type JsonArguments, type Outcome } from "../../commands/courier.ts";
import { jsonLine } from "../../terminal/printable.ts";
import type { Controls } from "../controls.ts";
import { Problem } from "../problem.ts";

const WITHIN_MS = 10_000;
/** Something is said at least so often: whoever waits, and what lies between, counts on it. */
const WAITING_PERIOD_MS = 30_000;
const AWAY_MS_MAX = 7 * 86_400_000;

const DEVICE_PARAMS = {
  type: "object",
  properties: { device: { type: "string", minLength: 1, maxLength: 64 } },
} as const;

const COMMAND_BODY = {
  type: "object",
  required: ["name"],
  additionalProperties: false,
  properties: {
    name: { type: "string", minLength: 1, maxLength: 64 },
    arguments: {
      type: "object",
      maxProperties: 100,
      additionalProperties: { type: ["string", "number", "boolean"] },
    },
    withinMs: { type: "integer", minimum: 1, maximum: COMMAND_WITHIN_MS_MAX },
    awayMsMax: { type: "integer", minimum: 0, maximum: AWAY_MS_MAX },
  },
} as const;

interface CommandBody {
  readonly name: string;
  readonly arguments?: JsonArguments;
  readonly withinMs?: number;
  readonly awayMsMax?: number;
}

interface DeviceParams {
  readonly device: string;
}

export function commandRoutes(app: FastifyInstance, controls: Controls): void {
  app.get<{ Params: DeviceParams }>(
    "/api/devices/:device/commands",
    { schema: { summary: "What a device can be told to do", params: DEVICE_PARAMS } },
    async ({ params: { device } }) => {
      await checkDevice(controls, device);
      const listed = await collectPages(
        (errand) => controls.run(device, errand),
        "commands",
        WITHIN_MS,
      );
      if ("items" in listed) return listed.items;
      throw new Problem(
        502,
        "No list of commands",
        `${listed.failure.status}: ${listed.failure.text}`,
      );
    },
  );

  app.post<{ Params: DeviceParams; Body: CommandBody }>(
    "/api/devices/:device/commands",
    {
      schema: { summary: "Have a device do something", params: DEVICE_PARAMS, body: COMMAND_BODY },
    },
    async ({ params: { device }, body }, reply) => {
      await checkDevice(controls, device);
      await streamCommand(controls, device, body, reply);
    },
  );
}

/** Throws a Problem where nobody knows the device: a mistyped name must not wait for it to come. */
export async function checkDevice(
  controls: Controls,
  device: string,
): Promise<{ readonly isHere: boolean }> {
  const devices = await controls.knownDevices();
  const known = devices.find(({ name }) => name === device);
  if (known !== undefined) return known;
  const names = devices.map(({ name }) => name);
  const detail = `no device "${device}" has been here${didYouMean(device, names)}`;
  throw new Problem(404, "Unknown device", detail);
}

/** Who asked may go away meanwhile: the command goes on. */
async function streamCommand(
  controls: Controls,
  device: string,
  body: CommandBody,
  reply: FastifyReply,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.on("error", () => undefined);
  raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  raw.flushHeaders();
  const say = (line: object) => {
    if (!raw.destroyed) raw.write(jsonLine(line));
  };
  const timer = setInterval(() => say({ event: "waiting" }), WAITING_PERIOD_MS);
  const outcome: Outcome = await controls.run(device, {
    name: body.name,
    arguments: body.arguments ?? {},
    withinMs: body.withinMs ?? WITHIN_MS,
    awayMsMax: body.awayMsMax ?? 0,
    handleSent: () => say({ event: "sent" }),
    handleProgress: (done, total) => say({ event: "progress", done, total }),
  });
  clearInterval(timer);
  say({ event: "result", ...outcome });
  raw.end();
}
