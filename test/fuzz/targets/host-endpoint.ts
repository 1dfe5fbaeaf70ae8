// The host's end under devices that say anything at any time, on links that come, go and block, with a
// store that answers late, out of order or never. Whatever happens: it never throws, ends each round of
// talking, sends nothing that it may not; it hands on each record once and in order, asks the store one
// question an epoch at a time, and acknowledges only what is stored.

import { ByteWriter } from "../../../shared/bytes/cursor.ts";
import { WINDOW_RECORDS_MAX } from "../../../shared/limits.ts";
import { decodeMessage } from "../../../shared/message/decode.ts";
import type { Hello } from "../../../shared/message/message.ts";
import { HostEndpoint } from "../../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../../shared/session/host-event.ts";
import { endOf, type HostSession } from "../../../shared/session/host-session.ts";
import type { LinkId, LinkTraits } from "../../../shared/session/link.ts";
import { Choices } from "../choices.ts";
import { fromDevice, TRAITS, usualLife, withToken } from "../messages.ts";
import { must, type Target } from "../target.ts";

const LINKS_MAX = 8;

/** Answers that wait, an acknowledgement and a ping, on each link. */
const SAID_MAX = 20 * LINKS_MAX;

const FROM_HOST = ["welcome", "refuse", "want", "ack", "ping", "pong", "bye"];

export function createTarget(): Target {
  return {
    inputBytesMax: 600,
    stepsMax: (bytes) => 100_000 + 20_000 * bytes,
    seeds,
    run: (input) => new Desk(new Choices(input)).run(),
  };
}

/** A link comes up, a device greets, the store answers, records come and are stored; on each kind of link. */
function* seeds(): Generator<Uint8Array> {
  for (const [kind, traits] of TRAITS.entries()) {
    const { hello, schema, batch, gap, ping, pong } = usualLife(traits, [0]);
    const records = [1, 0, ...batch, 1, 0, ...gap, 1, 0, ...batch, 3, 0, 0];
    const clock = [5, 40, 0, 1, 0, ...ping, 1, 0, ...pong];
    const answer = [2, 0, 0, 0];
    yield Uint8Array.of(
      0,
      kind,
      0,
      1,
      0,
      ...hello,
      ...answer,
      1,
      0,
      ...schema,
      ...records,
      ...clock,
    );
    yield Uint8Array.of(
      0,
      kind,
      0,
      1,
      0,
      ...hello,
      ...answer,
      ...records,
      1,
      0,
      ...hello,
      ...answer,
    );
  }
}

/** What the store has of an epoch. */
interface Kept {
  next: number;
  readonly schemas: Set<number>;
}

class Desk {
  readonly #choices: Choices;
  readonly #endpoint = new HostEndpoint({ collector: "", hellosPerSecondMax: 50 });
  readonly #links = new Map<LinkId, LinkTraits>();
  readonly #store = new Map<string, Kept>();
  /** Where each session's next record begins. */
  readonly #expected = new Map<HostSession, number>();
  readonly #asked: Hello[] = [];
  readonly #writer = new ByteWriter(new Uint8Array(2_048));
  #nextLink: LinkId = 1;
  #nowMs = 1_000;

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  run(): void {
    while (!this.#choices.isEmpty) {
      this.#step();
      this.#drainEvents();
      if (this.#choices.below(4) !== 3) this.#talk();
    }
    this.#endpoint.handleShutdown("going-down", 1);
    this.#drainEvents();
    this.#talk();
  }

  #step(): void {
    const choices = this.#choices;
    switch (choices.below(7)) {
      case 0:
        this.#open();
        break;
      case 1:
        this.#hear();
        break;
      case 2:
        this.#answer();
        break;
      case 3:
        this.#commit();
        break;
      case 4:
        this.#pass(choices.byte());
        break;
      case 5:
        this.#pass(100 * choices.byte());
        break;
      default:
        this.#disturb();
    }
  }

  #disturb(): void {
    const choices = this.#choices;
    const id = this.#pickLink();
    const [session] = this.#expected.keys();
    switch (choices.below(4)) {
      case 0:
        this.#close(id);
        break;
      case 1:
        this.#endpoint.handleLinkBlocked(id, choices.below(2) === 1);
        break;
      case 2:
        if (session !== undefined) this.#endpoint.handleRecordRefused(session, "no");
        break;
      default: {
        const asked = this.#asked.shift();
        if (asked !== undefined) this.#endpoint.handleResumeFailed(asked);
      }
    }
  }

  #pickLink(): LinkId {
    const ids = [...this.#links.keys()];
    return ids.length === 0 ? 0 : this.#choices.pick(ids);
  }

  #open(): void {
    if (this.#links.size >= LINKS_MAX) return;
    const traits = this.#choices.pick(TRAITS);
    const id = this.#nextLink++;
    this.#links.set(id, traits);
    this.#endpoint.handleLinkUp(id, traits, this.#nowMs);
  }

  #close(id: LinkId): void {
    this.#links.delete(id);
    this.#endpoint.handleLinkDown(id);
  }

  #hear(): void {
    const id = this.#pickLink();
    const traits = this.#links.get(id);
    if (traits === undefined) return;
    const near = [...this.#expected.values()].at(-1) ?? 0;
    const bytes = withToken(this.#choices, traits, fromDevice(this.#choices, near));
    this.#endpoint.handleMessage(id, bytes, this.#nowMs);
    this.#drainEvents();
    bytes.fill(0xee); // it must have kept nothing of it
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#endpoint.handleTimeout(this.#nowMs);
    const nextMs = this.#endpoint.pollTimeoutMs();
    must(nextMs === undefined || nextMs > this.#nowMs, "it asks to be woken later than now");
  }

  /** As host/store/writer.ts does: what the device no longer has was acknowledged elsewhere. */
  #answer(): void {
    const at = this.#choices.byte();
    const [hello] = this.#asked.splice(at % Math.max(1, this.#asked.length), 1);
    if (hello === undefined) return;
    const key = keyOf(hello);
    const kept = this.#store.get(key) ?? { next: hello.first, schemas: new Set<number>() };
    this.#store.set(key, kept);
    if (hello.next >= kept.next) kept.next = Math.max(kept.next, hello.first);
    const resumed = { epochId: 1, next: kept.next, schemas: [...kept.schemas] };
    this.#endpoint.handleResumed(hello, resumed, 1 + this.#choices.below(2), this.#nowMs);
  }

  /** All that one session handed on is on disk. */
  #commit(): void {
    const sessions = [...this.#expected.keys()];
    const session = sessions[this.#choices.byte() % Math.max(1, sessions.length)];
    if (session === undefined) return;
    const kept = this.#store.get(keyOf(session))!;
    kept.next = Math.max(kept.next, this.#expected.get(session)!);
    this.#endpoint.handleStored(session, kept.next);
    must(session.stored <= session.received, "what is stored was handed on");
    must(session.earlyCount <= WINDOW_RECORDS_MAX, "no more waits than the window grants");
  }

  #drainEvents(): void {
    let events = 0;
    const endpoint = this.#endpoint;
    for (let event = endpoint.pollEvent(); event; event = endpoint.pollEvent()) {
      must(++events <= WINDOW_RECORDS_MAX + LINKS_MAX, "few events for each thing that happens");
      this.#handle(event);
    }
  }

  #handle(event: HostEvent): void {
    switch (event.kind) {
      case "resume":
        must(
          !this.#asked.some((asked) => keyOf(asked) === keyOf(event.hello)),
          "the store is asked about an epoch once at a time",
        );
        this.#asked.push(event.hello);
        break;
      case "record": {
        const { session, record } = event;
        const expected = this.#expected.get(session) ?? Number.NaN;
        const isSkipped = record.sequence > expected && record.sequence <= session.stored;
        must(record.sequence === expected || isSkipped, "records come once, and in order");
        this.#expected.set(session, endOf(record));
        break;
      }
      case "welcomed":
        if (event.session.received === event.session.stored || !this.#expected.has(event.session)) {
          this.#expected.set(event.session, event.session.received);
        }
        break;
      case "schema":
        this.#store.get(keyOf(event.session))?.schemas.add(event.schema.number);
        break;
      case "close":
        this.#talk(); // the farewell
        this.#close(event.link);
        break;
      default:
    }
  }

  #talk(): void {
    const writer = this.#writer;
    for (let said = 0; ; said++) {
      must(said <= SAID_MAX, "it comes to an end");
      writer.reset(writer.bytes);
      const id = this.#endpoint.pollTransmit(writer, this.#nowMs);
      if (id === undefined) return;
      const traits = this.#links.get(id);
      must(traits !== undefined && !writer.failed, "it speaks on links that are open, and it fits");
      this.#checkSaid(writer.written().subarray(traits.isDatagram ? 4 : 0));
    }
  }

  #checkSaid(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    must(decoded.ok && FROM_HOST.includes(decoded.value.kind), "it says what a host says");
    if (decoded.value.kind !== "ack") return;
    const { next } = decoded.value;
    const isStored = [...this.#store.values()].some((kept) => kept.next >= next);
    must(isStored, "what is acknowledged is stored");
  }
}

function keyOf({ device, epoch }: { device: string; epoch: string }): string {
  return `${epoch} ${device}`;
}
