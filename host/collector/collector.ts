// The collector: joins links, sessions and store. Messages go in from the links, records go on to the
// store, and what the store has on disk goes back as acknowledgements.

import { randomInt } from "node:crypto";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import type { FrameEvent } from "../../shared/frame/frame.ts";
import { MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import type { Hello } from "../../shared/message/message.ts";
import { HostEndpoint } from "../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../shared/session/host-event.ts";
import type { ClockSample } from "../../shared/session/host-link.ts";
import type { HostRecord, HostSession } from "../../shared/session/host-session.ts";
import type { LinkId } from "../../shared/session/link.ts";
import { monotonicMs, utcMicros } from "../clock.ts";
import type { ShelfOf } from "../files/device-shelves.ts";
import type { HostLinkIo, LinkHub } from "../links/host-link-io.ts";
import type { Commit, Trouble } from "../store/operation.ts";
import type { Store } from "../store/store.ts";
import { utcSampleOf } from "../time/utc-sample.ts";
import { BlobDesk } from "./blob-desk.ts";
import { DeviceBoard } from "./device-board.ts";
import type { CollectorCounters, CollectorEvent } from "./events.ts";
import { describeEvent } from "./sentences.ts";

/** Links that may be open at a time; further ones are closed at once, and counted as refused. */
const LINKS_MAX = 20_000;

/** A collector that stops asks devices to stay away for so long, which is about what a restart takes. */
const RETRY_AFTER_MS = 2_000;

/** Longest console line that is passed on; a device that prints on without end is cut there. */
const CONSOLE_TEXT_MAX = 2_000;

/** Of each of these at most one in so long is kept in the store: strangers and mad devices must not fill it. */
const SELDOM_KEPT_MS = 1_000;
const SELDOM_KEPT: ReadonlySet<string> = new Set(["refused", "file"]);

/** Events that are for whoever watches only, or that the store keeps by itself with the record. */
const NOT_KEPT: ReadonlySet<string> = new Set(["console", "trouble", "gap", "kept-aside"]);

const U32_MAX = 0xffff_ffff;

export interface CollectorOptions {
  readonly store: Store;
  /** Name and version, for the devices' logs. */
  readonly name: string;
  /** Where devices' files are kept; without it they are refused. */
  readonly shelfOf?: ShelfOf | undefined;
  readonly handleEvent: (event: CollectorEvent) => void;
  /** The store has ended for good. */
  readonly handleFailure: (error: Error) => void;
}

export class Collector implements LinkHub {
  readonly board = new DeviceBoard();
  readonly blobs: BlobDesk;
  readonly #options: CollectorOptions;
  readonly #store: Store;
  readonly #endpoint: HostEndpoint;
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
  /** The store cannot write. */
  #isTroubled = false;
  #giveUpFlush: () => void = () => undefined;
  readonly #keptMs = new Map<string, number>();
  readonly #counters = {
    batches: 0,
    readings: 0,
    gaps: 0,
    gapReadings: 0,
    noise: 0,
    noiseBytes: 0,
    refusedLinks: 0,
  };

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#store = options.store;
    this.blobs = new BlobDesk({
      shelfOf: options.shelfOf,
      handleEvent: (event) => this.#tell({ event: "file", ...event }),
      handleReady: (link) => this.#endpoint.handleBlobsReady(link),
      handleChange: () => this.#pumpSoon(),
    });
    this.#endpoint = new HostEndpoint({ collector: options.name, blobs: this.blobs });
    this.#store.onCommit = (commit) => this.#handleCommit(commit);
    this.#store.onFailure = options.handleFailure;
    this.#store.onTrouble = (trouble) => this.#handleTrouble(trouble);
    this.#timer = setInterval(() => this.pump(), 250);
  }

  get counters(): CollectorCounters {
    const { refusedLinks, ...counters } = this.#counters;
    const { duplicates, ignored, refusals } = this.#endpoint;
    return { ...counters, duplicates, ignored, refusals: refusals + refusedLinks };
  }

  handleLinkUp(io: HostLinkIo): LinkId | undefined {
    if (this.#isStopped) return undefined;
    if (this.#links.size >= LINKS_MAX) {
      this.#counters.refusedLinks++;
      return undefined;
    }
    const id = this.#nextLinkId++;
    this.#links.set(id, io);
    this.#endpoint.handleLinkUp(id, io.traits, monotonicMs());
    return id;
  }

  handleLinkDown(id: LinkId): void {
    const io = this.#links.get(id);
    if (io === undefined) return;
    this.#links.delete(id);
    this.#endpoint.handleLinkDown(id);
    this.blobs.handleLinkDown(id);
    this.#leaveSession(id, io);
  }

  handleMessage(id: LinkId, bytes: Uint8Array): void {
    if (this.#isDone) return;
    this.#endpoint.handleMessage(id, bytes, monotonicMs());
    this.#drainEvents(); // events hold views of `bytes`
  }

  handleBlocked(id: LinkId, isBlocked: boolean): void {
    this.#endpoint.handleLinkBlocked(id, isBlocked);
  }

  handleNoise(where: string, event: Exclude<FrameEvent, { kind: "message" }>): void {
    if (event.kind === "text") {
      const text = new TextDecoder().decode(event.bytes).slice(0, CONSOLE_TEXT_MAX);
      this.#tell({ event: "console", where, text });
      return;
    }
    this.#counters.noise++;
    this.#counters.noiseBytes += event.kind === "noise" ? event.dropped : 0;
    if (event.kind === "broken") {
      const why = "it does not speak this protocol (a frame longer than any of ours)";
      this.#tell({ event: "refused", where, why });
    }
  }

  pump(): void {
    this.#endpoint.handleTimeout(monotonicMs());
    this.#drainEvents();
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
    await this.#flush();
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

  /** Waits until all that came is on disk; not where the disk takes nothing: then devices keep what they have. */
  async #flush(): Promise<void> {
    if (this.#isTroubled) return;
    const troubled = new Promise<void>((resolve) => {
      this.#giveUpFlush = resolve;
    });
    await Promise.race([this.#store.flush(), troubled]);
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
      this.#links.get(id)?.send(writer.written());
    }
  }

  #handleEvent(event: HostEvent): void {
    switch (event.kind) {
      case "resume":
        this.#resume(event.hello);
        break;
      case "welcomed":
        this.#links.get(event.link)?.limitReceive?.(event.hello.receiveBytesMax);
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
      case "close":
        this.#closingReasons.set(event.link, event.why);
    }
  }

  #resume(hello: Hello): void {
    const resumed = this.#store.resume(hello, utcMicros());
    resumed.then(
      (epoch) => {
        this.#endpoint.handleResumed(hello, epoch, randomInt(1, U32_MAX), monotonicMs());
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
    if (before === session) return; // it greeted twice
    const { device, epoch } = session;
    const link = io.traits.kind;
    this.#tell({ event: "connected", device, epoch, link, where: io.where });
  }

  #handleBlobLink(id: LinkId, { device, receiveBytesMax }: Hello): void {
    const traits = this.#links.get(id)?.traits;
    if (traits !== undefined) this.blobs.handleWelcomed(device, { id, traits, receiveBytesMax });
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
    this.#isTroubled = !isOver;
    if (!isOver) this.#giveUpFlush();
    this.#tell({ event: "trouble", isOver, text });
  }

  /** Tells whoever watches, and keeps what an operator will want to look up later. */
  #tell(event: CollectorEvent): void {
    this.#options.handleEvent(event);
    if (this.#isDone || NOT_KEPT.has(event.event)) return;
    if (SELDOM_KEPT.has(event.event)) {
      const nowMs = monotonicMs();
      if (nowMs < (this.#keptMs.get(event.event) ?? -SELDOM_KEPT_MS) + SELDOM_KEPT_MS) return;
      this.#keptMs.set(event.event, nowMs);
    }
    const device = "device" in event ? { device: event.device } : {};
    const text = describeEvent(event);
    this.#store.putEvent({ atUs: utcMicros(), kind: event.event, text, ...device });
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
    const { device } = session;
    const reason = why ?? "the link closed";
    this.#tell({ event: "disconnected", device, link, where, why: reason });
    const isOver = session.links.size === 0 && this.#sessions.get(session.epochId) === session;
    if (isOver) this.#sessions.delete(session.epochId);
  }
}
