// The control API: what people and their programs ask of a running collector, over HTTP. It listens on
// loopback only. Routes are in files of their own; here is what holds for all of them.

import type { AddressInfo } from "node:net";
import fastify, { type FastifyError, type FastifyInstance } from "fastify";
import type { KnownDevice } from "../collector/directory.ts";
import type { Errand, Outcome } from "../commands/courier.ts";
import type { Transfers } from "../files/transfers.ts";
import { type Address, formatAddress } from "../links/address.ts";
import { LinkError, listenError } from "../links/listen-error.ts";
import { addDeviceRoutes } from "./device-routes.ts";
import { addFileRoutes } from "./file-routes.ts";
import { checkOrigin, isLoopback } from "./guard.ts";
import { Problem, sendProblem } from "./problem.ts";

/** Largest body of a request: a command with its arguments, and room for JSON. */
const BODY_BYTES_MAX = 16_384;

/** For the head and the body of a request to arrive. */
const REQUEST_MS_MAX = 10_000;

const CONNECTIONS_MAX = 256;

/** What the API asks of the collector. */
export interface Controls {
  /** Rejects with a StoreError where the store cannot be read. */
  devices(): Promise<readonly KnownDevice[]>;
  run(device: string, errand: Errand): Promise<Outcome>;
  /** Undefined where the collector keeps no files. */
  readonly transfers: Transfers | undefined;
}

export class ApiServer {
  readonly #app: FastifyInstance;

  private constructor(app: FastifyInstance) {
    this.#app = app;
  }

  /** Listens on `address`; port 0 is any free one. Rejects with a LinkError. */
  static async open(address: Address, controls: Controls): Promise<ApiServer> {
    const what = `HTTP ${formatAddress(address)}`;
    if (!isLoopback(address.host)) {
      const text =
        "there are no tokens yet, so it is for this computer only: give a loopback address";
      throw new LinkError("EACCES", `${what}: ${text} with --http`);
    }
    const app = createApp(controls);
    try {
      await app.listen(address);
    } catch (error) {
      await app.close();
      throw listenError(what, "--http", error as NodeJS.ErrnoException);
    }
    return new ApiServer(app);
  }

  get address(): Address {
    const { address: host, port } = this.#app.server.address() as AddressInfo;
    return { host, port };
  }

  /** Cuts whatever is still being answered. */
  async close(): Promise<void> {
    await this.#app.close();
  }
}

function createApp(controls: Controls): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    forceCloseConnections: true,
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true },
    },
  });
  app.removeContentTypeParser("text/plain"); // what a form of any page may send
  app.server.maxConnections = CONNECTIONS_MAX;
  app.addHook("onRequest", async (request) => checkOrigin(request));
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    sendProblem(reply, error instanceof Problem ? error : problemOf(error));
  });
  app.setNotFoundHandler((request, reply) => {
    sendProblem(
      reply,
      new Problem(404, "Not found", `there is no ${request.method} ${request.url}`),
    );
  });
  addDeviceRoutes(app, controls);
  addFileRoutes(app, controls);
  return app;
}

/** Fastify's own errors say what is wrong with the request; any other is our own bug, or the disk's. */
function problemOf({ statusCode = 500, message }: FastifyError): Problem {
  return new Problem(statusCode, statusCode < 500 ? "Bad request" : "Internal error", message);
}
