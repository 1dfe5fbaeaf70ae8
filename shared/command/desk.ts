// The host's commands to devices: who waits for what, when to send, when to repeat, when to give up.
// PROTOCOL 7.9.
//
// Sans-I/O: orders come in by `order`, devices by `handleHere` and `handleAway`, their answers by
// `handleAnswer`, time by `handleTimeout`. After any of these: drain `pollCommand` and `pollEvent`.

import type { CommandStatus } from "../errors.ts";
import { COMMAND_WITHIN_MS_MAX, COMMANDS_WAITING_MAX } from "../limits.ts";
import type { CborValue } from "../message/cbor.ts";
import type { CommandMessage, ProgressMessage, ResultMessage } from "../message/message.ts";
import { type CommandRequest, decodeValue, encodeRequest, RESTART_COMMAND } from "./body.ts";

/** First wait before a command is repeated, and the longest; each is twice the one before. */
const REPEAT_MS_MIN = 1_000;
const REPEAT_MS_MAX = 10_000;

export interface CommandOrder {
  readonly device: string;
  readonly request: CommandRequest;
  /** For how long a result is waited for, from when the command is sent. */
  readonly withinMs: number;
  /** For how long a device that is away is waited for; 0 for not at all. */
  readonly awayMsMax: number;
}

/** Identifies an order at its desk. */
export type Ticket = number;

export type DeskEvent =
  /** On its way to the device; told once. */
  | { readonly kind: "sent"; readonly ticket: Ticket }
  | {
      readonly kind: "progress";
      readonly ticket: Ticket;
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: "ended"; readonly ticket: Ticket; readonly outcome: CommandOutcome };

export interface CommandOutcome {
  readonly status: CommandStatus;
  /** Null unless the status is success. */
  readonly value: CborValue;
  /** Why, for people; empty where it is a success. */
  readonly text: string;
}

interface Errand {
  readonly ticket: Ticket;
  readonly order: CommandOrder;
  readonly body: Uint8Array;
  /** When it ends unless it was sent before. */
  readonly expiresAtMs: number;
  /** Undefined until it is sent. */
  sent: { readonly life: number; readonly number: number; readonly atMs: number } | undefined;
  /** When it is to be sent, again or for the first time. */
  dueAtMs: number;
  repeatMs: number;
}

interface Counter {
  readonly name: string;
  /** Undefined while it is away. */
  life: number | undefined;
  /** The first is the one that is on its way. */
  readonly errands: Errand[];
}

export class CommandDesk {
  readonly #author: number;
  readonly #counters = new Map<string, Counter>();
  readonly #events: DeskEvent[] = [];
  #lastTicket: Ticket = 0;
  /** Of all devices: so numbers rise for each, whatever is forgotten of it. */
  #lastNumber = 0;

  /** `author`: 32 random bits. */
  constructor(author: number) {
    this.#author = author;
  }

  /** Takes an order. How it ends is an event, also where it cannot be taken at all. */
  order(order: CommandOrder, nowMs: number): Ticket {
    const ticket = ++this.#lastTicket;
    const counter = this.#counterOf(order.device);
    const body = encodeRequest(order.request);
    if (body === undefined) {
      this.#end(ticket, "bad-arguments", "the arguments are longer than a message");
    } else if (counter.errands.length >= COMMANDS_WAITING_MAX) {
      this.#end(ticket, "busy", `${COMMANDS_WAITING_MAX} commands wait for the device already`);
    } else if (counter.life === undefined && order.awayMsMax === 0) {
      this.#end(ticket, "away", "the device is away");
    } else {
      const expiresAtMs = nowMs + (order.awayMsMax === 0 ? order.withinMs : order.awayMsMax);
      const fresh = { sent: undefined, dueAtMs: nowMs, repeatMs: REPEAT_MS_MIN };
      counter.errands.push({ ticket, order, body, expiresAtMs, ...fresh });
    }
    this.#forgetIfIdle(counter);
    return ticket;
  }

  /** The device was welcomed on a link, in this life of it. */
  handleHere(device: string, life: number, nowMs: number): void {
    const counter = this.#counterOf(device);
    counter.life = life;
    const first = counter.errands[0];
    if (first === undefined) return;
    first.dueAtMs = nowMs;
    first.repeatMs = REPEAT_MS_MIN;
    if (first.sent !== undefined && first.sent.life !== life) this.#endAsRestarted(counter, first);
  }

  /** The device has no link any more. */
  handleAway(device: string): void {
    const counter = this.#counters.get(device);
    if (counter === undefined) return;
    counter.life = undefined;
    this.#forgetIfIdle(counter);
  }

  /** A device answered: one of ours, or somebody else's, or one that is over. */
  handleAnswer(device: string, message: ResultMessage | ProgressMessage): void {
    const counter = this.#counters.get(device);
    const first = counter?.errands[0];
    if (counter === undefined || first?.sent === undefined) return;
    if (message.author !== this.#author || message.number !== first.sent.number) return;
    const { ticket } = first;
    if (message.kind === "progress") {
      const { done, total } = message;
      this.#events.push({ kind: "progress", ticket, done, total });
      return;
    }
    if (message.status === "restarted") {
      this.#endAsRestarted(counter, first);
      return;
    }
    counter.errands.shift();
    const value = decodeValue(message.body);
    if (message.status === "success") {
      this.#events.push({ kind: "ended", ticket, outcome: { status: "success", value, text: "" } });
    } else {
      this.#end(ticket, message.status, typeof value === "string" ? value : "");
    }
  }

  handleTimeout(nowMs: number): void {
    for (const counter of this.#counters.values()) {
      for (const errand of [...counter.errands]) this.#endIfOver(counter, errand, nowMs);
    }
  }

  /** When `handleTimeout` and `pollCommand` should next be called; infinity while nothing waits. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { errands, life } of this.#counters.values()) {
      for (const [index, errand] of errands.entries()) {
        dueMs = Math.min(dueMs, deadlineOf(errand));
        if (index === 0 && life !== undefined) dueMs = Math.min(dueMs, errand.dueAtMs);
      }
    }
    return dueMs;
  }

  /** The next message that is to go to a device now; undefined where there is none. */
  pollCommand(nowMs: number): { device: string; message: CommandMessage } | undefined {
    for (const counter of this.#counters.values()) {
      const first = counter.errands[0];
      if (first === undefined || counter.life === undefined || nowMs < first.dueAtMs) continue;
      return { device: counter.name, message: this.#send(first, counter.life, nowMs) };
    }
    return undefined;
  }

  pollEvent(): DeskEvent | undefined {
    return this.#events.shift();
  }

  #send(errand: Errand, life: number, nowMs: number): CommandMessage {
    if (errand.sent === undefined) {
      errand.sent = { life, number: ++this.#lastNumber, atMs: nowMs };
      this.#events.push({ kind: "sent", ticket: errand.ticket });
    }
    errand.dueAtMs = nowMs + errand.repeatMs;
    errand.repeatMs = Math.min(2 * errand.repeatMs, REPEAT_MS_MAX);
    return {
      kind: "command",
      author: this.#author,
      number: errand.sent.number,
      life: errand.sent.life,
      withinMs: withinMsOf(errand),
      body: errand.body,
    };
  }

  #endIfOver(counter: Counter, errand: Errand, nowMs: number): void {
    if (nowMs < deadlineOf(errand)) return;
    counter.errands.splice(counter.errands.indexOf(errand), 1);
    const { ticket, sent } = errand;
    if (sent !== undefined) {
      this.#end(ticket, "no-answer", "no answer came in time: it may or may not have run");
    } else if (counter.life === undefined) {
      this.#end(ticket, "away", "the device did not come back in time: it never ran");
    } else {
      this.#end(ticket, "busy", "commands before it took too long: it never ran");
    }
    this.#forgetIfIdle(counter);
  }

  #endAsRestarted(counter: Counter, errand: Errand): void {
    counter.errands.splice(counter.errands.indexOf(errand), 1);
    const { ticket, order } = errand;
    if (order.request.name === RESTART_COMMAND) {
      const outcome = { status: "success", value: null, text: "" } as const;
      this.#events.push({ kind: "ended", ticket, outcome });
      return;
    }
    const text = "the device began anew before it answered: it may or may not have run";
    this.#end(ticket, "restarted", text);
  }

  #end(ticket: Ticket, status: CommandStatus, text: string): void {
    this.#events.push({ kind: "ended", ticket, outcome: { status, value: null, text } });
  }

  #counterOf(name: string): Counter {
    const known = this.#counters.get(name);
    if (known !== undefined) return known;
    const counter: Counter = { name, life: undefined, errands: [] };
    this.#counters.set(name, counter);
    return counter;
  }

  #forgetIfIdle({ name, life, errands }: Counter): void {
    if (life === undefined && errands.length === 0) this.#counters.delete(name);
  }
}

function withinMsOf({ order }: Errand): number {
  return Math.min(Math.max(Math.ceil(order.withinMs), 0), COMMAND_WITHIN_MS_MAX);
}

/** When the errand ends, whatever comes of it. */
function deadlineOf(errand: Errand): number {
  const { sent, expiresAtMs } = errand;
  return sent === undefined ? expiresAtMs : sent.atMs + withinMsOf(errand);
}
