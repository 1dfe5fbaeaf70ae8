// Python, for tests against its struct and pickle modules and against the teaching programs.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** What a program prints as JSON, given `input` as JSON on its standard input. */
export function askPython<T>(program: string, input: unknown): T {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", program], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** A program that runs on its own. */
export class PythonProgram {
  stdout = "";
  stderr = "";
  readonly folder = mkdtempSync(join(tmpdir(), "senda-python-"));
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #wake: () => void = () => undefined;

  constructor(source: string, files: Readonly<Record<string, Uint8Array>> = {}) {
    const path = join(this.folder, "program.py");
    writeFileSync(path, source);
    for (const [name, bytes] of Object.entries(files))
      writeFileSync(join(this.folder, name), bytes);
    const env = { ...process.env, PYTHONUNBUFFERED: "1", PYTHONIOENCODING: "utf-8" };
    const child = spawn("python3", [path], { cwd: this.folder, env });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#wake();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    child.stdin.on("error", () => undefined); // it ended before it read all
    this.ended = new Promise((resolve) => {
      child.once("close", (status) => {
        resolve(status);
        this.#wake();
      });
    });
  }

  /** Waits until it has printed this. Rejects where it ends without. */
  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      if (this.#child.exitCode !== null) {
        throw new Error(`the program ended without ${text}: ${this.stdout}${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What somebody types. */
  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
