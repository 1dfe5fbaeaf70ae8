// Who holds a port: on Linux /proc tells, for the processes of the same user (proc(5)). Elsewhere,
// and for other people's processes, nobody knows without privileges.

import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import type { Transport } from "./listening.ts";

export interface Holder {
  readonly pid: number;
  /** The program's name, without its path. */
  readonly name: string;
  /** A command of this program. */
  readonly isSenda: boolean;
}

/** The state of a listening TCP socket, and of a UDP socket without a peer, in /proc/net (proc(5)). */
const STATES: Readonly<Record<Transport, string>> = { tcp: "0A", udp: "07" };

/** Columns of /proc/net/tcp and udp. */
const LOCAL_ADDRESS = 1;
const STATE = 3;
const INODE = 9;

/** The process that listens on the port; undefined where it cannot be found out. */
export async function holderOf(transport: Transport, port: number): Promise<Holder | undefined> {
  if (process.platform !== "linux") return undefined;
  const inodes = new Set<string>();
  for (const table of [transport, `${transport}6`]) {
    for (const inode of await listeningInodes(`/proc/net/${table}`, STATES[transport], port)) {
      inodes.add(`socket:[${inode}]`);
    }
  }
  return inodes.size === 0 ? undefined : await processWith(inodes);
}

async function listeningInodes(table: string, state: string, port: number): Promise<string[]> {
  const hexPort = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const text = await readFile(table, "latin1").catch(() => "");
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[STATE] === state && fields[LOCAL_ADDRESS]!.endsWith(hexPort))
    .map((fields) => fields[INODE]!);
}

async function processWith(sockets: ReadonlySet<string>): Promise<Holder | undefined> {
  for (const entry of await readdir("/proc").catch(() => [])) {
    if (/^\d+$/.test(entry) && (await holdsOne(entry, sockets))) return await describe(entry);
  }
  return undefined;
}

async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const descriptor of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${descriptor}`).catch(() => "");
    if (sockets.has(target)) return true;
  }
  return false;
}

async function describe(pid: string): Promise<Holder> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const [program = "", script = ""] = text.split("\0");
  const isSenda = /^senda(\.js)?$/.test(basename(script)) || basename(program) === "senda";
  return { pid: Number(pid), name: basename(program) || "a program", isSenda };
}
