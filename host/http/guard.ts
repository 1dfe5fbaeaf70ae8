// Who may ask. The API is open to this computer alone, and a browser on this computer runs pages of
// others: one that has its own name point here (DNS rebinding) is told by the Host header, one that
// sends requests across (CSRF) by Origin and Sec-Fetch-Site.

import type { FastifyRequest } from "fastify";
import { type Address, formatAddress, isLoopback } from "../links/address.ts";
import { LinkError } from "../links/listen-error.ts";
import { Problem } from "./problem.ts";

/** Throws a LinkError for an address beyond this computer: there are no tokens to tell people apart. */
export function checkListenAddress(address: Address): void {
  if (isLoopback(address.host)) return;
  throw new LinkError(
    "NOT_LOOPBACK",
    `HTTP ${formatAddress(address)}: the dashboard has no tokens yet, so whoever reaches it could read all; give --http an address of this computer alone, such as 127.0.0.1:${address.port}, and reach it through a tunnel (ssh -L ${address.port}:127.0.0.1:${address.port} this-computer)`,
  );
}

/** Throws a Problem unless the request is from this computer's user or from a page that we served. */
export function checkOrigin(request: FastifyRequest): void {
  const { host, origin, "sec-fetch-site": site } = request.headers;
  if (host !== undefined && !isLoopback(hostnameOf(host))) {
    throw new Problem(
      421,
      "Misdirected request",
      "The Host header names another computer; ask 127.0.0.1 or localhost, which this collector listens on.",
    );
  }
  const isForeign = origin !== undefined && !isOwnOrigin(origin, host);
  if (!isForeign && (site !== "cross-site" || isNavigation(request))) return;
  throw new Problem(
    403,
    "Foreign origin",
    "The request comes from a page of another origin; use the dashboard's own page, or a program.",
  );
}

/** A link that somebody clicked on elsewhere: it shows our page and tells the other page nothing. */
function isNavigation({ method, headers }: FastifyRequest): boolean {
  return method === "GET" && headers["sec-fetch-mode"] === "navigate";
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

/** Without the port and the brackets of IPv6. */
function hostnameOf(host: string): string {
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::\d+)?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? host).toLowerCase();
}
