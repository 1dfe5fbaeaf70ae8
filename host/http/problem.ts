// Refusals as problem details (RFC 9457): what is wrong, with what, and what to do.

import type { FastifyError, FastifyReply } from "fastify";

/** By status: the short text that is the same each time (RFC 9457 3.1.3). */
const TITLES: Readonly<Record<number, string>> = {
  400: "The request is not valid",
  403: "Not from this page",
  404: "There is no such thing",
  405: "The method is not allowed here",
  413: "The request is too large",
  415: "The kind of content is not understood",
  421: "Not the address that this collector goes by",
  429: "Too much at a time",
  500: "The collector failed",
  503: "Not possible just now",
};

const PROBLEM_TYPE = "application/problem+json";

export interface ProblemDocument {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  /** What is wrong and what to do, for people. */
  readonly detail: string;
}

/** Thrown by a route; the text is for whoever asked. */
export class Problem extends Error {
  override name = "Problem";
  readonly statusCode: number;

  constructor(statusCode: number, detail: string) {
    super(detail);
    this.statusCode = statusCode;
  }
}

export function problemDocument(status: number, detail: string): ProblemDocument {
  return { type: "about:blank", title: TITLES[status] ?? "The request failed", status, detail };
}

export function sendProblem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  if (status === 503) reply.header("retry-after", "1");
  const document = problemDocument(status, detail);
  return reply.code(status).type(PROBLEM_TYPE).send(JSON.stringify(document));
}

/** The answer to anything that a route, or fastify, has thrown. Bugs of ours tell nothing of themselves. */
export function sendError(
  error: FastifyError | Error,
  reply: FastifyReply,
  report: (error: Error) => void,
): FastifyReply {
  const status = "statusCode" in error ? Number(error.statusCode) : 500;
  if ("validation" in error && error.validation !== undefined) {
    return sendProblem(reply, 400, error.message);
  }
  if (status >= 400 && status < 500) return sendProblem(reply, status, error.message);
  if (error instanceof Problem) return sendProblem(reply, status, error.message);
  report(error);
  return sendProblem(reply, 500, "This is a bug; the collector's own output has more of it.");
}
