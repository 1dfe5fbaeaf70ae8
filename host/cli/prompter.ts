// Asks whoever sits at the terminal. Questions go to standard error, so that standard output is the
// command's own; what is secret is not shown while it is typed.

import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CommandFailure } from "./failure.ts";
import { EXIT_INTERRUPTED } from "./stop-signal.ts";

export class Prompter {
  readonly #lines: Interface;
  readonly #output: NodeJS.WritableStream;
  readonly #end = new AbortController();
  #isHidden = false;

  constructor(
    input: NodeJS.ReadableStream = process.stdin,
    output: NodeJS.WritableStream = process.stderr,
  ) {
    this.#output = output;
    const shown = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#isHidden) output.write(chunk);
        done();
      },
    });
    this.#lines = createInterface({ input, output: shown, terminal: true, historySize: 0 });
    this.#lines.once("SIGINT", () => this.#end.abort());
    this.#lines.once("close", () => this.#end.abort());
  }

  /** What is typed, or `otherwise` where that is nothing. Rejects with a CommandFailure at Ctrl-C and at the end of the input. */
  async ask(question: string, otherwise = ""): Promise<string> {
    const hint = otherwise === "" ? "" : ` [${otherwise}]`;
    const answer = await this.#answerTo(`${question}${hint}: `);
    return answer.trim() === "" ? otherwise : answer.trim();
  }

  /** What is typed, as it is, and shown nowhere. */
  async askSecret(question: string): Promise<string> {
    this.#output.write(`${question}: `);
    this.#isHidden = true;
    try {
      return await this.#answerTo("");
    } finally {
      this.#isHidden = false;
      this.#output.write("\n");
    }
  }

  async confirm(question: string): Promise<boolean> {
    return /^y(es)?$/i.test(await this.ask(`${question} [y/N]`));
  }

  close(): void {
    this.#lines.close();
  }

  async #answerTo(question: string): Promise<string> {
    try {
      return await this.#lines.question(question, { signal: this.#end.signal });
    } catch (cause) {
      if (!this.#end.signal.aborted) throw cause;
      throw new CommandFailure("stopped, and nothing was changed", EXIT_INTERRUPTED, cause);
    }
  }
}
