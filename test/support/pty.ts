// A serial cable for tests: two ttys joined by socat, what is written to one being read at the other.
// Both are also held open here, so that the cable stays when a test closes an end: a UART does not
// notice that its peer went away. Closing the pair hangs both up.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, watch } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Where socat is, or undefined. */
export const socatPath: string | undefined = findOnPath("socat");

export interface PtyPair {
  /** Paths of the two ttys. */
  a: string;
  b: string;
  /** Pulls the cable: both ttys are hung up and gone once this resolves. May be called twice. */
  close(): Promise<void>;
}

/** Rejects where socat is missing or fails; what it printed is in the message. */
export async function openPtyPair(): Promise<PtyPair> {
  if (socatPath === undefined) throw new Error("socat is not installed: apt-get install socat");
  const directory = await mkdtemp(join(tmpdir(), "senda-pty-"));
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  const socat = await startSocat(socatPath, directory, [a, b]);
  const held = await Promise.all([a, b].map(holdOpen));
  return { a, b, close: () => closePair(socat, held, directory) };
}

async function startSocat(
  path: string,
  directory: string,
  links: readonly string[],
): Promise<ChildProcess> {
  const watcher = watch(directory);
  const addresses = links.map((link) => `pty,raw,echo=0,link=${link}`);
  const socat = spawn(path, addresses, { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  socat.stderr.on("data", (text) => {
    complaint += text;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      watcher.on("change", () => links.every((link) => existsSync(link)) && resolve());
      socat.once("error", reject);
      socat.once("exit", () => reject(new Error(`socat ended: ${complaint}`)));
    });
    return socat;
  } finally {
    watcher.close();
  }
}

function holdOpen(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
}

async function closePair(socat: ChildProcess, held: FileHandle[], directory: string) {
  if (socat.exitCode === null && socat.signalCode === null) {
    socat.kill("SIGKILL");
    await once(socat, "exit");
  }
  await Promise.all(held.splice(0).map((handle) => handle.close()));
  await rm(directory, { recursive: true, force: true });
}

function findOnPath(program: string): string | undefined {
  const directories = (process.env.PATH ?? "").split(delimiter).filter((entry) => entry !== "");
  return directories.map((entry) => join(entry, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
