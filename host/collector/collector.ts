// The collector: joins links, sessions and store. Messages go in from the links, records go on to the
// store, and what the store has on disk goes back as acknowledgements.

import { ByteWriter } from "../../shared/bytes/cursor.ts";
import type { FrameEvent } from "../../shared/frame/frame.ts";
import { MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import type { Hello } from "../../shared/message/message.ts";
import type { HostSealEvent, KeyRing } from "../../shared/seal/host-seal.ts";
import { HostEndpoint } from "../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../shared/session/host-event.ts";
import type { ClockSample } from "../../shared/session/host-link.ts";
import type { HostRecord, HostSession } from "../../shared/session/host-session.ts";
import type { LinkId } from "../../shared/session/link.ts";
import { randomToken } from "../chance.ts";
import { monotonicMs, utcMicros } from "../clock.ts";
import type { Errand, Outcome } from "../commands/courier.ts";
import type { ShelfOf } from "../files/device-shelves.ts";
import type { HostLinkIo, LinkHub } from "../links/host-link-io.ts";
import type { Commit, Trouble } from "../store/operation.ts";
import type { Store } from "../store/store.ts";
import { utcSampleOf } from "../time/utc-sample.ts";
import { BlobDesk } from "./blob-desk.ts";
import { DeviceBoard } from "./device-board.ts";
import { DeviceCommands } from "./device-commands.ts";
import { Doorway } from "./doorway.ts";
import { EventLog } from "./event-log.ts";
import type { CollectorCounters, CollectorEvent } from "./events.ts";
import { Noise } from "./noise.ts";
import { type Received, SealedLinks } from "./sealed-links.ts";
import { deniedText } from "./sentences.ts";
import { StoreFlush } from "./store-flush.ts";

/** Links that may be open at a time; further ones are closed at once, and counted as refused. */
const LINKS_MAX = 20_000;

/** A collector that stops asks devices to stay away for so long, which is about what a restart takes. */
const RETRY_AFTER_MS = 2_000;

export interface CollectorOptions {
  readonly store: Store;
  /** Name and version, for the devices' logs. */
  readonly name: string;
  /** The devices' keys; without them devices come in the clear. */
  readonly keys?: KeyRing | undefined;
  /** A device has come with one of its keys. */
  readonly handleProven?: (device: string, key: Uint8Array) => void;
  /** Where devices' files are kept; without it they are refused. */
  readonly shelfOf?: ShelfOf | undefined;
  readonly handleEvent: (event: CollectorEvent) => void;
  /** The store has ended for good. */
  readonly handleFailure: (error: Error) => void;
}

export class Collector implements LinkHub {
  readonly board = new DeviceBoard();
  readonly #commands: DeviceCommands;
  readonly blobs: BlobDesk;
  readonly #options: CollectorOptions;
  readonly #store: Store;
  readonly #eventLog: EventLog;
  readonly #flush: StoreFlush;
  readonly #noise = new Noise();
  readonly #endpoint: HostEndpoint;
  readonly #sealed: SealedLinks;
  readonly #doorway = new Doorway();
  readonly #links = new Map<LinkId, HostLinkIo>();
  readonly #sessions = new Map<number, HostSession>();
  readonly #linkSessions = new Map<LinkId, HostSession>();
  readonly #closingReasons = new Map<LinkId, string>();
  readonly #writer = new ByteWriter(new Uint8Array(MESSAGE_BYTES_MAX));
  readonly #timer: NodeJS.Timeout;
  #nextLinkId: LinkId = 1;
  #isStopped = false;
  #isPumpDue = false;
  /** All is said and stored; what links still bring is not taken, for the store is about to close. */
  #isDone = false;
  readonly #counters = {
    batches: 0,
    readings: 0,
    gaps: 0,
    gapReadings: 0,
    refusedLinks: 0,
  };

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#eventLog = new EventLog(options.store);
    this.#flush = new StoreFlush(options.store);
    this.blobs = new BlobDesk({
      shelfOf: options.shelfOf,
      handleEvent: (event) => this.#tell({ event: "file", ...event }),
      handleReady: (link) => this.#endpoint.handleBlobsReady(link),
      handleChange: () => this.#pumpSoon(),
    });
    this.#endpoint = new HostEndpoint({ collector: options.name, blobs: this.blobs });
    this.#commands = new DeviceCommands({
      author: randomToken(),
      send: (session, message) => this.#endpoint.sendCommand(session, message),
      tell: (event) => this.#tell(event),
      newerKeyOf: (device) => this.#sealed.newerKeyOf(device),
    });
    this.#sealed = new SealedLinks(options.keys);
    this.#store.onCommit = (commit) => this.#handleCommit(commit);
    this.#store.onFailure = options.handleFailure;
    this.#store.onTrouble = (trouble) => this.#handleTrouble(trouble);
    this.#timer = setInterval(() => this.pump(), 250);
  }

  get counters(): CollectorCounters {
    const { refusedLinks, ...counters } = this.#counters;
    const { duplicates, ignored, refusals } = this.#endpoint;
    const { clear, misbound, excessFrames } = this.#sealed;
    const seal = { ...this.#sealed.counters, clear, misbound, excessFrames };
    const turnedAway = refusals + refusedLinks + seal.denied;
    const { noise, noiseBytes } = this.#noise;
    return { ...counters, noise, noiseBytes, duplicates, ignored, refusals: turnedAway, seal };
  }

  /** Has a device do something. Resolves with how that ended. */
  run(device: string, errand: Errand): Promise<Outcome> {
    const outcome = this.#commands.order(device, errand, monotonicMs());
    this.pump();
    return outcome;
  }

  handleLinkUp(io: HostLinkIo): LinkId | undefined {
    if (this.#isStopped) return undefined;
    const isDoorwayFull = this.#sealed.isRequired && !this.#doorway.hasRoom(io.address);
    if (this.#links.size >= LINKS_MAX || isDoorwayFull) {
      this.#counters.refusedLinks++;
      return undefined;
    }
    const id = this.#nextLinkId++;
    this.#links.set(id, io);
    this.#doorway.enter(id, io.address);
    this.#endpoint.handleLinkUp(id, io.traits, monotonicMs());
    return id;
  }

  handleLinkDown(id: LinkId): void {
    const io = this.#links.get(id);
    if (io === undefined) return;
    this.#links.delete(id);
    this.#endpoint.handleLinkDown(id);
    this.blobs.handleLinkDown(id);
    this.#sealed.handleLinkDown(id);
    this.#doorway.leave(id);
    this.#leaveSession(id, io);
  }

  handleMessage(id: LinkId, bytes: Uint8Array): void {
    const io = this.#links.get(id);
    if (this.#isDone || io === undefined) return;
    const received = this.#sealed.receive(io, id, bytes, monotonicMs());
    this.#drainSealEvents(io);
    if (received !== undefined) this.#take(id, io, received);
  }

  /** Where keys are required, a stranger becomes a link by what it has sealed, or for as long as its refusal takes. */
  handleStranger(io: HostLinkIo, bytes: Uint8Array): LinkId | undefined {
    if (this.#isDone) return undefined;
    const received = this.#sealed.receive(io, undefined, bytes, monotonicMs());
    this.#drainSealEvents(io);
    const id = received === undefined ? undefined : this.handleLinkUp(io);
    if (id !== undefined) this.#take(id, io, received!);
    return id;
  }

  handleKeysChanged(): void {
    this.#sealed.handleKeysChanged();
    this.#commands.handleKeysChanged(monotonicMs());
  }

  handleBlocked(id: LinkId, isBlocked: boolean): void {
    this.#sealed.handleBlocked(id, isBlocked);
    this.#endpoint.handleLinkBlocked(id, isBlocked);
  }

  handleNoise(where: string, event: Exclude<FrameEvent, { kind: "message" }>): void {
    const told = this.#noise.take(where, event);
    if (told !== undefined) this.#tell(told);
  }

  pump(): void {
    this.#endpoint.handleTimeout(monotonicMs());
    this.#drainEvents();
    this.#commands.pump(monotonicMs());
    this.blobs.handleTimeout(monotonicMs());
    this.#transmit();
    if (this.blobs.pollTimeoutMs() === 0) this.#pumpSoon(); // a long file is hashed a little at a time
    for (const id of this.#closingReasons.keys()) {
      const io = this.#links.get(id);
      if (io === undefined) this.#closingReasons.delete(id);
      else io.end();
    }
  }

  /** Says goodbye to every device, then waits until all that came is on disk. The store stays open. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#flush.wait();
    this.#endpoint.handleShutdown("going-down", RETRY_AFTER_MS);
    this.pump();
    this.blobs.close();
    this.#isDone = true;
  }

  #pumpSoon(): void {
    if (this.#isPumpDue || this.#isDone) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      if (!this.#isDone) this.pump();
    });
  }

  #take(id: LinkId, io: HostLinkIo, received: Received): void {
    const { bytes, peer } = received;
    if (!this.#sealed.bind(id, received, io)) return;
    if (peer !== undefined) this.#handleProven(id);
    if (peer === undefined && this.#sealed.isRequired) this.#endpoint.handleUnsealed(id, bytes);
    else this.#endpoint.handleMessage(id, bytes, monotonicMs(), peer?.device);
    this.#drainEvents(); // events hold views of `bytes`
  }

  #handleProven(id: LinkId): void {
    if (this.#doorway.leave(id)) this.#links.get(id)?.handleProven?.();
  }

  #drainSealEvents(io: HostLinkIo): void {
    const sealed = this.#sealed;
    for (let event = sealed.pollEvent(); event !== undefined; event = sealed.pollEvent()) {
      this.#handleSealEvent(event, io);
    }
  }

  #handleSealEvent(event: HostSealEvent, { where }: HostLinkIo): void {
    if (event.kind === "proven") this.#options.handleProven?.(event.device, event.key);
    else this.#tell({ event: "refused", where, why: deniedText(event, this.#sealed.isRequired) });
  }

  #drainEvents(): void {
    const endpoint = this.#endpoint;
    for (let event = endpoint.pollEvent(); event !== undefined; event = endpoint.pollEvent()) {
      this.#handleEvent(event);
    }
  }

  #transmit(): void {
    const writer = this.#writer;
    const nowMs = monotonicMs();
    for (;;) {
      writer.reset(writer.bytes);
      const id = this.#endpoint.pollTransmit(writer, nowMs);
      if (id === undefined) return;
      const message = this.#sealed.seal(id, writer.written());
      if (message !== undefined) this.#links.get(id)?.send(message);
    }
  }

  #handleEvent(event: HostEvent): void {
    switch (event.kind) {
      case "resume":
        this.#resume(event.hello);
        break;
      case "welcomed":
        this.#links.get(event.link)?.limitReceive?.(event.hello.receiveBytesMax);
        this.#handleProven(event.link);
        this.#handleWelcomed(event.link, event.session);
        this.#handleBlobLink(event.link, event.hello);
        break;
      case "schema":
        this.#store.putSchema(event.session.epochId, event.schema.number, event.schema.body);
        break;
      case "record":
        this.#append(event.link, event.session, event.record);
        break;
      case "clock":
        this.#putClock(event.session, event.sample);
        break;
      case "answer":
        this.#commands.handleAnswer(event.session.device, event.message);
        break;
      case "close":
        this.#closingReasons.set(event.link, event.why);
    }
  }

  #resume(hello: Hello): void {
    const resumed = this.#store.resume(hello, utcMicros());
    resumed.then(
      (epoch) => {
        this.#endpoint.handleResumed(hello, epoch, randomToken(), monotonicMs());
        this.pump();
      },
      (error: Error) => {
        this.#endpoint.handleResumeFailed(hello);
        this.#tell({ event: "trouble", isOver: false, text: error.message });
      },
    );
  }

  #handleWelcomed(id: LinkId, session: HostSession): void {
    const io = this.#links.get(id);
    if (io === undefined) return;
    const before = this.#linkSessions.get(id);
    this.#sessions.set(session.epochId, session);
    this.#linkSessions.set(id, session);
    this.#tellOfRestart(session);
    this.board.handleSession(session, monotonicMs());
    this.#commands.handleWelcomed(session, monotonicMs());
    if (before === session) return; // it greeted twice
    const { device, epoch } = session;
    const link = io.traits.kind;
    this.#tell({ event: "connected", device, epoch, link, where: io.where });
  }

  #handleBlobLink(id: LinkId, hello: Hello): void {
    const traits = this.#links.get(id)?.traits;
    if (traits === undefined) return;
    const receiveBytesMax = this.#sealed.roomBytes(hello.receiveBytesMax);
    this.blobs.handleWelcomed(hello.device, { id, traits, receiveBytesMax });
  }

  /** A new epoch while records of the one before were still to come: with the device's memory they are gone. */
  #tellOfRestart(session: HostSession): void {
    const before = this.board.sessionOf(session.device);
    if (before === undefined || before.epoch === session.epoch || before.links.size > 0) return;
    const { device, reset } = session;
    if (before.waiting === 0) return;
    this.#tell({ event: "restarted", device, reset, lostRecords: before.waiting });
  }

  #append(id: LinkId, session: HostSession, record: HostRecord): void {
    const link = this.#links.get(id)?.traits.kind ?? "tcp";
    this.#store.append(session.epochId, record, { link, receivedUs: utcMicros() });
    if (record.kind !== "gap") return;
    const { readings, reason } = record;
    this.#counters.gapReadings += readings;
    this.#tell({ event: "gap", device: session.device, readings, reason });
  }

  #putClock(session: HostSession, sample: ClockSample): void {
    const now = { monotonicMs: monotonicMs(), utcUs: utcMicros() };
    this.#store.putClock(session.epochId, utcSampleOf(sample, now));
  }

  #handleCommit(commit: Commit): void {
    this.#counters.batches += commit.batches;
    this.#counters.readings += commit.readings;
    this.#counters.gaps += commit.gaps;
    this.board.handleCommit(commit, (epochId) => this.#sessions.get(epochId));
    for (const { epochId, next } of commit.stored) {
      const session = this.#sessions.get(epochId);
      if (session !== undefined) this.#endpoint.handleStored(session, next);
    }
    for (const { epochId, fault: why } of commit.keptAside ?? []) {
      const device = this.#sessions.get(epochId)?.device;
      if (device !== undefined) this.#tell({ event: "kept-aside", device, why });
    }
    for (const { epochId, sequence, fault } of commit.refused) {
      const session = this.#sessions.get(epochId);
      const text = `record ${sequence}: ${fault}`;
      if (session !== undefined) this.#endpoint.handleRecordRefused(session, text);
    }
    this.pump();
  }

  #handleTrouble({ isOver, text }: Trouble): void {
    this.#flush.handleTrouble(isOver);
    this.#tell({ event: "trouble", isOver, text });
  }

  /** Tells whoever watches, and keeps what an operator will want to look up later. */
  #tell(event: CollectorEvent): void {
    this.#options.handleEvent(event);
    if (!this.#isDone) this.#eventLog.keep(event);
  }

  #leaveSession(id: LinkId, io: HostLinkIo): void {
    const session = this.#linkSessions.get(id);
    const why = this.#closingReasons.get(id);
    this.#linkSessions.delete(id);
    this.#closingReasons.delete(id);
    const { kind: link } = io.traits;
    const { where } = io;
    if (session === undefined) {
      if (why !== undefined && !this.#isStopped) this.#tell({ event: "refused", where, why });
      return;
    }
    this.#commands.handleLinkGone(session);
    const { device } = session;
    const reason = why ?? "the link closed";
    this.#tell({ event: "disconnected", device, link, where, why: reason });
    const isOver = session.links.size === 0 && this.#sessions.get(session.epochId) === session;
    if (isOver) this.#sessions.delete(session.epochId);
  }
}
