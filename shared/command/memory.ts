// The commands that came to a device, so that none runs twice however often it is repeated and over
// whichever links. PROTOCOL 7.9. One for each life of the device: it outlives sessions and links.
//
// A host sends a device one command of its own at a time, with numbers that rise. So the last number of
// each host is all that must be remembered, and the result of that command is all that must be kept. A
// host is forgotten once it can repeat nothing any more: it says for how long it will.

import type { CommandStatus } from "../errors.ts";
import { COMMAND_AUTHORS_MAX } from "../limits.ts";
import type { CborMap, CborValue } from "../message/cbor.ts";
import type { CommandMessage, Message } from "../message/message.ts";
import type { LinkId } from "../session/link.ts";
import { decodeRequest, encodeReason, encodeValue } from "./body.ts";

/** A message that was sent last may be on its way for so long: that of a datagram, given generously. */
const STRAY_MS_MAX = 30_000;

/** Answers to commands of another life that wait for room; what is beyond is asked again. */
const STRAYS_MAX = 4;

/** A command that is to be run, and where to tell how it goes. */
export interface CommandCall {
  readonly name: string;
  readonly arguments: CborMap;
  /** It is so far; `total` 0 where nobody knows. */
  handleProgress(done: number, total: number): void;
  /** It has succeeded. */
  handleSuccess(value: CborValue): void;
  /** It has not. `text` is for people. */
  handleFailure(status: CommandStatus, text: string): void;
}

export class CommandMemory {
  /** Random; told in every hello. */
  readonly life: number;
  /** Commands that were begun. */
  begun = 0;
  /** Messages that were dropped: repetitions that came too late, hosts for which there was no room. */
  dropped = 0;
  readonly #entries: Entry[] = [];
  readonly #strays: { readonly link: LinkId; readonly message: Message }[] = [];

  constructor(life: number) {
    this.life = life;
  }

  /** A command came, perhaps not for the first time. */
  handleCommand(link: LinkId, message: CommandMessage, nowMs: number): void {
    if (message.life !== this.life) {
      this.#refuseStray(link, message);
      return;
    }
    const known = this.#entries.find(({ author }) => author === message.author);
    if (known !== undefined && message.number <= known.number) this.#repeat(known, link, message);
    else this.#accept(link, message, nowMs);
  }

  /** The next command to run; undefined where there is none. */
  pollCall(): CommandCall | undefined {
    const entry = this.#entries.find(({ isNew }) => isNew);
    if (entry === undefined) return undefined;
    entry.isNew = false;
    const request = decodeRequest(entry.body);
    if (request === undefined) {
      entry.handleFailure("bad-arguments", "the command cannot be read");
      return this.pollCall();
    }
    this.begun++;
    entry.name = request.name;
    entry.arguments = request.arguments;
    return entry;
  }

  /** The next result or progress for this link; undefined where there is none. */
  pollAnswer(link: LinkId): Message | undefined {
    const stray = this.#strays.findIndex((answer) => answer.link === link);
    if (stray >= 0) return this.#strays.splice(stray, 1)[0]!.message;
    const entry = this.#entries.find((one) => one.isAnswerDue && one.link === link);
    return entry?.takeAnswer();
  }

  #refuseStray(link: LinkId, { author, number }: CommandMessage): void {
    if (this.#strays.length >= STRAYS_MAX) this.#strays.shift();
    const body = encodeReason("this device has begun anew");
    const message = { kind: "result", author, number, status: "restarted", body } as const;
    this.#strays.push({ link, message });
  }

  #repeat(entry: Entry, link: LinkId, { number }: CommandMessage): void {
    if (number < entry.number) {
      this.dropped++;
      return;
    }
    entry.link = link;
    entry.isAnswerDue = true;
  }

  #accept(link: LinkId, message: CommandMessage, nowMs: number): void {
    const index = this.#placeFor(message.author, nowMs);
    if (index < 0) {
      this.dropped++;
      return;
    }
    const forgetAtMs = nowMs + message.withinMs + STRAY_MS_MAX;
    this.#entries[index] = new Entry(link, message, forgetAtMs);
  }

  /** The author's own place, or a free one, or that of an author that repeats nothing any more; -1 where there is none. */
  #placeFor(author: number, nowMs: number): number {
    const own = this.#entries.findIndex((entry) => entry.author === author);
    if (own >= 0) return own;
    if (this.#entries.length < COMMAND_AUTHORS_MAX) return this.#entries.length;
    return this.#entries.findIndex((entry) => entry.hasEnded && nowMs >= entry.forgetAtMs);
  }
}

/** The last command of one host. */
class Entry implements CommandCall {
  readonly author: number;
  readonly number: number;
  readonly forgetAtMs: number;
  /** On which it came last. */
  link: LinkId;
  /** Not begun yet. */
  isNew = true;
  isAnswerDue = false;
  name = "";
  arguments: CborMap = new Map();
  /** The request, then the result. */
  body: Uint8Array;
  #status: CommandStatus | undefined;
  #done = 0;
  #total = 0;

  constructor(link: LinkId, message: CommandMessage, forgetAtMs: number) {
    const { author, number, body } = message;
    this.author = author;
    this.number = number;
    this.body = body.slice();
    this.forgetAtMs = forgetAtMs;
    this.link = link;
  }

  get hasEnded(): boolean {
    return this.#status !== undefined;
  }

  handleProgress(done: number, total: number): void {
    if (this.hasEnded) return;
    this.#done = done;
    this.#total = total;
    this.isAnswerDue = true;
  }

  handleSuccess(value: CborValue): void {
    const body = encodeValue(value);
    if (body === undefined) this.handleFailure("failed", "the result is longer than a message");
    else this.#end("success", body);
  }

  handleFailure(status: CommandStatus, text: string): void {
    this.#end(status, encodeReason(text));
  }

  takeAnswer(): Message {
    this.isAnswerDue = false;
    const { author, number, body } = this;
    const status = this.#status;
    return status === undefined
      ? { kind: "progress", author, number, done: this.#done, total: this.#total }
      : { kind: "result", author, number, status, body };
  }

  #end(status: CommandStatus, body: Uint8Array): void {
    if (this.hasEnded) return;
    this.#status = status;
    this.body = body;
    this.isAnswerDue = true;
  }
}
