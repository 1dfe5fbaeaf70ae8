// /api/openapi.json: the routes as they are registered, in OpenAPI 3.1, whose schemas are JSON Schema: those
// that check the requests stand in it as they are.

import type { FastifyInstance, RouteOptions } from "fastify";
import { PROBLEM, type Schema } from "../schemas.ts";

/** What the description says beyond what is checked. */
declare module "fastify" {
  interface FastifySchema {
    readonly summary?: string;
    /** Kinds of content of the answer, where it is not JSON. */
    readonly produces?: readonly string[];
    /** Messages that a live client may send. */
    readonly "x-websocket-message"?: Schema;
  }
}

interface RouteSchema {
  readonly summary?: string;
  readonly params?: ObjectSchema;
  readonly querystring?: ObjectSchema;
  readonly body?: Schema;
  readonly response?: Readonly<Record<string, Schema>>;
  readonly produces?: readonly string[];
  readonly "x-websocket-message"?: Schema;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Operation {
  readonly summary: string;
  readonly [member: string]: unknown;
}

/** To be called before the other routes: it sees those that come after it. */
export function openApiRoute(app: FastifyInstance, version: string): void {
  const paths: Record<string, Record<string, Operation>> = {};
  app.addHook("onRoute", (route) => {
    const schema = route.schema as RouteSchema | undefined;
    if (schema?.summary === undefined) return;
    for (const method of [route.method].flat()) {
      if (method === "HEAD") continue;
      const path = route.url.replace(/:(\w+)/g, "{$1}");
      paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route, schema) };
    }
  });
  const document = {
    openapi: "3.1.0",
    info: {
      title: "Senda",
      version,
      description: "Readings of devices: who is here, what they said, and what they had to drop.",
    },
    paths,
  };
  app.get("/api/openapi.json", { schema: { summary: "This description" } }, () => document);
}

function operationOf(route: RouteOptions, schema: RouteSchema): Operation {
  const { summary = "", response = {}, body, "x-websocket-message": message } = schema;
  const produces = schema.produces ?? ["application/json"];
  const described = Object.keys(response).length > 0 ? response : { 200: {} };
  const answers = Object.entries(described).map(([status, found]) => {
    const content = Object.fromEntries(produces.map((type) => [type, { schema: found }]));
    return [status, { description: status === "200" ? "As asked" : "Not now", content }];
  });
  const problem = { "application/problem+json": { schema: PROBLEM } };
  return {
    summary,
    operationId: `${[route.method].flat()[0]!.toLowerCase()}${route.url.replace(/\W+/g, "_")}`,
    parameters: [
      ...parametersOf(schema.params, "path"),
      ...parametersOf(schema.querystring, "query"),
    ],
    ...(body && { requestBody: { content: { "application/json": { schema: body } } } }),
    ...(message && { "x-websocket-message": message }),
    responses: {
      ...Object.fromEntries(answers),
      default: { description: "A refusal", content: problem },
    },
  };
}

function parametersOf(schema: ObjectSchema | undefined, where: "path" | "query") {
  return Object.entries(schema?.properties ?? {}).map(([name, found]) => {
    const { description, ...rest } = found;
    const required = schema?.required?.includes(name) === true;
    return {
      name,
      in: where,
      required,
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}
