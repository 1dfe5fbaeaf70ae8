// Begins the commands that came, and has what they tell sent at once, also where that comes later, out of
// a timer or another's callback.

import type { CommandCall, CommandMemory } from "../../shared/command/memory.ts";
import type { Command } from "./command.ts";
import { CommandRegistry } from "./registry.ts";

export interface CommandRunnerOptions {
  readonly memory: CommandMemory;
  /** Asked for when there is a command, which is rare: they take no memory in between. */
  readonly createCommands: () => readonly Command[];
  /** A command has told something. */
  readonly handleNews: () => void;
}

export class CommandRunner {
  readonly #options: CommandRunnerOptions;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  /** Begins all that wait. */
  runAll(): void {
    const { memory, createCommands } = this.#options;
    for (let call = memory.pollCall(); call !== undefined; call = memory.pollCall()) {
      new CommandRegistry(createCommands()).run(this.#tellingOf(call));
    }
  }

  #tellingOf(call: CommandCall): CommandCall {
    const { handleNews } = this.#options;
    return {
      name: call.name,
      arguments: call.arguments,
      handleProgress: (done, total) => {
        call.handleProgress(done, total);
        handleNews();
      },
      handleSuccess: (value) => {
        call.handleSuccess(value);
        handleNews();
      },
      handleFailure: (status, text) => {
        call.handleFailure(status, text);
        handleNews();
      },
    };
  }
}
