// All commands of a device, by name. A new one is one line in the list that the registry is made with.

import type { CommandCall } from "../../shared/command/memory.ts";
import type { CborValue } from "../../shared/message/cbor.ts";
import { checkArguments } from "./arguments.ts";
import type { Command, Parameter } from "./command.ts";
import { didYouMean } from "./nearest.ts";
import { FROM, pageOf } from "./page.ts";

export class CommandRegistry {
  readonly #commands: readonly Command[];

  /** With a command of its own that lists them all. */
  constructor(commands: readonly Command[]) {
    this.#commands = [this.#createList(), ...commands];
  }

  /** Begins a command. What it throws is its failure. */
  run(call: CommandCall): void {
    const command = this.#commands.find(({ name }) => name === call.name);
    if (command === undefined) {
      const names = this.#commands.map(({ name }) => name);
      const text = `there is no command "${call.name}"${didYouMean(call.name, names)}`;
      call.handleFailure("unknown-command", text);
      return;
    }
    const checked = checkArguments(command, call.arguments);
    if (!checked.ok) {
      call.handleFailure("bad-arguments", checked.fault);
      return;
    }
    try {
      command.run(checked.values, call);
    } catch (error) {
      call.handleFailure("failed", String(error));
    }
  }

  #createList(): Command {
    return {
      name: "commands",
      help: "lists the commands",
      parameters: [FROM],
      run: (given, reply) => {
        const commands = this.#commands;
        const itemAt = (index: number) => describeCommand(commands[index]!);
        reply.handleSuccess(pageOf(commands.length, itemAt, given));
      },
    };
  }
}

/** `from` is between programs, and left out. */
function describeCommand({ name, help, parameters, others }: Command): CborValue {
  const shown = parameters.filter((parameter) => parameter !== FROM);
  const fields: [string, CborValue][] = [
    ["name", name],
    ["help", help],
  ];
  if (shown.length > 0) fields.push(["parameters", shown.map(describeParameter)]);
  if (others !== undefined) fields.push(["others", others]);
  return new Map(fields);
}

function describeParameter(parameter: Parameter): CborValue {
  const { name, kind, help, unit, least, most, labels, isOptional = false } = parameter;
  const fields: [string, CborValue | undefined][] = [
    ["name", name],
    ["kind", kind],
    ["help", help],
    ["unit", unit],
    ["least", least],
    ["most", most],
    ["labels", labels],
    ["optional", isOptional ? true : undefined],
  ];
  return new Map(fields.filter((field): field is [string, CborValue] => field[1] !== undefined));
}
