// Whether the ports that a collector listens on by default are free on loopback, found out by
// listening on them for a moment.

import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { type Check, note, ok, problem, reasonOf } from "./check.ts";
import { type Holder, holderOf } from "./holder.ts";

const LOOPBACK = "127.0.0.1";

export type Transport = "tcp" | "udp";

export interface PortUse {
  readonly name: string;
  readonly transport: Transport;
  readonly port: number;
  /** The flag with which another port is chosen, if there is one. */
  readonly flag?: string;
  /** False where the collector goes without. */
  readonly isNeeded: boolean;
}

export async function checkPort(use: PortUse): Promise<Check> {
  const error = await listenError(use);
  const place = `${use.transport.toUpperCase()} ${LOOPBACK}:${use.port}`;
  if (error === undefined) return ok(use.name, `${place} is free`);
  if (error.code === "EADDRINUSE")
    return inUse(use, place, await holderOf(use.transport, use.port));
  const text = `${place} cannot be listened on: ${reasonOf(error)}`;
  return found(use, text, "look at this computer's firewall and limits");
}

function inUse(use: PortUse, place: string, holder: Holder | undefined): Check {
  const { flag } = use;
  if (holder?.isSenda === true) {
    const text = `${place} is held by a collector that is running (process ${holder.pid})`;
    const advice =
      flag === undefined ? "cannot have it too" : `needs a port of its own: ${flag} ADDR:PORT`;
    return note(use.name, text, `a second collector ${advice}`);
  }
  const who = holder === undefined ? "another program" : `${holder.name} (process ${holder.pid})`;
  const lookup = holder === undefined ? ` (to see who holds it: ${lookupCommand(use)})` : "";
  const other = flag === undefined ? "" : `, or choose another port with ${flag} ADDR:PORT`;
  return found(use, `${place} is in use by ${who}`, `stop that program${other}${lookup}`);
}

/** A finding as grave as the port is needed. */
function found({ name, isNeeded }: PortUse, text: string, advice: string): Check {
  return isNeeded ? problem(name, text, advice) : note(name, text, advice);
}

function lookupCommand({ transport, port }: PortUse): string {
  if (process.platform === "win32") return `netstat -ano | findstr :${port}`;
  return `sudo lsof -i ${transport}:${port}`;
}

/** Why the port cannot be listened on; undefined where it can. */
function listenError({ transport, port }: PortUse): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    if (transport === "tcp") {
      const server = createServer();
      server.once("error", resolve);
      server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
        server.close(() => resolve(undefined));
      });
      return;
    }
    const socket = createSocket("udp4");
    socket.once("error", (error) => {
      socket.close();
      resolve(error);
    });
    socket.bind({ address: LOOPBACK, port, exclusive: true }, () => {
      socket.close(() => resolve(undefined));
    });
  });
}
