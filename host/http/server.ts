// The collector's HTTP side: the API, the live stream and the dashboard, on one port, for this computer.

import type { Socket } from "node:net";
import fastifyWebsocket from "@fastify/websocket";
import fastify, { type FastifyInstance } from "fastify";
import type { CollectorEvent } from "../collector/events.ts";
import { type Address, formatAddress } from "../links/address.ts";
import { listenError } from "../links/listen-error.ts";
import { checkListenAddress, checkOrigin } from "./guard.ts";
import {
  BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  LIVE_MESSAGE_BYTES_MAX,
  PARAMETER_CHARS_MAX,
  REQUEST_TIMEOUT_MS,
} from "./limits.ts";
import { Problem, problemOf, sendProblem } from "./problem.ts";
import { commandRoutes } from "./routes/commands.ts";
import { dashboardRoutes } from "./routes/dashboard.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { fileRoutes } from "./routes/files.ts";
import { historyRoutes } from "./routes/history.ts";
import { liveRoutes } from "./routes/live.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { readingRoutes } from "./routes/readings.ts";
import { statusRoutes } from "./routes/status.ts";
import { Subject, type SubjectOptions } from "./subject.ts";

export interface HttpOptions {
  readonly address: Address;
  /** Somebody asked for just this address; where nobody did and it is taken, the server goes without. */
  readonly isAsked: boolean;
}

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

export class HttpServer {
  /** Where it listens; undefined where it does not. */
  address: Address | undefined;
  /** Why it does not. */
  fault: string | undefined;
  readonly #app: FastifyInstance;
  readonly #sockets = new Set<Socket>();
  readonly #subject: Subject;

  private constructor(app: FastifyInstance, subject: Subject) {
    this.#app = app;
    app.server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#subject = subject;
  }

  /** Rejects with a LinkError where the address cannot be listened on, unless nobody asked for just that one. */
  static async open(options: HttpOptions, shown: SubjectOptions): Promise<HttpServer> {
    checkListenAddress(options.address);
    const subject = new Subject(shown);
    const server = new HttpServer(await createApp(subject), subject);
    try {
      await server.#listen(options.address);
    } catch (error) {
      const place = `HTTP ${formatAddress(options.address)}`;
      const failure = listenError(place, "--http", error as NodeJS.ErrnoException);
      await server.close();
      if (options.isAsked) throw failure;
      server.fault = `there is no dashboard: ${failure.message}`;
    }
    return server;
  }

  handleEvent(event: CollectorEvent): void {
    this.#subject.handleEvent(event);
  }

  async close(): Promise<void> {
    this.address = undefined;
    await this.#subject.close();
    const closed = this.#app.close();
    // Those of live streams are no more the server's own to close, and a peer may never answer.
    for (const socket of this.#sockets) socket.destroySoon();
    await closed;
  }

  async #listen({ host, port }: Address): Promise<void> {
    await this.#app.listen({ host, port });
    const bound = this.#app.server.address();
    this.address = { host, port: typeof bound === "object" && bound !== null ? bound.port : port };
  }
}

/** What holds for whatever is asked; the routes are missing. */
export function createBareApp(): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: "array", allowUnionTypes: true },
    },
    clientErrorHandler: refuseMalformed,
  });
  app.removeContentTypeParser("text/plain"); // what a form of any page may send
  app.server.maxConnections = CONNECTIONS_MAX;
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    checkOrigin(request);
  });
  app.addHook("onResponse", async (request, reply) => {
    // An upgrade that was refused: the socket is no more the server's own, and nobody else closes it.
    const isRefused = request.headers.upgrade !== undefined && reply.statusCode >= 400;
    if (isRefused) request.raw.socket.destroySoon();
  });
  app.setErrorHandler((error: Error, _, reply) => {
    const problem = problemOf(error);
    if (problem.status === 500) process.stderr.write(`http: ${error.stack ?? error.message}\n`);
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `${request.method} ${request.url} is nothing here; /api/openapi.json lists what is`;
    return sendProblem(reply, new Problem(404, "Not found", detail));
  });
  return app;
}

async function createApp(subject: Subject): Promise<FastifyInstance> {
  const app = createBareApp();
  openApiRoute(app, subject.options.name);
  await app.register(fastifyWebsocket, {
    options: { maxPayload: LIVE_MESSAGE_BYTES_MAX, perMessageDeflate: false },
  });
  const routes = [deviceRoutes, readingRoutes, historyRoutes, statusRoutes, liveRoutes];
  for (const add of routes) add(app, subject);
  commandRoutes(app, subject);
  fileRoutes(app, subject);
  await dashboardRoutes(app);
  return app;
}

/** By Node's code of the error. */
const MALFORMED: Readonly<Record<string, { readonly status: number; readonly title: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, title: "Request Header Fields Too Large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, title: "Request Timeout" },
};

/** What is no HTTP at all, or larger than its bounds, has no request to answer. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, title } = MALFORMED[error.code ?? ""] ?? { status: 400, title: "Bad Request" };
  const problem = new Problem(
    status,
    title,
    `this is no request that can be answered: ${error.message}`,
  );
  const body = JSON.stringify(problem.document);
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
