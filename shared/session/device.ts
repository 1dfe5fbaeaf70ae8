// A device's session: brings the records of one epoch to the host in order, over whichever links are
// open, and releases them when the host says that they are stored. PROTOCOL 7.
//
// Sans-I/O: links are told of by `handleLinkUp` and `handleLinkDown`, messages come in by
// `handleMessage`, go out by `pollTransmit` when a link has room, and time by `handleTimeout`.
// After any of these: drain `pollEvent`, offer each link `pollTransmit`, ask `pollTimeoutMs`.
//
// Records travel on one link at a time, the data link; others stay greeted and alive beside it, so
// that changing over costs nothing. On a change everything not known to be stored goes again: the
// host drops what it has.

import { ByteReader, type ByteWriter } from "../bytes/cursor.ts";
import type { CommandMemory } from "../command/memory.ts";
import type { ByeReason, RefusalCode } from "../errors.ts";
import { PROTOCOL_VERSION } from "../limits.ts";
import { decodeMessage } from "../message/decode.ts";
import { encodeMessage, writeBatchHead } from "../message/encode.ts";
import type { Ack, Message, Refuse, Welcome } from "../message/message.ts";
import type { BlobPort } from "./blob-port.ts";
import type { DeviceEvent } from "./device-event.ts";
import { DeviceLink } from "./device-link.ts";
import { FLIGHT_RECORDS_MAX, Flight } from "./flight.ts";
import { type LinkId, type LinkTraits, NO_TOKEN, TOKEN_BYTES } from "./link.ts";
import type { RecordSource, SourceRecord } from "./record-source.ts";

/** Default of `silenceMsMax` (DESIGN: notice a silent death within 5 s). */
export const SILENCE_MS_MAX = 5_000;

export interface DeviceSchema {
  readonly number: number;
  readonly hash: number;
  /** As `encodeSchema` makes it; undefined where an earlier firmware had it and this one has not. */
  readonly body: Uint8Array | undefined;
}

export interface DeviceSessionOptions {
  readonly device: string;
  /** 16 hexadecimal digits, random: one life of the outbox. */
  readonly epoch: string;
  readonly firmware: string;
  readonly reset: string;
  readonly schemas: readonly DeviceSchema[];
  readonly records: RecordSource;
  /** Outlives the session. */
  readonly commands: CommandMemory;
  /** The epoch is of an earlier life of the device: its clock has stopped. */
  readonly isPast?: boolean;
  /** A link that is silent for so long, though asked, counts as dead. */
  readonly silenceMsMax?: number;
  /** Files travel with the records where it is given; a collector that speaks of any is not answered elsewhere. */
  readonly blobs?: BlobPort;
}

export class DeviceSession {
  readonly flight = new Flight();
  /** Messages that were no use: wrong token, malformed. */
  ignored = 0;

  readonly #options: DeviceSessionOptions;
  readonly #records: RecordSource;
  readonly #silenceMsMax: number;
  readonly #links = new Map<LinkId, DeviceLink>();
  #dataLink: DeviceLink | undefined;
  /** Sequence numbers below this may be sent. */
  #windowEnd = 0;
  readonly #events: DeviceEvent[] = [];
  #isBlobsTurn = false;

  constructor(options: DeviceSessionOptions) {
    this.#options = options;
    this.#records = options.records;
    this.#silenceMsMax = options.silenceMsMax ?? SILENCE_MS_MAX;
  }

  /** The link that carries records, if any does. */
  get dataLink(): LinkId | undefined {
    return this.#dataLink?.id;
  }

  /** A path opened. `nonce`: 32 random bits. */
  handleLinkUp(id: LinkId, traits: LinkTraits, nonce: number, nowMs: number): void {
    this.#links.set(id, new DeviceLink(id, traits, nonce, nowMs));
  }

  handleLinkDown(id: LinkId): void {
    const link = this.#links.get(id);
    this.#links.delete(id);
    if (link !== undefined && link === this.#dataLink) this.#changeDataLink(undefined);
  }

  /** The device stops: says so on every link that has room when it is next offered. */
  sayBye(): void {
    for (const link of this.#links.values()) link.isByeDue = link.isWelcomed;
  }

  /** Moves the records to a link that was welcomed. */
  useLink(id: LinkId): void {
    const link = this.#links.get(id);
    const isFit = link?.isWelcomed && link.takesRecords && !link.isGivenUp;
    if (isFit && link !== this.#dataLink) this.#changeDataLink(link);
  }

  /** One message from a link's framing; `bytes` may be reused afterwards. */
  handleMessage(id: LinkId, bytes: Uint8Array, nowMs: number): void {
    const link = this.#links.get(id);
    if (link === undefined || link.isGivenUp) return;
    const body = this.#stripToken(link, bytes);
    if (body === undefined) {
      this.ignored++;
      return;
    }
    const decoded = decodeMessage(body);
    if (!decoded.ok) {
      this.#refuse(link, decoded.code, "the collector sent what this firmware cannot read");
      return;
    }
    link.heardAtMs = nowMs;
    this.#dispatch(link, decoded.value, nowMs);
  }

  /** Lets time pass: retransmission, hellos, pings, dead links. */
  handleTimeout(nowMs: number): void {
    for (const link of this.#links.values()) {
      if (link.isGivenUp) continue;
      if (nowMs >= link.heardAtMs + this.#silenceMsMax) {
        this.#giveUp(link, { kind: "silent", link: link.id });
      } else if (nowMs >= link.probeAtMs(this.#silenceMsMax)) {
        link.isProbeDue = true;
        link.nextProbeAtMs = nowMs + link.probePeriodMs(this.#silenceMsMax);
      }
    }
    this.#handleRetransmissionTimeout(nowMs);
  }

  /** When `handleTimeout` should next be called; undefined while no link is open. */
  pollTimeoutMs(): number | undefined {
    let earliest = this.#retransmissionAtMs();
    for (const link of this.#links.values()) {
      if (link.isGivenUp) continue;
      const atMs = Math.min(
        link.heardAtMs + this.#silenceMsMax,
        link.probeAtMs(this.#silenceMsMax),
      );
      if (earliest === undefined || atMs < earliest) earliest = atMs;
    }
    return earliest;
  }

  /**
   * Writes the next message for a link that has room for `messageBytesMax` bytes, at the writer's
   * position. False where there is nothing to say.
   */
  pollTransmit(id: LinkId, writer: ByteWriter, nowMs: number): boolean {
    const link = this.#links.get(id);
    if (link === undefined || link.isGivenUp) return false;
    const start = writer.position;
    if (link.traits.isDatagram) writer.writeU32(link.token);
    if (this.#writeNext(link, writer, nowMs)) return true;
    writer.position = start;
    return false;
  }

  pollEvent(): DeviceEvent | undefined {
    return this.#events.shift();
  }

  #dispatch(link: DeviceLink, message: Message, nowMs: number): void {
    switch (message.kind) {
      case "welcome":
        this.#handleWelcome(link, message, nowMs);
        break;
      case "ack":
        if (link.isWelcomed && link.takesRecords) this.#handleAck(link, message, nowMs);
        break;
      case "want":
        if (link.isWelcomed && link.takesRecords) this.#handleWant(link, message.number);
        break;
      case "command":
        if (link.isWelcomed) this.#options.commands.handleCommand(link.id, message, nowMs);
        break;
      case "ping":
        if (link.isWelcomed) link.handlePing(message.id); // before that it may be an earlier session's
        break;
      case "pong":
        break; // heard is enough
      case "bye":
        this.#handleBye(link, message.reason, message.retryAfterMs, nowMs);
        break;
      case "refuse":
        this.#refuse(link, message.code, refusalDetail(message));
        break;
      case "blob":
      case "blob-end":
      case "chunk":
      case "chunk-ack":
        if (link.isWelcomed) this.#options.blobs?.handleMessage(link.id, message, nowMs);
        break;
      default:
        this.#refuse(link, "unexpected", `a collector does not send "${message.kind}"`);
    }
  }

  #handleWelcome(link: DeviceLink, welcome: Welcome, nowMs: number): void {
    if (welcome.nonce !== link.nonce) {
      this.ignored++; // the answer to a hello before the last restart
      return;
    }
    link.takesRecords = welcome.window > 0;
    if (link.takesRecords && welcome.next > this.#records.storableEnd) {
      this.#refuse(link, "epoch-reused", "the collector stores more than this device ever sent");
      return;
    }
    const isFirst = !link.isWelcomed;
    link.isWelcomed = true;
    link.token = welcome.token;
    link.nextProbeAtMs = nowMs;
    if (link.takesRecords) this.#handleStand(link, welcome, nowMs);
    else if (link === this.#dataLink) this.#changeDataLink(undefined);
    if (!isFirst) return;
    this.#events.push({ kind: "welcomed", link: link.id, collector: welcome.collector });
    if (this.#dataLink === undefined && link.takesRecords) this.#changeDataLink(link);
  }

  /** Where the host stands. One that keeps no records stands nowhere (PROTOCOL 7.10). */
  #handleStand(link: DeviceLink, { wanted, next, window }: Welcome, nowMs: number): void {
    for (const number of wanted) this.#handleWant(link, number);
    this.#handleStored(next, window, nowMs);
  }

  /** A host that wants what nobody has any more stores no batch of this epoch, and has stored none. */
  #handleWant(link: DeviceLink, number: number): void {
    const schema = this.#options.schemas.find((candidate) => candidate.number === number);
    if (schema?.body !== undefined) link.handleWant(number);
    else if (schema !== undefined) this.#records.giveUpBatches?.();
  }

  #handleAck(link: DeviceLink, ack: Ack, nowMs: number): void {
    if (ack.next > this.#records.storableEnd) {
      this.#refuse(link, "unexpected", "the collector acknowledges what was never sent");
      return;
    }
    if (ack.next < this.#records.first) return; // overtaken by a later one
    const sampleMs = this.#handleStored(ack.next, ack.window, nowMs);
    if (sampleMs !== undefined) {
      link.roundTrip.handleSample(sampleMs);
      link.handleProgress();
    }
    this.#handleBitmap(ack);
  }

  #handleBitmap(ack: Ack): void {
    let last = -1;
    for (let bit = 0; bit < 8 * ack.bitmap.length; bit++) {
      if (((ack.bitmap[bit >> 3]! >> (bit & 7)) & 1) === 0) continue;
      last = ack.next + bit;
      this.flight.handleArrived(last);
    }
    if (last >= 0 && this.#dataLink?.traits.isReliable === false) this.flight.markOvertaken(last);
  }

  /** Everything before `next` is stored. Returns a measured round trip, if there is one. */
  #handleStored(next: number, window: number, nowMs: number): number | undefined {
    if (next < this.#records.first) return undefined; // overtaken by a later one
    this.#windowEnd = next + Math.min(window, FLIGHT_RECORDS_MAX);
    if (next === this.#records.first) return undefined;
    this.#records.acknowledge(next);
    // A host that stops within a gap must get all of it again, or nothing behind it is ever stored.
    const sampleMs = this.flight.handleStored(Math.min(next, this.#records.first), nowMs);
    this.#events.push({ kind: "stored", next });
    return sampleMs;
  }

  #handleBye(link: DeviceLink, reason: ByeReason, retryAfterMs: number, nowMs: number): void {
    if (reason !== "unknown-session") {
      this.#giveUp(link, { kind: "bye", link: link.id, reason, retryAfterMs });
      return;
    }
    // The host restarted: greet it again on the same link.
    if (!link.isWelcomed) return;
    link.isWelcomed = false;
    link.pongs.length = 0;
    link.token = NO_TOKEN;
    link.nextProbeAtMs = nowMs;
    if (link === this.#dataLink) this.#changeDataLink(undefined);
  }

  #changeDataLink(link: DeviceLink | undefined): void {
    this.#dataLink = link;
    this.flight.markAllLost();
  }

  #refuse(link: DeviceLink, code: RefusalCode, detail: string): void {
    this.#giveUp(link, { kind: "refused", link: link.id, code, detail });
  }

  /** Nothing more comes or goes on the link; its owner is told to close it. */
  #giveUp(link: DeviceLink, event: DeviceEvent): void {
    link.isGivenUp = true;
    if (link === this.#dataLink) this.#changeDataLink(undefined);
    this.#events.push(event);
  }

  #stripToken(link: DeviceLink, bytes: Uint8Array): Uint8Array | undefined {
    if (!link.traits.isDatagram) return bytes;
    const reader = new ByteReader(bytes);
    const token = reader.readU32();
    if (reader.failed || (link.isWelcomed && token !== link.token)) return undefined;
    return bytes.subarray(TOKEN_BYTES);
  }

  #writeNext(link: DeviceLink, writer: ByteWriter, nowMs: number): boolean {
    if (link.isByeDue) {
      link.isGivenUp = true;
      encodeMessage({ kind: "bye", reason: "done", retryAfterMs: 0 }, writer);
      return true;
    }
    if (link.isProbeDue) {
      link.isProbeDue = false;
      if (link.isWelcomed) encodeMessage({ kind: "ping", id: link.pingId++ }, writer);
      else this.#writeHello(link, writer, nowMs);
      return true;
    }
    if (!link.isWelcomed) return false;
    const pong = link.pongs.shift();
    if (pong !== undefined) {
      encodeMessage({ kind: "pong", id: pong, timeMs: nowMs }, writer);
      return true;
    }
    const answer = this.#options.commands.pollAnswer(link.id);
    if (answer !== undefined) {
      encodeMessage(answer, writer);
      return true;
    }
    return this.#writeSchema(link, writer) || this.#writeByTurns(link, writer, nowMs);
  }

  #writeHello(link: DeviceLink, writer: ByteWriter, nowMs: number): void {
    const { device, epoch, firmware, reset, schemas, isPast, commands } = this.#options;
    encodeMessage(
      {
        kind: "hello",
        version: PROTOCOL_VERSION,
        nonce: link.nonce,
        device,
        epoch,
        firmware,
        reset,
        uptimeMs: isPast ? null : nowMs,
        life: commands.life,
        first: this.#records.first,
        next: this.#records.next,
        schemas: schemas.map(({ number, hash }) => ({ number, hash })),
        receiveBytesMax: link.traits.receiveBytesMax,
      },
      writer,
    );
  }

  #writeSchema(link: DeviceLink, writer: ByteWriter): boolean {
    const number = link.schemas.shift();
    if (number === undefined) return false;
    const schema = this.#options.schemas.find((candidate) => candidate.number === number);
    if (schema?.body === undefined) return false;
    encodeMessage({ kind: "schema", number, body: schema.body }, writer);
    return true;
  }

  /** Records and files take turns, so that neither makes the other wait for more than a message. */
  #writeByTurns(link: DeviceLink, writer: ByteWriter, nowMs: number): boolean {
    const isBlobsTurn = this.#isBlobsTurn;
    this.#isBlobsTurn = false;
    if (isBlobsTurn && this.#writeBlob(link, writer, nowMs)) return true;
    this.#isBlobsTurn = this.#writeRecord(link, writer, nowMs);
    return this.#isBlobsTurn || (!isBlobsTurn && this.#writeBlob(link, writer, nowMs));
  }

  #writeBlob(link: DeviceLink, writer: ByteWriter, nowMs: number): boolean {
    return this.#options.blobs?.writeNext(link.id, writer, nowMs) === true;
  }

  #writeRecord(link: DeviceLink, writer: ByteWriter, nowMs: number): boolean {
    if (link !== this.#dataLink) return false;
    const { isReliable } = link.traits;
    if (!isReliable && this.flight.onTheirWay >= link.congestionWindow) return false;
    const lost = this.flight.firstLost();
    const records = this.#records;
    if ((lost ?? records.sentEnd) >= this.#windowEnd) return false;
    const record = lost === undefined ? records.unsentRecord() : records.recordFrom(lost);
    if (record === undefined) return false;
    if (lost === undefined) records.markSent(record);
    this.flight.handleSent(record.sequence, nowMs);
    this.#encodeRecord(record, writer);
    return true;
  }

  #encodeRecord(record: SourceRecord, writer: ByteWriter): void {
    if (record.gap === undefined) {
      writeBatchHead(writer, record.sequence);
      writer.position = this.#records.copyBatch(record, writer.bytes, writer.position);
      return;
    }
    const { sequence, count, readings, firstMs, lastMs, gap } = record;
    encodeMessage({ kind: "gap", sequence, count, readings, firstMs, lastMs, reason: gap }, writer);
  }

  #handleRetransmissionTimeout(nowMs: number): void {
    const atMs = this.#retransmissionAtMs();
    const link = this.#dataLink;
    if (link === undefined || atMs === undefined || nowMs < atMs) return;
    this.flight.markTimedOut(nowMs - link.roundTrip.rtoMs);
    link.handleTimeout();
  }

  #retransmissionAtMs(): number | undefined {
    const link = this.#dataLink;
    if (link === undefined || link.traits.isReliable) return undefined;
    const sentAtMs = this.flight.oldestSentAtMs();
    return sentAtMs === undefined ? undefined : sentAtMs + link.roundTrip.rtoMs;
  }
}

function refusalDetail(refuse: Refuse): string {
  if (refuse.code !== "version") return refuse.detail;
  return `the collector speaks protocol version ${refuse.version}, this firmware version ${PROTOCOL_VERSION}`;
}
