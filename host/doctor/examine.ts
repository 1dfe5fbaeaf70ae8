// All checks, in the order in which people would go through them.

import { DEFAULT_PORT } from "../../device/settings.ts";
import { DEFAULT_HTTP_PORT } from "../links/address.ts";
import type { Check } from "./check.ts";
import { checkPort, type PortUse } from "./listening.ts";
import { checkClock, checkDisk } from "./machine.ts";
import { checkNode, checkSerialLibrary, checkSqlite } from "./runtime.ts";
import { checkSerialPorts } from "./serial.ts";
import { checkEspIdf, checkModdable, checkSocat, checkXsEngine } from "./tools.ts";

const PORTS: readonly PortUse[] = [
  {
    name: "TCP for devices",
    transport: "tcp",
    port: DEFAULT_PORT,
    flag: "--tcp",
    isNeeded: true,
  },
  {
    name: "UDP for devices",
    transport: "udp",
    port: DEFAULT_PORT,
    flag: "--udp",
    isNeeded: true,
  },
  {
    name: "HTTP",
    transport: "tcp",
    port: DEFAULT_HTTP_PORT,
    flag: "--http",
    isNeeded: false,
  },
];

/** Looks at everything. Never rejects: what cannot be looked at is a finding. `program`: the file that runs. */
export async function examine(program: URL): Promise<Check[]> {
  const { env, versions } = process;
  const found = await Promise.all([
    checkNode(versions.node),
    checkSqlite(),
    checkSerialLibrary(),
    ...PORTS.map(checkPort),
    checkSerialPorts(),
    checkDisk(process.cwd()),
    checkClock(Date.now(), program),
    checkSocat(env),
    checkXsEngine(program),
    checkModdable(env),
    checkEspIdf(env),
  ]);
  return found.flat().filter((check) => check !== undefined);
}
