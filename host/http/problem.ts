// What a request gets that cannot be done: RFC 9457 problem details, with words that say what to do.

import type { FastifyReply } from "fastify";

export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  readonly title: string;

  constructor(status: number, title: string, detail: string) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

export function sendProblem(reply: FastifyReply, { status, title, message }: Problem): void {
  reply
    .code(status)
    .type("application/problem+json")
    .send(JSON.stringify({ type: "about:blank", title, status, detail: message }));
}
