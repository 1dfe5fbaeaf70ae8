// What no collector can pass here: SQLite alone, and loopback alone.

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSqlite } from "../../host/store/sqlite.ts";
import { type Bench, type Figure, median } from "../figure.ts";
import { Task, type TaskContext } from "./task.ts";

const ROUNDS = 3;

/** A batch of 200 readings. */
const BLOB_BYTES = 254;
const BLOBS_PER_TRANSACTION = 100;
const WRITE_BYTES = 65_536;

interface LimitOptions {
  readonly measureMs: number;
}

export const measureLimits: Bench = async ({ isQuick, wants }) => {
  const options: LimitOptions = { measureMs: isQuick ? 50 : 1_500 };
  const cases = [
    { name: "limit.sqlite.blobs", task: "limit-sqlite", unit: "blobs/s" },
    { name: "limit.loopback", task: "limit-loopback", unit: "MB/s" },
  ].filter(({ name }) => wants(name));
  const figures: Figure[] = [];
  for (const { name, task, unit } of cases) {
    const values = [];
    for (let round = 0; round < (isQuick ? 1 : ROUNDS); round++) {
      const running = new Task<number>(task, options);
      values.push(await running.result);
      await running.stop();
    }
    figures.push({ name, value: median(values), unit });
  }
  return figures;
};

/** Prepared inserts of a batch's bytes, 100 a transaction, each on disk: blobs a second. */
export async function runSqliteLimit({ measureMs }: LimitOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "senda-bench-"));
  const open = await loadSqlite();
  const database = open(join(folder, "limit.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE batch (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
  const insert = database.prepare("INSERT INTO batch VALUES (?, ?)");
  const body = new Uint8Array(BLOB_BYTES).fill(0x5a);
  let count = 0;
  const startMs = performance.now();
  while (performance.now() < startMs + measureMs) {
    database.exec("BEGIN");
    for (let index = 0; index < BLOBS_PER_TRANSACTION; index++) insert.run(count++, body);
    database.exec("COMMIT");
  }
  const seconds = (performance.now() - startMs) / 1_000;
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return count / seconds;
}

/** Writes of 64 KiB from this process to a reader in another: megabytes a second. */
export async function runLoopbackLimit({ measureMs }: LimitOptions): Promise<number> {
  const reader = new Task<number>("loopback-reader", {});
  const port = await Promise.race([reader.told, reader.result]);
  const socket = connect({ port, host: "127.0.0.1" });
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.on("error", () => undefined); // the reader goes first
  const written = await writeFor(socket, measureMs);
  await reader.stop();
  socket.destroy();
  return written / 1e6 / (measureMs / 1_000);
}

/** Reads and forgets what comes on a port that it tells. Never ends by itself. */
export function runLoopbackReader(_options: object, context: TaskContext): Promise<never> {
  const server = createServer((socket) =>
    socket.on("data", () => undefined).on("error", () => undefined),
  );
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") context.tell(address.port);
  });
  return new Promise(() => undefined);
}

function writeFor(socket: Socket, measureMs: number): Promise<number> {
  const bytes = Buffer.alloc(WRITE_BYTES);
  const startMs = performance.now();
  let written = 0;
  return new Promise((resolve) => {
    const write = () => {
      if (performance.now() >= startMs + measureMs) {
        resolve(written);
        return;
      }
      written += WRITE_BYTES;
      socket.write(bytes, write);
    };
    write();
  });
}
