// A device's session under a host that says anything at any time, on links that come, go and block.
// Whatever happens: it never throws, ends each round of talking, sends nothing that it may not, asks to
// be woken later than now. And when an honest host comes at last, it gets every record that is left.

import { ByteWriter } from "../../../shared/bytes/cursor.ts";
import { schemaHash } from "../../../shared/channel.ts";
import { CommandMemory } from "../../../shared/command/memory.ts";
import { WINDOW_RECORDS_MAX } from "../../../shared/limits.ts";
import { decodeMessage } from "../../../shared/message/decode.ts";
import type { Message } from "../../../shared/message/message.ts";
import { Outbox } from "../../../shared/outbox.ts";
import { DeviceSession } from "../../../shared/session/device.ts";
import type { LinkId, LinkTraits } from "../../../shared/session/link.ts";
import { encodedMessage } from "../../shared/notation.ts";
import { Choices } from "../choices.ts";
import { batchBody, fromHost, SCHEMA, TRAITS, withToken } from "../messages.ts";
import { must, type Target } from "../target.ts";

const NONCE = 7;
const LINKS_MAX = 6;

/** Messages that a session says in one round on a link: what waits is bounded. */
const SAID_MAX = 300;

const FROM_DEVICE = ["hello", "schema", "batch", "gap", "ping", "pong", "bye"];

export function createTarget(): Target {
  return {
    inputBytesMax: 600,
    stepsMax: (bytes) => 400_000 + 20_000 * bytes,
    seeds,
    run: (input) => new Life(new Choices(input)).run(),
  };
}

/** A link comes up, the host welcomes, records go and are acknowledged; on each kind of link. */
function* seeds(): Generator<Uint8Array> {
  for (const [kind, traits] of TRAITS.entries()) {
    const end = (token: number) => [0, ...(traits.isDatagram ? [token] : [])];
    const welcome = [4, 0, 0, 0, 200, 8, 1, ...end(0)];
    const ack = [4, 0, 1, 7, 200, 0, ...end(1)];
    const start = [0, 0, kind, ...welcome, 1, 4, 1, 1, 0, 1, 1, 3, 100];
    yield Uint8Array.of(...start, ...ack, 5, 20, 4, 0, 3, 9, ...end(1), ...ack);
    yield Uint8Array.of(...start, 0, 0, 4, 1, 0, 0, 200, 8, 1, 0, 7, 1, 1, 2, 0, ...ack);
  }
}

interface OpenLink {
  readonly traits: LinkTraits;
  isBlocked: boolean;
}

class Life {
  readonly #choices: Choices;
  readonly #outbox = new Outbox({ bytesMax: 4_400, recordsMax: 32 });
  readonly #session: DeviceSession;
  readonly #links = new Map<LinkId, OpenLink>();
  readonly #writer = new ByteWriter(new Uint8Array(2_048));
  #nextLink: LinkId = 1;
  #nowMs = 1_000;

  constructor(choices: Choices) {
    this.#choices = choices;
    this.#session = new DeviceSession({
      device: "a",
      epoch: "00112233445566aa",
      firmware: "",
      reset: "",
      schemas: [
        { number: 0, hash: schemaHash(SCHEMA), body: SCHEMA },
        { number: 1, hash: 1, body: undefined },
      ],
      records: this.#outbox,
      commands: new CommandMemory(1),
      isPast: choices.below(4) === 3,
    });
  }

  run(): void {
    while (!this.#choices.isEmpty) {
      this.#step();
      this.#settle();
    }
    this.#meetHonestHost();
  }

  #step(): void {
    const choices = this.#choices;
    switch (choices.below(8)) {
      case 0:
        this.#open(choices.pick(TRAITS));
        break;
      case 1:
        for (let count = choices.below(16); count >= 0; count--) this.#produce();
        break;
      case 2:
        this.#close(this.#pickLink());
        break;
      case 3:
        this.#pass(choices.byte());
        break;
      case 4:
        this.#hear(this.#pickLink());
        break;
      case 5:
        this.#pass(100 * choices.byte());
        break;
      case 6: {
        const link = this.#links.get(this.#pickLink());
        if (link !== undefined) link.isBlocked = !link.isBlocked;
        break;
      }
      default:
        if (choices.below(8) === 0) this.#session.sayBye();
        else this.#session.useLink(this.#pickLink());
    }
  }

  #pickLink(): LinkId {
    const ids = [...this.#links.keys()];
    return ids.length === 0 ? 0 : this.#choices.pick(ids);
  }

  #open(traits: LinkTraits): LinkId {
    if (this.#links.size >= LINKS_MAX) return 0;
    const id = this.#nextLink++;
    this.#links.set(id, { traits, isBlocked: false });
    this.#session.handleLinkUp(id, traits, NONCE, this.#nowMs);
    return id;
  }

  #close(id: LinkId): void {
    this.#links.delete(id);
    this.#session.handleLinkDown(id);
  }

  #produce(): void {
    const facts = { readings: 1, firstMs: this.#nowMs, lastMs: this.#nowMs };
    if (this.#choices.below(6) === 0) this.#outbox.appendGap("oversize", facts);
    else this.#outbox.appendBatch(batchBody(1), facts);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#session.handleTimeout(this.#nowMs);
    const nextMs = this.#session.pollTimeoutMs();
    must(nextMs === undefined || nextMs > this.#nowMs, "it asks to be woken later than now");
  }

  #hear(id: LinkId): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    const message = fromHost(this.#choices, this.#outbox.sentEnd, NONCE);
    const bytes = withToken(this.#choices, link.traits, message);
    this.#session.handleMessage(id, bytes, this.#nowMs);
    bytes.fill(0xee); // it must have kept nothing of it
  }

  #settle(): void {
    let events = 0;
    for (let event = this.#session.pollEvent(); event; event = this.#session.pollEvent()) {
      must(++events <= 2 + LINKS_MAX, "few events for each thing that happens");
      if (event.kind !== "welcomed" && event.kind !== "stored") this.#close(event.link);
    }
    for (const [id, { isBlocked }] of this.#links) if (!isBlocked) this.#talk(id);
  }

  /** All that the session has to say on the link. */
  #talk(id: LinkId): Message[] {
    const said: Message[] = [];
    const writer = this.#writer;
    writer.reset(writer.bytes);
    while (this.#session.pollTransmit(id, writer, this.#nowMs)) {
      must(!writer.failed, "what it says fits");
      const { isDatagram } = this.#links.get(id)!.traits;
      const decoded = decodeMessage(writer.written().subarray(isDatagram ? 4 : 0));
      must(decoded.ok && FROM_DEVICE.includes(decoded.value.kind), "it says what a device says");
      said.push(decoded.value);
      must(said.length <= SAID_MAX, "it comes to an end");
      writer.reset(writer.bytes);
    }
    must(this.#session.flight.onTheirWay <= WINDOW_RECORDS_MAX, "no more than a window on its way");
    return said;
  }

  /** It has stored what the device no longer has, and takes what comes in order. */
  #meetHonestHost(): void {
    for (const id of [...this.#links.keys()]) this.#close(id);
    const outbox = this.#outbox;
    let next = outbox.first;
    const id = this.#open(TRAITS[0]!);
    const say = (message: Message) =>
      this.#session.handleMessage(id, encodedMessage(message), this.#nowMs);
    say({
      kind: "welcome",
      version: 1,
      nonce: NONCE,
      token: 0,
      next,
      window: WINDOW_RECORDS_MAX,
      wanted: [],
      collector: "honest",
    });
    for (let round = 0; round < 40 && !outbox.isEmpty; round++) {
      for (const message of this.#talk(id)) {
        if (message.kind === "batch" && message.sequence === next) next++;
        if (message.kind === "gap" && message.sequence === next) next += message.count;
      }
      say({ kind: "ack", next, window: WINDOW_RECORDS_MAX, bitmap: new Uint8Array(0) });
      while (this.#session.pollEvent() !== undefined);
    }
    must(outbox.isEmpty, "an honest host gets every record that is left");
  }
}
