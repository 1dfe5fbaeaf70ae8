// What a command is to the firmware: a name, help, the arguments that it takes, and what it does. The
// host lists all of this by a command (registry.ts). PROTOCOL 7.9.

import type { CommandCall } from "../../shared/command/memory.ts";

export type ArgumentValue = string | number | boolean;

export interface Parameter {
  readonly name: string;
  readonly kind: "text" | "number" | "integer" | "boolean" | "enumeration";
  readonly help: string;
  /** Of a number. */
  readonly unit?: string;
  /** Bounds of a number. */
  readonly least?: number;
  readonly most?: number;
  /** Of an enumeration. */
  readonly labels?: readonly string[];
  readonly isOptional?: boolean;
}

/** By name; only those that the command takes, each of its kind and within its bounds. */
export type Arguments = ReadonlyMap<string, ArgumentValue>;

/** Where a command tells how it goes. It may do so at once or later, and ends once. */
export type Reply = Pick<CommandCall, "handleProgress" | "handleSuccess" | "handleFailure">;

export interface Command {
  readonly name: string;
  readonly help: string;
  readonly parameters: readonly Parameter[];
  /** Any names are taken, as texts: the command judges them itself. Says what they are, for people. */
  readonly others?: string;
  run(given: Arguments, reply: Reply): void;
}
