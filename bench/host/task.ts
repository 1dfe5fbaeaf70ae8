// Work that runs in a process of its own, so that what is measured and what makes the load do not
// share a thread: bench/host/task-entry.ts is started with the task's name and options, and tells
// when its measurement begins and ends, and its result.

import { type ChildProcess, fork } from "node:child_process";
import { dirname, join } from "node:path";

/** What a task may tell while it runs. */
export interface TaskContext {
  mark(name: "begin" | "end"): void;
  /** One value for whoever started it, before its result: the port on which it listens. */
  tell(value: number): void;
}

export type MessageOfTask =
  | { readonly kind: "mark"; readonly name: "begin" | "end" }
  | { readonly kind: "told"; readonly value: number }
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "failure"; readonly text: string };

/** Beside the bundle that runs. */
const ENTRY = join(dirname(process.argv[1]!), "task-entry.js");

export class Task<Result> {
  readonly result: Promise<Result>;
  /** What the task tells before its result. Never, where it tells nothing. */
  readonly told: Promise<number>;
  readonly #child: ChildProcess;

  /** Starts the task; `handleMark` is told of its marks as they come. */
  constructor(
    name: string,
    options: object,
    handleMark: (name: "begin" | "end") => void = () => {},
  ) {
    const child = fork(ENTRY, [name, JSON.stringify(options)]);
    this.#child = child;
    let tell: (value: number) => void = () => {};
    this.told = new Promise((resolve) => {
      tell = resolve;
    });
    this.result = new Promise((resolve, reject) => {
      child.on("message", (message: MessageOfTask) => {
        if (message.kind === "mark") handleMark(message.name);
        else if (message.kind === "told") tell(message.value);
        else if (message.kind === "result") resolve(message.result as Result);
        else reject(new Error(`${name}: ${message.text}`));
      });
      child.once("exit", (code) =>
        reject(new Error(`${name} ended with ${code} before its result`)),
      );
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Ends the process, whatever it is doing. */
  async stop(): Promise<void> {
    this.result.catch(() => undefined);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
