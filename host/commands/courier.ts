// How commands get to a device, whoever carries them: a collector that runs elsewhere (control-client.ts),
// the collector itself, a cable (host/provisioning). Values are JSON here, on both sides.

import type { CommandRequest } from "../../shared/command/body.ts";
import type { CommandOutcome } from "../../shared/command/desk.ts";
import { COMMAND_STATUSES, type CommandStatus } from "../../shared/errors.ts";
import type { CborValue } from "../../shared/message/cbor.ts";
import { type JsonValue, jsonOf } from "../store/value.ts";

/** By name; what stands for itself in JSON and on a command line. */
export type JsonArguments = Readonly<Record<string, string | number | boolean>>;

export interface Errand {
  readonly name: string;
  readonly arguments: JsonArguments;
  /** For how long an answer is waited for. */
  readonly withinMs: number;
  /** For how long a device that is away is waited for; 0 for not at all. */
  readonly awayMsMax: number;
  /** The command is on its way. */
  readonly handleSent?: () => void;
  /** It is so far; `total` 0 where nobody knows. */
  readonly handleProgress?: (done: number, total: number) => void;
}

export interface Outcome {
  readonly status: CommandStatus;
  /** Null unless the status is success. */
  readonly value: JsonValue;
  /** Why, for people. */
  readonly text: string;
}

/** Carries commands to one device. */
export type Courier = (errand: Errand) => Promise<Outcome>;

/** How a program ends that ran a command which ended so. */
export function exitCodeOf(status: CommandStatus): number {
  return COMMAND_STATUSES.indexOf(status);
}

export function requestOf({ name, arguments: given }: Errand): CommandRequest {
  return { name, arguments: new Map<string, CborValue>(Object.entries(given)) };
}

export function outcomeOf({ status, value, text }: CommandOutcome): Outcome {
  return { status, value: jsonOf(value), text };
}

/** Most pages of one list: what a device sends must end. */
const PAGES_MAX = 100;

/** All items of a command that answers in pages (device/commands/page.ts). */
export async function collectPages(
  courier: Courier,
  name: string,
  withinMs: number,
): Promise<{ readonly items: readonly JsonValue[] } | { readonly failure: Outcome }> {
  const items: JsonValue[] = [];
  let from = 0;
  for (let page = 0; page < PAGES_MAX; page++) {
    const outcome = await courier({ name, arguments: { from }, withinMs, awayMsMax: 0 });
    if (outcome.status !== "success") return { failure: outcome };
    const { items: more, next } = (outcome.value ?? {}) as {
      items?: JsonValue;
      next?: JsonValue;
    };
    if (Array.isArray(more)) items.push(...more);
    if (typeof next !== "number" || next <= from) break;
    from = next;
  }
  return { items };
}
