// A broker of our own on a free port of loopback, with a configuration that lives as long as it.
// Its queues have no bound: with the default one it drops what the subscriber is too slow for.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Where Debian puts it, which is not on everyone's path. */
const EXTRA_PATH = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"];

export interface Broker {
  readonly port: number;
  stop(): Promise<void>;
}

/** Undefined where mosquitto is not installed. */
export async function startMosquitto(): Promise<Broker | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "senda-mosquitto-"));
  const port = await freePort();
  const path = join(folder, "mosquitto.conf");
  writeFileSync(
    path,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\npersistence false\n`,
  );
  const paths = [process.env.PATH ?? "", ...EXTRA_PATH].join(delimiter);
  const env = { ...process.env, PATH: paths };
  const child = spawn("mosquitto", ["-c", path], { env, stdio: "ignore" });
  const stop = async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const isThere = await new Promise<boolean>((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", () => resolve(false));
    answers(port, () => resolve(true));
  });
  if (isThere) return { port, stop };
  await stop();
  return undefined;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Tries until somebody listens; gives up with the process that it waits for. */
function answers(port: number, isUp: () => void, triesLeft = 100): void {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.once("connect", () => {
    socket.destroy();
    isUp();
  });
  socket.once("error", () => {
    if (triesLeft > 0) setTimeout(() => answers(port, isUp, triesLeft - 1), 20);
  });
}
