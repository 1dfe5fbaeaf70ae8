// The thread that reads the store for the HTTP side. SQLite answers synchronously: a chart of a year
// takes a tenth of a second, in which the thread that ingests must not stand still.

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Problem } from "../problem.ts";
import { StoreQueries } from "./queries.ts";
import type { AnswerMessage, QuestionMessage, ReadingThreadOptions } from "./question.ts";

function answer(queries: StoreQueries, { ask, kind, asked }: QuestionMessage): AnswerMessage {
  try {
    const find = queries.answers[kind] as (asked: unknown) => unknown;
    return { ask, answer: find(asked) };
  } catch (error) {
    const status = error instanceof Problem ? error.status : 500;
    const title = error instanceof Problem ? error.title : "Internal error";
    const text = error instanceof Error ? error.message : String(error);
    return { ask, fault: { status, title, text } };
  }
}

async function start(port: MessagePort, { path }: ReadingThreadOptions): Promise<void> {
  const queries = await StoreQueries.open(path);
  port.on("message", (question: QuestionMessage) => {
    port.postMessage(answer(queries, question));
  });
}

if (parentPort !== null) await start(parentPort, workerData as ReadingThreadOptions);
