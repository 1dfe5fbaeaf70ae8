// Commands between two desks and a device's memory, over a path that loses, doubles and swaps what passes,
// to a device that goes, comes back and begins anew; and messages that nobody sent. What is ordered runs at
// most once, exactly once where success is told, and every order ends.

import { encodeValue } from "../../../shared/command/body.ts";
import { CommandDesk, type Ticket } from "../../../shared/command/desk.ts";
import { type CommandCall, CommandMemory } from "../../../shared/command/memory.ts";
import { COMMAND_STATUSES } from "../../../shared/errors.ts";
import type { CborValue } from "../../../shared/message/cbor.ts";
import { decodeMessage } from "../../../shared/message/decode.ts";
import type { CommandMessage, Message } from "../../../shared/message/message.ts";
import { encodedMessage } from "../../shared/notation.ts";
import { Choices } from "../choices.ts";
import { must, type Target } from "../target.ts";

const DEVICE = "cellar";
const LINKS = 2;
const SEEN_MAX = 200;

export function createTarget(): Target {
  return {
    inputBytesMax: 400,
    stepsMax: (bytes) => 200_000 + 10_000 * bytes,
    seeds,
    run: (input) => new Errands(new Choices(input)).run(),
  };
}

/** Order, send, deliver, run, answer, deliver; then with a repetition, a new life, somebody else's answer. */
function* seeds(): Generator<Uint8Array> {
  const whole = [0, 0, 20, 0, 1, 2, 0, 0, 3, 0, 4, 0, 5, 0, 0];
  yield Uint8Array.of(...whole, ...whole);
  yield Uint8Array.of(0, 0, 20, 0, 1, 2, 0, 0, 2, 1, 0, 6, 2, 0, 0, 7, 30, ...whole);
  yield Uint8Array.of(0, 1, 9, 40, 8, 0, 9, 0, ...whole, 3, 1, 4, 1, 5, 0, 1);
}

class Desk {
  readonly desk: CommandDesk;
  readonly author: number;
  /** What is waited for, by what the command is called. */
  readonly waiting = new Map<Ticket, string>();

  constructor(author: number) {
    this.author = author;
    this.desk = new CommandDesk(author);
  }
}

class Errands {
  readonly #choices: Choices;
  readonly #desks = [new Desk(1), new Desk(2)];
  readonly #ordered = new Set<string>();
  readonly #runs = new Map<string, number>();
  readonly #successes = new Set<string>();
  readonly #commands: CommandMessage[] = [];
  readonly #answers: Message[] = [];
  readonly #running: CommandCall[] = [];
  #memory = new CommandMemory(1);
  #isHere = false;
  #nowMs = 0;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  run(): void {
    while (!this.#choices.isEmpty) {
      this.#step();
      this.#settle();
    }
    this.#pass(3_000_000);
    this.#settle();
    for (const { waiting, desk } of this.#desks) {
      must(waiting.size === 0, "every order ends");
      must(desk.nextDueMs() === Number.POSITIVE_INFINITY, "and nothing is left to do");
    }
    for (const name of this.#successes) must(this.#runs.get(name) === 1, "a success ran once");
  }

  #step(): void {
    const choices = this.#choices;
    const action = choices.below(10);
    if (action === 0) this.#order();
    else if (action === 1) this.#come(this.#memory.life);
    else if (action === 2) this.#toDevice();
    else if (action === 3) this.#begin();
    else if (action === 4) this.#finish();
    else if (action === 5) this.#toDesk();
    else if (action === 6) this.#come(this.#memory.life + 1);
    else if (action === 7) this.#pass(100 * choices.byte());
    else if (action === 8) this.#leave();
    else this.#pass(choices.integer() % 1_000_000);
  }

  #order(): void {
    const choices = this.#choices;
    const { desk, waiting } = choices.pick(this.#desks);
    const name = `command-${this.#ordered.size}`;
    this.#ordered.add(name);
    const given = new Map<string, CborValue>([["n", "x".repeat(8 * choices.byte())]]);
    const awayMsMax = choices.below(2) * 1_000 * choices.byte();
    const order = {
      device: DEVICE,
      request: { name, arguments: given },
      withinMs: 10_000,
      awayMsMax,
    };
    waiting.set(desk.order(order, this.#nowMs), name);
  }

  /** A life after the present one: what ran in this one is forgotten by the device, not by us. */
  #come(life: number): void {
    if (life !== this.#memory.life) {
      this.#memory = new CommandMemory(life);
      this.#running.length = 0;
    }
    this.#isHere = true;
    for (const { desk } of this.#desks) desk.handleHere(DEVICE, life, this.#nowMs);
  }

  #leave(): void {
    this.#isHere = false;
    for (const { desk } of this.#desks) desk.handleAway(DEVICE);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** Any command that was ever sent, late or again; or one that nobody sent. */
  #toDevice(): void {
    const choices = this.#choices;
    const sent = this.#commands[this.#commands.length - 1 - choices.byte()];
    const link = choices.below(LINKS);
    if (sent !== undefined) {
      this.#memory.handleCommand(link, sent, this.#nowMs);
      return;
    }
    const made = { author: choices.byte() + 3, number: choices.integer(), withinMs: 1_000 };
    const body = choices.bytes(choices.below(40));
    const life = this.#memory.life - choices.below(2);
    this.#memory.handleCommand(link, { kind: "command", life, body, ...made }, this.#nowMs);
  }

  #begin(): void {
    const call = this.#memory.pollCall();
    if (call === undefined) return;
    this.#running.push(call);
    if (this.#ordered.has(call.name)) {
      this.#runs.set(call.name, (this.#runs.get(call.name) ?? 0) + 1);
      must(this.#runs.get(call.name) === 1, "what is ordered runs at most once");
    }
    must(this.#memory.begun < 1_000, "what runs is counted");
  }

  #finish(): void {
    const choices = this.#choices;
    const call = this.#running[choices.byte() % Math.max(1, this.#running.length)];
    if (call === undefined) return;
    const how = choices.below(4);
    if (how === 0) call.handleSuccess("y".repeat(8 * choices.byte()));
    else if (how === 1) call.handleProgress(choices.integer(), choices.integer());
    else call.handleFailure(choices.pick(COMMAND_STATUSES.slice(1, 5)), "no");
  }

  /** Any answer that was ever given, or one that the device never gave. */
  #toDesk(): void {
    const choices = this.#choices;
    const { desk } = choices.pick(this.#desks);
    const answer = this.#answers[this.#answers.length - 1 - choices.byte()];
    if (answer?.kind === "result" || answer?.kind === "progress") {
      desk.handleAnswer(DEVICE, answer);
      return;
    }
    const id = { author: choices.byte() + 3, number: choices.integer() };
    const status = choices.pick(COMMAND_STATUSES);
    const body = encodeValue(null)!;
    desk.handleAnswer(DEVICE, { kind: "result", status, body, ...id });
  }

  #settle(): void {
    for (const { desk, waiting } of this.#desks) {
      desk.handleTimeout(this.#nowMs);
      for (let next = desk.pollCommand(this.#nowMs); next; next = desk.pollCommand(this.#nowMs)) {
        must(this.#isHere, "nothing is sent to who is away");
        const again = decodeMessage(encodedMessage(next.message));
        must(again.ok && again.value.kind === "command", "what is sent can be read");
        keep(this.#commands, next.message);
      }
      for (let event = desk.pollEvent(); event; event = desk.pollEvent()) {
        if (event.kind !== "ended") continue;
        const name = waiting.get(event.ticket);
        must(name !== undefined, "an order ends once");
        waiting.delete(event.ticket);
        if (event.outcome.status === "success") this.#successes.add(name);
      }
    }
    for (let link = 0; link < LINKS; link++) {
      for (let one = this.#memory.pollAnswer(link); one; one = this.#memory.pollAnswer(link)) {
        must(decodeMessage(encodedMessage(one)).ok, "what is answered can be read");
        keep(this.#answers, one);
      }
    }
  }
}

function keep<T>(list: T[], item: T): void {
  if (list.length < SEEN_MAX) list.push(item);
}
