// The real program as a process of its own: `dist/senda.js`, which the global set-up has built.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const SENDA = fileURLToPath(new URL("../../dist/senda.js", import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export function runSenda(...args: readonly string[]): Promise<Finished> {
  return runSendaIn(process.env, ...args);
}

/** The same in an environment of the test's own. */
export function runSendaIn(
  env: Readonly<Record<string, string | undefined>>,
  ...args: readonly string[]
): Promise<Finished> {
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(process.execPath, [SENDA, ...args], { env, stdio: [...stdio] });
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => {
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** One line, and when it came, by this process's monotonic clock. */
type JsonLine = Readonly<Record<string, unknown>> & {
  readonly event: string;
  readonly heardMs: number;
};

/** A command that goes on and prints one JSON object a line. */
export class RunningSenda {
  readonly events: JsonLine[] = [];
  stderr = "";
  readonly #child: ChildProcess;
  /** The exit status, once there is one. */
  readonly ended: Promise<number | null>;
  #waiters: (() => void)[] = [];

  constructor(...args: readonly string[]) {
    const child = spawn(process.execPath, [SENDA, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("close", (status) => {
        resolve(status);
        this.#wake();
      });
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    createInterface(child.stdout).on("line", (line) => {
      this.events.push({ ...JSON.parse(line), heardMs: performance.now() });
      this.#wake();
    });
    RUNNING.add(this);
  }

  /** The first line of this kind in which every word stands; waits for it. Rejects where the program ends first. */
  event(kind: string, ...words: readonly string[]): Promise<JsonLine> {
    return this.#find(`"${kind}"`, () =>
      this.events.find((line) => {
        const text = JSON.stringify(line);
        return line.event === kind && words.every((word) => text.includes(word));
      }),
    );
  }

  /** The line of this kind with this index; waits for it. */
  eventAt(kind: string, index: number): Promise<JsonLine> {
    const ofKind = () => this.events.filter(({ event }) => event === kind);
    return this.#find(`${index + 1} times "${kind}"`, () => ofKind()[index]);
  }

  async #find(what: string, find: () => JsonLine | undefined): Promise<JsonLine> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the program ended without ${what}: ${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** Nobody reads its standard output any more. */
  closeOutput(): void {
    this.#child.stdout!.destroy();
  }

  /** Memory that it has in use; Linux only. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
  }

  /** Ctrl-C, and the exit status. */
  stop(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.ended;
  }

  /** Dead at once, whatever it was doing. */
  kill(): Promise<number | null> {
    this.#child.kill("SIGKILL");
    return this.ended;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

/** A command that goes on and prints for people. */
export class WatchedSenda {
  stdout = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    const child = spawn(process.execPath, [SENDA, ...args], { env, stdio: [...stdio] });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("close", (status) => {
        resolve(status);
        this.#wake();
      });
    });
    child.stdout!.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#wake();
    });
    RUNNING.add(this);
  }

  /** Waits until it has printed something like this. Rejects where it ends without. */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout)) {
      if (this.#child.exitCode !== null) {
        throw new Error(`the program ended without ${pattern}: ${this.stdout}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  stop(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.#ended;
  }

  kill(): Promise<number | null> {
    this.#child.kill("SIGKILL");
    return this.#ended;
  }
}

const RUNNING = new Set<RunningSenda | WatchedSenda>();

/** The port number at the end of "ADDR:PORT". */
export function portOf(address: unknown): string {
  return String(address).replace(/^.*:/, "");
}

/** A folder that goes with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "senda-test-"));
  afterAll(async () => {
    for (const running of RUNNING) await running.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
