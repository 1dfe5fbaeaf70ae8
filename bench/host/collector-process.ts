// The real collector, `dist/senda.js collect`, as a process of its own on a store of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DeviceKeys, formatKeys, parseKey } from "../../host/keys/device-keys.ts";
import { createPrivateFile } from "../../host/keys/private-file.ts";
import { openForReading } from "../../host/store/reader.ts";

const SENDA = fileURLToPath(new URL("../../dist/senda.js", import.meta.url));

export interface CollectorFlags {
  readonly udp?: boolean;
  readonly serial?: string;
  /** Devices of this key, called bench-0, bench-1 ..., and no others. */
  readonly key?: string;
  /** Small batches become larger ones at once, not after minutes. */
  readonly mergesAtOnce?: boolean;
}

export class CollectorProcess {
  readonly port: number;
  readonly udpPort: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, listening: Listening) {
    this.#child = child;
    this.#folder = folder;
    this.port = portOf(listening.tcp);
    this.udpPort = portOf(listening.udp);
  }

  /** Starts a collector on free ports. `SENDA_BENCH_NODE` holds flags for its Node, e.g. of a profiler. */
  static async start(flags: CollectorFlags = {}): Promise<CollectorProcess> {
    const folder = mkdtempSync(join(tmpdir(), "senda-bench-"));
    const nodeFlags = (process.env.SENDA_BENCH_NODE ?? "").split(" ").filter((flag) => flag !== "");
    const udp = flags.udp === true ? "127.0.0.1:0" : "off";
    const serial = flags.serial === undefined ? [] : ["--serial", flags.serial];
    const db = join(folder, "readings.db");
    const merging = flags.mergesAtOnce === true ? ["--merge-after", "0"] : [];
    const keys = flags.key === undefined ? [] : ["--keys", writeKeys(folder, flags.key)];
    const addresses = ["--tcp", "127.0.0.1:0", "--udp", udp, ...serial, ...merging, ...keys];
    const child = spawn(
      process.execPath,
      [...nodeFlags, SENDA, "collect", ...addresses, "--db", db, "--json"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines = createInterface(child.stdout!);
    const listening = await new Promise<Listening>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the collector ended with ${code}`)));
      lines.once("line", (line) => resolve(JSON.parse(line) as Listening));
    });
    return new CollectorProcess(child, folder, listening);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The store with its log. */
  get storedBytes(): number {
    const db = join(this.#folder, "readings.db");
    return statSync(db).size + (statSync(`${db}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  }

  /** Records that stand in merged batches by now. */
  async countMerged(): Promise<number> {
    const database = await openForReading(join(this.#folder, "readings.db"));
    const sum = database.prepare("SELECT total(count) AS merged FROM batch WHERE count > 1").get();
    database.close();
    return (sum as { merged: number }).merged;
  }

  /** Ctrl-C, then the store goes. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGINT");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const KEYED_DEVICES = 100;

function writeKeys(folder: string, key: string): string {
  const keys = new DeviceKeys();
  for (let index = 0; index < KEYED_DEVICES; index++) keys.add(`bench-${index}`, parseKey(key)!);
  const path = join(folder, "bench.keys");
  createPrivateFile(path, formatKeys(keys));
  return path;
}

interface Listening {
  readonly tcp: string | null;
  readonly udp: string | null;
}

function portOf(address: string | null): number {
  return Number(address?.replace(/^.*:/, ""));
}
