// The host's end of the protocol: all links and sessions of one collector. PROTOCOL 7.
//
// Sans-I/O, as shared/session/device.ts is. What the store must do comes out of `pollEvent`, in the
// order in which it must be done; the store's answers go back in by `handleResumed` and
// `handleStored`. Byte fields of events are views of the input: use or copy
// them before the next input.

import { readBatchHeader } from "../batch/header.ts";
import { ByteReader, type ByteWriter } from "../bytes/cursor.ts";
import type { ByeReason, RefusalCode } from "../errors.ts";
import { PROTOCOL_VERSION, WINDOW_RECORDS_MAX } from "../limits.ts";
import { decodeMessage } from "../message/decode.ts";
import type { CommandMessage, Hello, Message, SchemaMessage } from "../message/message.ts";
import { Admission } from "./admission.ts";
import type { BlobPort } from "./blob-port.ts";
import type { HostEvent, Resumed } from "./host-event.ts";
import { HostLink } from "./host-link.ts";
import { type HostRecord, HostSession } from "./host-session.ts";
import type { LinkId, LinkTraits } from "./link.ts";
import { keyOf, LOOKUPS_RETRY_MS, Lookups } from "./lookup.ts";

/** How often links are looked over for silence and due pings. */
const SWEEP_PERIOD_MS = 1_000;

/** Hellos a second that a collector takes by default: a commit each, and the store has others to make. */
const HELLOS_PER_SECOND_MAX = 500;

/** Hellos that may come at once before the others are told when to come back. */
const HELLO_BURST_MAX = 250;

export interface HostEndpointOptions {
  /** Name and version of this collector, for the devices' logs. */
  readonly collector: string;
  readonly hellosPerSecondMax?: number;
  /** It stores nothing, and devices keep their records to themselves (PROTOCOL 7.10). */
  readonly isRecordless?: boolean;
  /** Files travel beside the records where it is given. */
  readonly blobs?: BlobPort;
}

export class HostEndpoint {
  /** Messages that were no use: wrong token, records of no session, duplicates are not among them. */
  ignored = 0;
  /** Records that came again after they had been handed on. */
  duplicates = 0;
  /** Devices that were told to come back later. */
  postponed = 0;
  /** Peers turned away, by any code. */
  refusals = 0;

  readonly #options: HostEndpointOptions;
  readonly #links = new Map<LinkId, HostLink>();
  readonly #sessions = new Map<string, HostSession>();
  readonly #lookups = new Lookups();
  readonly #events: HostEvent[] = [];
  /** Links that have something to send. */
  readonly #ready = new Set<HostLink>();
  readonly #admission: Admission;
  #sweepAtMs = 0;

  constructor(options: HostEndpointOptions) {
    this.#options = options;
    this.#admission = new Admission(
      options.hellosPerSecondMax ?? HELLOS_PER_SECOND_MAX,
      HELLO_BURST_MAX,
    );
  }

  get linkCount(): number {
    return this.#links.size;
  }

  /** A path opened. */
  handleLinkUp(id: LinkId, traits: LinkTraits, nowMs: number): void {
    this.#links.set(id, new HostLink(id, traits, nowMs));
  }

  handleLinkDown(id: LinkId): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    this.#ready.delete(link);
    link.lookup?.leave(link);
    this.#leaveSession(link);
  }

  /** The link's socket takes no more (true), or takes again (false). */
  handleLinkBlocked(id: LinkId, isBlocked: boolean): void {
    const link = this.#links.get(id);
    if (link !== undefined) link.isBlocked = isBlocked;
  }

  /** The blobs have something to say on the link. */
  handleBlobsReady(id: LinkId): void {
    const link = this.#links.get(id);
    if (link !== undefined) this.#ready.add(link);
  }

  /** One message from a link's framing. `device`: who sealed it, where it was sealed. */
  handleMessage(id: LinkId, bytes: Uint8Array, nowMs: number, device?: string): void {
    const link = this.#links.get(id);
    if (link === undefined || link.isClosing) return;
    const { body, isCurrent } = link.stripToken(bytes);
    if (!isCurrent) {
      this.#sayUnknown(link);
      return;
    }
    const decoded = decodeMessage(body);
    if (!decoded.ok) {
      this.#refuse(link, decoded.code, refusalText(decoded.code, decoded.peerVersion));
      return;
    }
    link.heardAtMs = nowMs;
    const { value } = decoded;
    if (value.kind === "hello" && device !== undefined && value.device !== device) {
      this.#refuse(link, "keys", `device ${value.device} came under the key of device ${device}`);
      return;
    }
    this.#dispatch(link, value, nowMs);
  }

  /** A greeting in the clear where keys are required. Only a whole one is answered: it is longer than the answer. */
  handleUnsealed(id: LinkId, bytes: Uint8Array): void {
    const link = this.#links.get(id);
    if (link === undefined || link.isClosing) return;
    const decoded = decodeMessage(link.stripToken(bytes).body);
    this.ignored++;
    if (!decoded.ok || decoded.value.kind !== "hello") {
      this.#close(link, "a greeting that cannot be read");
      return;
    }
    this.#refuse(
      link,
      "keys",
      `device ${decoded.value.device} has no key, and this collector wants one`,
    );
  }

  /** The store answered the "resume" event of this hello. `token`: 32 random bits. */
  handleResumed(hello: Hello, resumed: Resumed, token: number, nowMs: number): void {
    const lookup = this.#lookups.take(hello);
    if (lookup === undefined) return;
    for (const [link, latest] of lookup.take()) {
      if (link.isClosing) continue;
      if (!lookup.answers(latest, resumed.next)) {
        this.#lookUp(link, latest);
        continue;
      }
      const session = this.#joinSession(link, latest, resumed);
      link.enter(session, latest.nonce, token, nowMs);
      this.#welcome(link, session, latest);
    }
  }

  /** The store can never answer the "resume" event of this hello. Whoever waits will ask again. */
  handleResumeFailed(hello: Hello): void {
    this.#lookups.take(hello)?.take();
  }

  /** Every record of the session before `next` is on disk. */
  handleStored(session: HostSession, next: number): void {
    session.handleStored(next);
    for (const link of session.links) this.#releaseEarly(link, session);
    if (session.isAckDue) this.#readyForAck(session);
  }

  /** The store cannot take a record of this session: it does not fit its schema. */
  handleRecordRefused(session: HostSession, fault: string): void {
    for (const link of session.links) this.#refuse(link, "schema", fault);
  }

  /** Has a command sent to the session's device, if a link has room. It is the caller's to repeat it. */
  sendCommand(session: HostSession, command: CommandMessage): void {
    const link = session.latestLink;
    if (link === undefined || link.isClosing) return;
    if (link.answer(command)) this.#ready.add(link);
  }

  /** Ends every session in order. The links are to be closed afterwards. */
  handleShutdown(reason: ByeReason, retryAfterMs: number): void {
    for (const link of this.#links.values()) {
      this.#answer(link, { kind: "bye", reason, retryAfterMs });
      this.#close(link, "the collector stops");
    }
  }

  /** Lets time pass: silent links, due pings. */
  handleTimeout(nowMs: number): void {
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + SWEEP_PERIOD_MS;
    for (const link of this.#links.values()) this.#sweep(link, nowMs);
  }

  /** When `handleTimeout` should next be called. */
  pollTimeoutMs(): number | undefined {
    return this.#links.size === 0 ? undefined : this.#sweepAtMs;
  }

  pollEvent(): HostEvent | undefined {
    return this.#events.shift();
  }

  /**
   * Writes the next message at the writer's position and returns the link that it is for; undefined
   * where nothing is to be sent.
   */
  pollTransmit(writer: ByteWriter, nowMs: number): LinkId | undefined {
    for (const link of this.#ready) {
      if (link.isBlocked) continue;
      const start = writer.position;
      if (link.writeNext(writer, nowMs) || this.#writeBlob(link, writer, nowMs)) return link.id;
      writer.position = start;
      this.#ready.delete(link);
    }
    return undefined;
  }

  /** After all else that is to be said on the link. */
  #writeBlob(link: HostLink, writer: ByteWriter, nowMs: number): boolean {
    const { blobs } = this.#options;
    if (blobs === undefined || link.session === undefined || link.isClosing) return false;
    link.writeToken(writer);
    return blobs.writeNext(link.id, writer, nowMs);
  }

  #dispatch(link: HostLink, message: Message, nowMs: number): void {
    if (message.kind === "hello") {
      this.#handleHello(link, message, nowMs);
      return;
    }
    if (message.kind === "refuse") {
      this.#close(link, `the device turned us away: ${message.code} ${message.detail}`);
      return;
    }
    if (link.session === undefined) {
      this.#sayUnknown(link);
      return;
    }
    this.#dispatchInSession(link, link.session, message, nowMs);
  }

  #handleHello(link: HostLink, hello: Hello, nowMs: number): void {
    const retryAfterMs = this.#admission.handleArrival(nowMs);
    if (retryAfterMs > 0) {
      this.#postpone(link, retryAfterMs, "too many devices came at once");
      return;
    }
    this.#lookUp(link, hello);
  }

  #postpone(link: HostLink, retryAfterMs: number, why: string): void {
    this.postponed++;
    this.#answer(link, { kind: "bye", reason: "busy", retryAfterMs });
    this.#close(link, `${why}; it was told when to come back`);
  }

  /** Has the store asked, where it is not being asked already. */
  #lookUp(link: HostLink, hello: Hello): void {
    const outcome = this.#lookups.join(link, hello);
    if (outcome === "full") {
      this.#postpone(link, LOOKUPS_RETRY_MS, "too many devices wait for the store");
    } else if (outcome === "asked") {
      this.#events.push({ kind: "resume", hello });
    }
  }

  #dispatchInSession(link: HostLink, session: HostSession, message: Message, nowMs: number): void {
    switch (message.kind) {
      case "batch":
        if (!this.#hasSchema(link, session, message.body)) return;
        this.#handleRecord(link, session, message);
        break;
      case "gap":
        this.#handleRecord(link, session, message);
        break;
      case "schema":
        this.#handleSchema(link, session, message);
        break;
      case "ping":
        this.#answer(link, { kind: "pong", id: message.id, timeMs: Math.floor(nowMs) });
        link.isAckAsked = true;
        break;
      case "pong": {
        const sample = link.handlePong(message, nowMs);
        if (sample !== undefined) this.#events.push({ kind: "clock", session, sample });
        break;
      }
      case "result":
      case "progress":
        this.#events.push({ kind: "answer", session, message });
        break;
      case "bye":
        this.#close(link, `the device said bye: ${message.reason}`);
        break;
      case "blob":
      case "blob-end":
      case "chunk":
      case "chunk-ack":
        this.#options.blobs?.handleMessage(link.id, message, nowMs);
        break;
      default:
        this.#refuse(link, "unexpected", `a device does not send "${message.kind}"`);
    }
  }

  #handleSchema(link: HostLink, session: HostSession, schema: SchemaMessage): void {
    const { number } = schema;
    if (session.schemas.has(number)) return; // it came twice
    const fault = session.schemaFault(schema);
    if (fault !== undefined) {
      this.#refuse(link, "schema", `schema ${number}: ${fault}`);
      return;
    }
    session.addSchema(number);
    this.#events.push({ kind: "schema", session, schema });
  }

  #handleRecord(link: HostLink, session: HostSession, record: HostRecord): void {
    const reception = session.handleRecord(record);
    if (reception === "duplicate") this.duplicates++;
    if (reception === "beyond-window") this.ignored++;
    if (session.isAckDue) this.#ready.add(link);
    if (reception !== "in-order") return;
    this.#events.push({ kind: "record", link: link.id, session, record });
    this.#releaseEarly(link, session);
  }

  /** Hands on what waited for its turn and has it. */
  #releaseEarly(link: HostLink, session: HostSession): void {
    for (let next = session.pollEarly(); next !== undefined; next = session.pollEarly()) {
      this.#events.push({ kind: "record", link: link.id, session, record: next });
    }
  }

  /**
   * A batch whose schema is not known is not taken. On a link that loses messages the schema may
   * have been lost: the device is asked for it and sends both again.
   */
  #hasSchema(link: HostLink, session: HostSession, body: Uint8Array): boolean {
    const header = readBatchHeader(new ByteReader(body));
    if (header === undefined) {
      this.#refuse(link, "malformed", "a batch with a head that cannot be read");
      return false;
    }
    if (session.schemas.has(header.schema)) return true;
    if (link.traits.isReliable) {
      this.#refuse(link, "schema", `schema ${header.schema} was never sent`);
    } else {
      this.ignored++;
      this.#answer(link, { kind: "want", number: header.schema });
    }
    return false;
  }

  #welcome(link: HostLink, session: HostSession, hello: Hello): void {
    const { collector, isRecordless } = this.#options;
    const wanted = isRecordless ? [] : hello.schemas.map(({ number }) => number);
    this.#answer(link, {
      kind: "welcome",
      version: PROTOCOL_VERSION,
      nonce: hello.nonce,
      token: link.token,
      next: session.stored,
      window: isRecordless ? 0 : WINDOW_RECORDS_MAX,
      wanted: wanted.filter((number) => !session.schemas.has(number)),
      collector,
    });
    this.#events.push({ kind: "welcomed", link: link.id, session, hello });
  }

  #joinSession(link: HostLink, hello: Hello, resumed: Resumed): HostSession {
    const key = keyOf(hello);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = new HostSession({
        device: hello.device,
        epoch: hello.epoch,
        reset: hello.reset,
        ...resumed,
      });
      this.#sessions.set(key, session);
    }
    session.handleHello(hello);
    session.skipTo(resumed.next);
    this.#releaseEarly(link, session);
    for (const number of resumed.schemas) session.addSchema(number);
    session.announceSchemas(hello.schemas);
    if (link.session !== session) this.#leaveSession(link);
    session.links.add(link);
    return session;
  }

  /** The session ends with its last link; the store knows all that is needed to take it up again. */
  #leaveSession(link: HostLink): void {
    const { session } = link;
    link.session = undefined;
    if (session === undefined) return;
    session.links.delete(link);
    if (session.links.size === 0) this.#sessions.delete(keyOf(session));
  }

  #sweep(link: HostLink, nowMs: number): void {
    const fault = link.silenceFault(nowMs);
    if (fault !== undefined) this.#close(link, fault);
    else if (link.isPingDue(nowMs)) this.#ready.add(link);
  }

  #readyForAck(session: HostSession): void {
    const link = session.latestLink;
    if (link !== undefined) this.#ready.add(link);
  }

  #answer(link: HostLink, message: Message): void {
    if (link.answer(message)) this.#ready.add(link);
    else this.#close(link, "it asks without reading the answers");
  }

  #sayUnknown(link: HostLink): void {
    this.ignored++;
    if (link.lookup !== undefined || !link.isQuiet) return;
    this.#answer(link, { kind: "bye", reason: "unknown-session", retryAfterMs: 0 });
  }

  #refuse(link: HostLink, code: RefusalCode, detail: string): void {
    this.refusals++;
    this.#answer(link, { kind: "refuse", version: PROTOCOL_VERSION, code, detail });
    this.#close(link, `${code}: ${detail}`);
  }

  #close(link: HostLink, why: string): void {
    if (link.isClosing) return;
    link.isClosing = true;
    this.#events.push({ kind: "close", link: link.id, why });
  }
}

function refusalText(code: RefusalCode, peerVersion: number | undefined): string {
  return code === "version"
    ? `the device speaks protocol version ${peerVersion}, this collector version ${PROTOCOL_VERSION}`
    : "a message that cannot be read";
}
