// Every bench runs, with tiny counts, so that none of them can rot. What it measures is of no meaning
// here; what the machine lacks is named and left out.

import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Long, for other tests want the processors too; alone it takes some twenty seconds. */
const PATIENCE_MS = 300_000;

interface Line {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
}

beforeAll(() => {
  execFileSync(process.execPath, ["build.mjs", "bench"], { cwd: ROOT });
});

function runBench(
  ...flags: readonly string[]
): Promise<{ status: number; out: string; err: string }> {
  const child = spawn(process.execPath, ["build/bench/main.js", ...flags], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => {
    child.once("close", (status) => resolve({ status: status ?? -1, out, err }));
  });
}

test(
  "all benches run and give their figures, one JSON object a line",
  async () => {
    const { status, out, err } = await runBench("--quick", "--json");
    expect(status, err).toBe(0);
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const names = lines.map(({ name }) => name);
    for (const { unit } of lines) expect(unit).not.toBe("");
    for (const name of [
      "firmware.bundle",
      "ingest.tcp.5",
      "ingest.tcp.600",
      "ingest.sealed.200",
      "ingest.udp.200",
      "seal.frame.80",
      "seal.handshake",
      "peer.tcp-json-lines",
      "ack.1000.p99",
      "ack.half-load.p99",
      "idle.10000.memory",
      "memory.slope",
      "query.day.60",
      "stored.600",
      "limit.sqlite.blobs",
      "limit.loopback",
    ]) {
      expect(names).toContain(name);
    }
    for (const needed of ["peer.mosquitto-qos1-json", "ingest.serial.200", "xs.encode"]) {
      const isThere = names.some((name) => name.startsWith(needed));
      expect(isThere || err.includes(`left out: ${needed.split(".")[0]}`), needed).toBe(true);
    }
  },
  PATIENCE_MS,
);
