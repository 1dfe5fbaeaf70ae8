// Who may ask: programs on this computer. A browser on it is one of them, and runs pages of strangers.
// Such a page can send requests here, under a name of its own that it has pointed at this computer (DNS
// rebinding), or from its own address (CSRF). Both are told by the headers that browsers set.

import type { FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

const LOOPBACK_NAMES = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** True where only this computer reaches the address. */
export function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Throws a Problem unless the request names this computer, and comes from no page of another origin. */
export function checkOrigin({ headers }: FastifyRequest): void {
  const { host = "", origin } = headers;
  if (!LOOPBACK_NAMES.test(host)) {
    throw new Problem(421, "Misdirected request", "ask by 127.0.0.1, [::1] or localhost");
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Problem(403, "Foreign origin", "pages of other origins may not ask here");
  }
}
