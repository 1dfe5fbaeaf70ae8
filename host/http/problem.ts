// What a request gets that cannot be done: RFC 9457 problem details, with words that say what to do.

import type { FastifyError, FastifyReply } from "fastify";

interface ProblemDocument {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** Thrown by a route; the text is for whoever asked. */
export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  /** The same for all problems of its kind. */
  readonly title: string;

  constructor(status: number, title: string, detail: string) {
    super(detail);
    this.status = status;
    this.title = title;
  }

  get document(): ProblemDocument {
    return { type: "about:blank", title: this.title, status: this.status, detail: this.message };
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header("retry-after", "1");
  const text = JSON.stringify(problem.document);
  return reply.code(problem.status).type("application/problem+json").send(text);
}

/** Fastify's own errors say what is wrong with the request; any other is our own bug, which tells nothing of itself. */
export function problemOf(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  const status = "statusCode" in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return new Problem(status, "Bad request", error.message);
  return new Problem(500, "Internal error", "this is a bug; the collector's output tells more");
}
