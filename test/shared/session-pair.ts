// Two peers on one virtual clock: a device's session and a collector's endpoint, joined by links that
// may lose, duplicate and delay. The store is a list. Nothing sleeps; time is a number.

import { BatchEncoder } from "../../shared/batch/encoder.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { type Channel, encodeSchema, schemaHash } from "../../shared/channel.ts";
import { CommandDesk, type CommandOutcome, type Ticket } from "../../shared/command/desk.ts";
import { type CommandCall, CommandMemory } from "../../shared/command/memory.ts";
import type { Hello } from "../../shared/message/message.ts";
import { Outbox } from "../../shared/outbox.ts";
import type { BlobPort } from "../../shared/session/blob-port.ts";
import { DeviceSession } from "../../shared/session/device.ts";
import type { DeviceEvent } from "../../shared/session/device-event.ts";
import { HostEndpoint } from "../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../shared/session/host-event.ts";
import { endOf, type HostRecord, type HostSession } from "../../shared/session/host-session.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";

export const CHANNELS: readonly Channel[] = [{ name: "count", kind: "integer", unit: "" }];
const EPOCH = "00112233445566aa";

export const TCP: LinkTraits = {
  kind: "tcp",
  isReliable: true,
  isDatagram: false,
  messageBytesMax: 1_200,
  receiveBytesMax: 0,
};
export const UDP: LinkTraits = { ...TCP, kind: "udp", isReliable: false, isDatagram: true };
export const SERIAL: LinkTraits = { ...TCP, kind: "serial", isReliable: false };

export interface Faults {
  /** Chances of a message being lost, and sent twice; 0 to 1. */
  readonly loss?: number;
  readonly duplicate?: number;
  /** Largest extra delay, which reorders. */
  readonly jitterMs?: number;
}

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly deliver: () => void;
}

/** What a store keeps of one epoch. */
class FakeStore {
  readonly records: HostRecord[] = [];
  readonly schemas = new Set<number>();
  first: number | undefined;
  next = 0;

  append(record: HostRecord): void {
    if (record.sequence !== this.next)
      throw new Error(`record ${record.sequence}, not ${this.next}`);
    this.records.push(record.kind === "batch" ? { ...record, body: record.body.slice() } : record);
    this.next = endOf(record);
  }
}

/** What carries files at each end, where any does. */
export interface PairBlobs {
  readonly device?: BlobPort;
  readonly host?: BlobPort;
}

export class Pair {
  nowMs = 0;
  readonly outbox: Outbox;
  readonly store = new FakeStore();
  /** The commands that ran, by their names, and what came of those that were ordered. */
  readonly ran: string[] = [];
  readonly outcomes = new Map<Ticket, CommandOutcome>();
  /** What the device does with a command. */
  handleCall: (call: CommandCall) => void = (call) => call.handleSuccess(call.name);
  readonly deviceEvents: DeviceEvent[] = [];
  readonly hostCloses: string[] = [];
  commands = new CommandMemory(1);
  device: DeviceSession;
  host: HostEndpoint;
  desk = new CommandDesk(0xd35c);
  /** From a record's arrival to its being on disk. */
  commitMs = 2;
  /** From a message's sending to its arrival, each way. */
  latencyMs = 1;
  sentByDevice = 0;
  /** Times that the host measured the device's clock. */
  clockSamples = 0;

  /** Each message that the device sends, before the link has its way with it. */
  handleSentByDevice: (message: Uint8Array) => void = () => undefined;

  readonly #random: () => number;
  readonly #blobs: PairBlobs;
  readonly #links = new Map<LinkId, { traits: LinkTraits; faults: Faults; isCut: boolean }>();
  #deliveries: Delivery[] = [];
  #order = 0;
  #session: HostSession | undefined;
  readonly #encoder = new BatchEncoder({ channels: CHANNELS, schema: 0 });

  constructor(
    random: () => number = () => 0.5,
    outboxBytes = 32_768,
    outboxRecords = 96,
    blobs: PairBlobs = {},
  ) {
    this.#random = random;
    this.#blobs = blobs;
    this.outbox = new Outbox({ bytesMax: outboxBytes, recordsMax: outboxRecords });
    this.device = this.createDevice();
    this.host = this.createHost("pair");
  }

  createHost(collector: string, options: { isRecordless?: boolean } = {}): HostEndpoint {
    const { host: blobs } = this.#blobs;
    return new HostEndpoint({ collector, ...options, ...(blobs === undefined ? {} : { blobs }) });
  }

  createDevice(): DeviceSession {
    const body = encodeSchema(CHANNELS);
    const { device: blobs } = this.#blobs;
    return new DeviceSession({
      ...(blobs === undefined ? {} : { blobs }),
      device: "pair-1",
      epoch: EPOCH,
      firmware: "test",
      reset: "power-on",
      schemas: [{ number: 0, hash: schemaHash(body), body }],
      records: this.outbox,
      commands: this.commands,
    });
  }

  /** The collector dies and comes back; what was on disk stays. */
  restartHost(options: { isRecordless?: boolean } = {}): void {
    this.host = this.createHost("pair again", options);
    for (const [id, { traits }] of this.#links) this.host.handleLinkUp(id, traits, this.nowMs);
  }

  /** The device begins anew: what it knew of commands is gone. Its outbox is one that outlives that. */
  restartDevice(): void {
    this.commands = new CommandMemory(this.commands.life + 1);
    this.device = this.createDevice();
    for (const [id, { traits }] of this.#links) {
      this.device.handleLinkUp(id, traits, Math.floor(this.#random() * 2 ** 32), this.nowMs);
    }
  }

  /** Orders a command; how it ends is in `outcomes`. */
  order(name: string, options: { withinMs?: number; awayMsMax?: number } = {}): Ticket {
    const { withinMs = 10_000, awayMsMax = 0 } = options;
    const request = { name, arguments: new Map() };
    return this.desk.order({ device: "pair-1", request, withinMs, awayMsMax }, this.nowMs);
  }

  open(id: LinkId, traits: LinkTraits, faults: Faults = {}): void {
    this.#links.set(id, { traits, faults, isCut: false });
    this.device.handleLinkUp(id, traits, Math.floor(this.#random() * 2 ** 32), this.nowMs);
    this.host.handleLinkUp(id, traits, this.nowMs);
  }

  /** Nothing passes any more, and nobody is told. */
  cut(id: LinkId): void {
    this.#links.get(id)!.isCut = true;
  }

  /** What is sent from here on passes again. */
  mend(id: LinkId): void {
    this.#links.get(id)!.isCut = false;
  }

  close(id: LinkId): void {
    this.#links.delete(id);
    this.device.handleLinkDown(id);
    this.host.handleLinkDown(id);
  }

  /** Puts one batch with one reading into the outbox. */
  produce(value: number): void {
    this.#encoder.append(this.nowMs, [value]);
    const { readings, firstMs, lastMs } = this.#encoder;
    this.outbox.appendBatch(this.#encoder.take(), { readings, firstMs, lastMs });
  }

  /** Lets `durationMs` pass, or less where `until` becomes true. Returns whether it did. */
  run(durationMs: number, until: () => boolean = () => false): boolean {
    const endMs = this.nowMs + durationMs;
    let roundsAtOneTime = 0;
    this.#settle();
    while (!until()) {
      const nextMs = this.#nextMs();
      if (nextMs > endMs) {
        this.nowMs = endMs;
        return until();
      }
      roundsAtOneTime = nextMs > this.nowMs ? 0 : roundsAtOneTime + 1;
      if (roundsAtOneTime > 1_000) throw new Error(`time stands still at ${this.nowMs} ms`);
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#deliverDue();
      this.device.handleTimeout(this.nowMs);
      this.host.handleTimeout(this.nowMs);
      this.desk.handleTimeout(this.nowMs);
      this.#settle();
    }
    return true;
  }

  #nextMs(): number {
    return Math.min(
      this.#deliveries[0]?.atMs ?? Number.POSITIVE_INFINITY,
      this.device.pollTimeoutMs() ?? Number.POSITIVE_INFINITY,
      this.host.pollTimeoutMs() ?? Number.POSITIVE_INFINITY,
      this.desk.nextDueMs(),
    );
  }

  #deliverDue(): void {
    while (this.#deliveries.length > 0 && this.#deliveries[0]!.atMs <= this.nowMs) {
      this.#deliveries.shift()!.deliver();
    }
  }

  #settle(): void {
    let isBusy = true;
    while (isBusy) {
      isBusy = false;
      for (let event = this.host.pollEvent(); event; event = this.host.pollEvent()) {
        this.#handleHostEvent(event);
        isBusy = true;
      }
      for (let event = this.device.pollEvent(); event; event = this.device.pollEvent()) {
        this.deviceEvents.push(event);
      }
      this.#serveCommands();
      if (this.#transmit()) isBusy = true;
    }
  }

  #serveCommands(): void {
    for (let call = this.commands.pollCall(); call; call = this.commands.pollCall()) {
      this.ran.push(call.name);
      this.handleCall(call);
    }
    if (this.#session?.links.size === 0) this.desk.handleAway("pair-1");
    for (let next = this.desk.pollCommand(this.nowMs); next; ) {
      if (this.#session !== undefined) this.host.sendCommand(this.#session, next.message);
      next = this.desk.pollCommand(this.nowMs);
    }
    for (let event = this.desk.pollEvent(); event; event = this.desk.pollEvent()) {
      if (event.kind === "ended") this.outcomes.set(event.ticket, event.outcome);
    }
  }

  #transmit(): boolean {
    const writer = new ByteWriter(new Uint8Array(2_048));
    let isAny = false;
    for (const id of this.#links.keys()) {
      while (this.device.pollTransmit(id, writer, this.nowMs)) {
        this.sentByDevice++;
        this.handleSentByDevice(writer.written());
        const { host } = this;
        this.#send(
          id,
          writer,
          (bytes) => host === this.host && host.handleMessage(id, bytes, this.nowMs),
        );
        isAny = true;
      }
    }
    for (
      let id = this.host.pollTransmit(writer, this.nowMs);
      id !== undefined;
      id = this.host.pollTransmit(writer, this.nowMs)
    ) {
      const link = id;
      this.#send(link, writer, (bytes) => this.device.handleMessage(link, bytes, this.nowMs));
      isAny = true;
    }
    return isAny;
  }

  #send(id: LinkId, writer: ByteWriter, deliver: (bytes: Uint8Array) => void): void {
    const bytes = writer.written().slice();
    writer.reset(writer.bytes);
    const link = this.#links.get(id);
    if (link === undefined || link.isCut) return;
    const { loss = 0, duplicate = 0, jitterMs = 0 } = link.faults;
    const copies = this.#random() < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() < loss) continue;
      const delayMs = this.latencyMs + Math.floor(this.#random() * jitterMs);
      this.#after(delayMs, () => {
        if (this.#links.get(id) === link && !link.isCut) deliver(bytes);
      });
    }
  }

  #after(delayMs: number, deliver: () => void): void {
    this.#deliveries.push({ atMs: this.nowMs + delayMs, order: this.#order++, deliver });
    this.#deliveries.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  }

  #handleHostEvent(event: HostEvent): void {
    switch (event.kind) {
      case "resume":
        this.#resume(event.hello);
        break;
      case "schema":
        this.store.schemas.add(event.schema.number);
        break;
      case "record":
        this.#commit(event.session, event.record);
        break;
      case "clock":
        this.clockSamples++;
        break;
      case "welcomed":
        this.#session = event.session;
        this.desk.handleHere("pair-1", event.session.life, this.nowMs);
        break;
      case "answer":
        this.desk.handleAnswer("pair-1", event.message);
        break;
      case "close":
        this.hostCloses.push(event.why);
        break;
      default:
    }
  }

  #resume(hello: Hello): void {
    const { host, store } = this;
    store.first ??= hello.first;
    store.next = Math.max(store.next, hello.first);
    const resumed = { epochId: 1, next: store.next, schemas: [...store.schemas] };
    const token = 1 + Math.floor(this.#random() * 0xffff_fffe);
    this.#after(this.commitMs, () => host.handleResumed(hello, resumed, token, this.nowMs));
  }

  #commit(session: HostSession, record: HostRecord): void {
    const { host } = this;
    this.store.append(record);
    const { next } = this.store;
    this.#after(this.commitMs, () => {
      if (host === this.host) host.handleStored(session, next);
    });
  }
}
