// The reading thread as the HTTP side has it: asks questions, waits for answers. A thread that dies takes
// its questions with it and is started again by the next one.

import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { QUERIES_WAITING_MAX } from "../limits.ts";
import { Problem } from "../problem.ts";
import type { AnswerMessage, QuestionKind, QuestionMessage, Questions } from "./question.ts";

interface Waiter {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class ReadingThread {
  readonly #path: string;
  readonly #waiters = new Map<number, Waiter>();
  #worker: Worker | undefined;
  #nextAsk = 0;
  #isClosed = false;

  constructor(path: string) {
    this.#path = resolve(path);
  }

  /** Rejects with a Problem where it cannot be answered: 503 where too much waits already. */
  ask<K extends QuestionKind>(
    kind: K,
    asked: Questions[K]["asked"],
  ): Promise<Questions[K]["answer"]> {
    if (this.#isClosed)
      return Promise.reject(new Problem(503, "Not just now", "The collector is stopping."));
    if (this.#waiters.size >= QUERIES_WAITING_MAX) {
      return Promise.reject(
        new Problem(
          503,
          "Not just now",
          "Too many questions wait for the store; try again a little later.",
        ),
      );
    }
    const ask = this.#nextAsk++;
    const question: QuestionMessage<K> = { ask, kind, asked };
    this.#worker ??= this.#start();
    this.#worker.postMessage(question);
    return new Promise((resolveAnswer, reject) => {
      this.#waiters.set(ask, { resolve: resolveAnswer as (answer: never) => void, reject });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const workerData = { path: this.#path };
    const worker = new Worker(workerUrl(), { workerData, name: "senda reading" });
    worker.on("message", (message: AnswerMessage) => this.#handleAnswer(message));
    worker.on("error", () => undefined); // "exit" follows
    worker.on("exit", () => this.#handleExit());
    return worker;
  }

  #handleAnswer({ ask, answer, fault }: AnswerMessage): void {
    const waiter = this.#waiters.get(ask);
    this.#waiters.delete(ask);
    if (fault === undefined) waiter?.resolve(answer as never);
    else if (fault.status === 500) waiter?.reject(new Error(fault.text));
    else waiter?.reject(new Problem(fault.status, fault.title, fault.text));
  }

  #handleExit(): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiters.values()) {
      reject(new Problem(503, "Not just now", "The thread that reads the store ended; try again."));
    }
    this.#waiters.clear();
  }
}

/** Beside the bundled program; for code that runs from its source, where the build puts it. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith("/host/http/reading/reading-thread.ts");
  const path = isSource ? "../../../dist/reading-worker.js" : "reading-worker.js";
  return new URL(path, import.meta.url);
}
