// /api/live: new values as they are stored, by WebSocket.

import type { FastifyInstance } from "fastify";
import type { RawData, WebSocket } from "ws";
import type { SubscribeMessage } from "../documents.ts";
import { SUBSCRIPTION_NAMES_MAX } from "../limits.ts";
import { LiveClient } from "../live/live-client.ts";
import type { Schema } from "../schemas.ts";
import type { Subject } from "../subject.ts";

/** RFC 6455 7.4.1: try again later; a message that is not understood. */
const CLOSE_TRY_LATER = 1013;
const CLOSE_UNSUPPORTED = 1003;

const NAMES: Schema = {
  type: "array",
  items: { type: "string", minLength: 1, maxLength: 64 },
  maxItems: SUBSCRIPTION_NAMES_MAX,
};

const SEQUENCE: Schema = { type: "integer", minimum: 0 };

/** anyOf, for the first that fits ends it: the next would make a list of the word "all". */
const MESSAGE: Schema = {
  anyOf: [
    {
      type: "object",
      properties: {
        type: { const: "subscribe" },
        devices: { anyOf: [{ const: "all" }, NAMES] },
        channels: NAMES,
        detail: { enum: ["latest", "points"] },
        resume: {
          type: "object",
          properties: { stream: { type: "string", maxLength: 64 }, sequence: SEQUENCE },
          required: ["stream", "sequence"],
          additionalProperties: false,
        },
        window: { type: "integer", minimum: 1, maximum: 1_000 },
      },
      required: ["type", "devices", "detail"],
      additionalProperties: false,
    },
    {
      type: "object",
      properties: { type: { const: "ack" }, sequence: SEQUENCE },
      required: ["type", "sequence"],
      additionalProperties: false,
    },
  ],
};

type ClientMessage = SubscribeMessage | { readonly type: "ack"; readonly sequence: number };

export function liveRoutes(app: FastifyInstance, { live }: Subject): void {
  const summary = "New values as they are stored (WebSocket)";
  const schema = { summary, "x-websocket-message": MESSAGE };
  app.get("/api/live", { websocket: true, schema }, (socket: WebSocket, request) => {
    const isMessage = request.compileValidationSchema(MESSAGE as Record<string, unknown>);
    const client = new LiveClient(socket);
    socket.on("error", () => socket.terminate());
    if (!live.add(client)) {
      socket.close(CLOSE_TRY_LATER, "as many watch as may; try again later");
      return;
    }
    socket.on("close", () => live.remove(client));
    socket.on("message", (data: RawData, isBinary: boolean) => {
      const message = isBinary ? undefined : parse(String(data));
      if (message === undefined || !isMessage(message)) {
        const detail = "The message is not understood; docs/HTTP.md tells which there are.";
        client.send({ type: "problem", detail });
        socket.close(CLOSE_UNSUPPORTED, "message not understood");
      } else if (message.type === "ack") client.acknowledge(message.sequence);
      else void live.subscribe(client, message).catch(() => socket.close(CLOSE_TRY_LATER));
    });
  });
}

function parse(text: string): ClientMessage | undefined {
  try {
    return JSON.parse(text) as ClientMessage;
  } catch {
    return undefined;
  }
}
