// Why a plain client could not speak with its server, in words that tell the user what to do.

import { LinkError } from "../../links/listen-error.ts";

export function clientError(target: string, cause: NodeJS.ErrnoException): LinkError {
  const code = cause.code ?? "UNKNOWN";
  return new LinkError(code, `${target}: ${advice(code, cause)}`, cause);
}

function advice(code: string, cause: Error): string {
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens there; start the server first, and check the port";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no host of that name; check the spelling, or give its address";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no way to that address from here; is it in the same network?";
    case "ETIMEDOUT":
      return "it did not answer; is it switched on, and does its firewall let the port through?";
    case "ECONNRESET":
    case "EPIPE":
      return "the server closed the connection";
    case "EMSGSIZE":
      return "too large for a datagram, which carries at most 65,507 bytes; use TCP";
    default:
      return cause.message;
  }
}
