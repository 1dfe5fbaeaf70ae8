// Commands from people to devices, as the collector carries them: which session leads to a device, who
// waits for which answer, what is told and kept of it.

import { CommandDesk, type CommandOutcome, type Ticket } from "../../shared/command/desk.ts";
import type {
  CommandMessage,
  ProgressMessage,
  ResultMessage,
} from "../../shared/message/message.ts";
import type { HostSession } from "../../shared/session/host-session.ts";
import { type Errand, type Outcome, outcomeOf, requestOf } from "../commands/courier.ts";
import { requestText } from "../commands/request-text.ts";
import { formatKey } from "../keys/device-keys.ts";
import type { CollectorEvent } from "./events.ts";
import { KeyMover } from "./key-mover.ts";

/** For a device to say that it has kept its new key. */
const KEY_WITHIN_MS = 10_000;

export interface DeviceCommandsOptions {
  /** 32 random bits. */
  readonly author: number;
  readonly send: (session: HostSession, message: CommandMessage) => void;
  readonly tell: (event: CollectorEvent) => void;
  /** See KeyMover. */
  readonly newerKeyOf: (device: string) => Uint8Array | undefined;
}

interface Waiting {
  readonly device: string;
  readonly errand: Errand;
  readonly resolve: (outcome: Outcome) => void;
}

export class DeviceCommands {
  readonly #options: DeviceCommandsOptions;
  readonly #desk: CommandDesk;
  readonly #sessions = new Map<string, HostSession>();
  readonly #waiting = new Map<Ticket, Waiting>();
  readonly #mover: KeyMover;

  constructor(options: DeviceCommandsOptions) {
    this.#options = options;
    this.#desk = new CommandDesk(options.author);
    this.#mover = new KeyMover({
      newerKeyOf: options.newerKeyOf,
      bring: (device, key, nowMs) => this.#bringKey(device, key, nowMs),
    });
  }

  /** Carries a command to a device. Resolves with how it ended, whatever that is. `pump` is the caller's to call. */
  order(device: string, errand: Errand, nowMs: number): Promise<Outcome> {
    const request = requestOf(errand);
    const { withinMs, awayMsMax } = errand;
    const text = requestText(request);
    this.#options.tell({ event: "command", device, command: errand.name, text });
    return new Promise((resolve) => {
      const ticket = this.#desk.order({ device, request, withinMs, awayMsMax }, nowMs);
      this.#waiting.set(ticket, { device, errand, resolve });
    });
  }

  /** The device was welcomed on a link of this session. */
  handleWelcomed(session: HostSession, nowMs: number): void {
    this.#sessions.set(session.device, session);
    this.#desk.handleHere(session.device, session.life, nowMs);
    this.#mover.handleHere(session.device, nowMs);
  }

  handleKeysChanged(nowMs: number): void {
    for (const device of this.#sessions.keys()) this.#mover.handleHere(device, nowMs);
  }

  /** A link of this session is gone. */
  handleLinkGone(session: HostSession): void {
    if (session.links.size > 0 || this.#sessions.get(session.device) !== session) return;
    this.#sessions.delete(session.device);
    this.#desk.handleAway(session.device);
    this.#mover.handleAway(session.device);
  }

  handleAnswer(device: string, message: ResultMessage | ProgressMessage): void {
    this.#desk.handleAnswer(device, message);
  }

  /** Sends what is due, and tells those who wait. */
  pump(nowMs: number): void {
    const desk = this.#desk;
    this.#mover.pump(nowMs);
    desk.handleTimeout(nowMs);
    for (let next = desk.pollCommand(nowMs); next !== undefined; next = desk.pollCommand(nowMs)) {
      const session = this.#sessions.get(next.device);
      if (session !== undefined) this.#options.send(session, next.message);
    }
    for (let event = desk.pollEvent(); event !== undefined; event = desk.pollEvent()) {
      const waiting = this.#waiting.get(event.ticket);
      if (waiting === undefined) continue;
      if (event.kind === "sent") waiting.errand.handleSent?.();
      else if (event.kind === "progress") waiting.errand.handleProgress?.(event.done, event.total);
      else this.#end(event.ticket, waiting, event.outcome);
    }
  }

  /** How that ends shows by the key under which the device talks next. */
  #bringKey(device: string, key: Uint8Array, nowMs: number): void {
    const given = { key: formatKey(key) };
    void this.order(
      device,
      { name: "set", arguments: given, withinMs: KEY_WITHIN_MS, awayMsMax: 0 },
      nowMs,
    );
  }

  #end(ticket: Ticket, { device, errand, resolve }: Waiting, outcome: CommandOutcome): void {
    this.#waiting.delete(ticket);
    const { status, text } = outcome;
    this.#options.tell({ event: "result", device, command: errand.name, status, text });
    resolve(outcomeOf(outcome));
  }
}
