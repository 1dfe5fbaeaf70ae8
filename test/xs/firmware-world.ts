// The firmware and a collector's endpoint in one engine, on one virtual clock, joined by a scripted
// TCP connection that is cut once. The same world runs on Node and in XS; both must say the same
// bytes. Fakes: the platform's TCP, timers and random numbers, and a store that is a counter.

import { Firmware } from "../../device/firmware.ts";
import type { TcpOptions, TcpSocket, WritableBytes } from "../../device/platform/ecma419.ts";
import type { Platform } from "../../device/platform/platform.ts";
import { MemoryStorage } from "../../device/platform/storage.ts";
import { RandomSensor } from "../../device/sensors/random.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../device/settings.ts";
import { SettingsKeeper } from "../../device/settings-keeper.ts";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { CommandDesk } from "../../shared/command/desk.ts";
import { StreamDecoder, writeStreamHeader } from "../../shared/frame/stream.ts";
import { HostSeal, type SealedPeer } from "../../shared/seal/host-seal.ts";
import { HostEndpoint } from "../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../shared/session/host-event.ts";
import { endOf, type HostSession } from "../../shared/session/host-session.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";
import { SimulatedFlash } from "../flash/simulated-flash.ts";
import { nobleCrypto } from "../seal/noble-crypto.ts";

export interface WorldOptions {
  readonly samples: number;
  /** The connection is cut after so many frames from the device; 0 for never. */
  readonly cutAfterFrames: number;
  /** Before it, a life takes as many samples, keeps them in flash, finds no collector and loses its power. */
  readonly hasPast?: boolean;
  /** The device has a key, and the collector takes nothing in the clear. */
  readonly isSealed?: boolean;
  /** What the device is told to do, one after the other, in their order. */
  readonly commands?: readonly {
    readonly name: string;
    readonly arguments: Readonly<Record<string, string>>;
  }[];
  /** Leaves the bytes out of the report, to measure without the cost of writing them down. */
  readonly isSilent?: boolean;
}

export interface WorldReport {
  /** Every write of either side in order, as "> hex" (device) and "< hex" (collector). */
  readonly transcript: readonly string[];
  /** How the commands ended, in their order. */
  readonly statuses: readonly string[];
  readonly samples: number;
  readonly readings: number;
  readonly acknowledged: number;
  readonly reconnects: number;
  /** Records in the store. */
  readonly stored: number;
  readonly virtualMs: number;
}

const DEVICE = "xs-1";
const KEY = "00112233445566778899aabbccddeeff".repeat(2);

const LINK: LinkTraits = {
  kind: "tcp",
  isReliable: true,
  isDatagram: false,
  messageBytesMax: 65_536,
  receiveBytesMax: 0,
};
const TCP_ROOM = 5_744;
const VIRTUAL_MS_MAX = 600_000;
const HEADER_BYTES = 4;

interface Alarm {
  readonly callback: () => void;
  readonly atMs: number;
  readonly order: number;
}

class World {
  readonly transcript: string[] = [];
  nowMs = 0;
  /** Nobody can be reached. */
  isRemote = false;
  /** By epoch: the records that are stored. */
  readonly #stored = new Map<string, number>();
  readonly #flash = new SimulatedFlash(4_096, 8);
  readonly #options: WorldOptions;
  #alarms: Alarm[] = [];
  #order = 0;
  readonly #host = new HostEndpoint({ collector: "world" });
  readonly #desk = new CommandDesk(1);
  readonly statuses: string[] = [];
  #session: HostSession | undefined;
  readonly #sockets = new Map<LinkId, ScriptedTcp>();
  #seal: HostSeal | undefined;
  #peer: SealedPeer | undefined;
  #nextLink: LinkId = 1;
  #framesLeft: number;
  #seed = 1;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#framesLeft = options.cutAfterFrames;
    if (options.isSealed) this.#seal = this.#createSeal();
  }

  #createSeal(): HostSeal {
    const key = new Uint8Array(KEY.length / 2).map((_, index) =>
      Number.parseInt(KEY.slice(2 * index, 2 * index + 2), 16),
    );
    return new HostSeal({
      primitives: nobleCrypto,
      ring: { keysOf: (device) => (device === DEVICE ? [key] : []) },
      random: (count) => new Uint8Array(count).map(() => this.#randomByte()),
    });
  }

  /** Records in the store. */
  get stored(): number {
    let records = 0;
    for (const next of this.#stored.values()) records += next;
    return records;
  }

  /** Whatever was to happen to the device does not. */
  cutPower(): void {
    this.#alarms = [];
  }

  createPlatform(): Platform {
    const world = this;
    class Unused {
      constructor() {
        throw new Error("this world has TCP only");
      }
    }
    return {
      TCP: class extends ScriptedTcp {
        constructor(options: TcpOptions) {
          super(options, world);
        }
      },
      UDP: Unused as unknown as Platform["UDP"],
      Serial: Unused as unknown as Platform["Serial"],
      timers: {
        set: (callback, delayMs) => this.after(delayMs, callback),
        repeat: () => {
          throw new Error("the firmware uses one-shot timers only");
        },
        clear: (timer) => {
          this.#alarms = this.#alarms.filter((alarm) => alarm !== timer);
        },
      },
      ticks: () => Math.floor(this.nowMs) | 0,
      resolve: (host, found) => {
        this.after(0, () => found(this.isRemote ? undefined : host));
      },
      openFlash: () => this.#flash,
      openStorage: () => undefined,
      randomBytes: (count) => new Uint8Array(count).map(() => this.#randomByte()),
      crypto: nobleCrypto,
      trace: () => undefined,
      resetReason: () => "power-on",
    };
  }

  /** Lehmer's generator with ZX81's constants: anything will do that both engines compute alike. */
  #randomByte(): number {
    this.#seed = (this.#seed * 75) % 65_537;
    return this.#seed & 0xff;
  }

  after(delayMs: number, callback: () => void): Alarm {
    const alarm = { callback, atMs: this.nowMs + Math.ceil(delayMs), order: this.#order++ };
    this.#alarms.push(alarm);
    return alarm;
  }

  /** Lets the next thing happen. */
  step(): void {
    let next = this.#alarms[0]!;
    for (const alarm of this.#alarms) {
      if (alarm.atMs < next.atMs || (alarm.atMs === next.atMs && alarm.order < next.order))
        next = alarm;
    }
    this.#alarms.splice(this.#alarms.indexOf(next), 1);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.callback();
  }

  connect(socket: ScriptedTcp): LinkId {
    const id = this.#nextLink++;
    this.#sockets.set(id, socket);
    this.#host.handleLinkUp(id, LINK, this.nowMs);
    this.after(1, () => socket.deliverWritable(TCP_ROOM));
    return id;
  }

  disconnect(id: LinkId): void {
    this.#sockets.delete(id);
    this.#host.handleLinkDown(id);
  }

  /** Bytes from the device; false where the connection was cut right behind them. */
  receive(id: LinkId, bytes: Uint8Array, decoder: StreamDecoder): boolean {
    this.#note(">", bytes);
    decoder.handleBytes(bytes);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (event.kind !== "message") throw new Error(`the device sent ${event.kind}`);
      this.#hear(id, event.bytes);
      this.#drainHost();
      if (--this.#framesLeft === 0) return false;
    }
    return true;
  }

  #hear(id: LinkId, bytes: Uint8Array): void {
    const outcome = this.#seal?.handleMessage(bytes, { address: "world" }, this.nowMs);
    if (outcome === undefined) this.#host.handleMessage(id, bytes, this.nowMs);
    else if (outcome.kind === "answer") this.#send(id, outcome.bytes);
    else if (outcome.kind === "dropped")
      throw new Error("the collector drops what the device sent");
    else {
      this.#peer = outcome.peer;
      this.#host.handleMessage(id, outcome.body, this.nowMs, outcome.peer.device);
    }
  }

  #send(id: LinkId, message: Uint8Array): void {
    const frame = new Uint8Array(HEADER_BYTES + message.length);
    writeStreamHeader(frame, 0, message.length);
    frame.set(message, HEADER_BYTES);
    this.#note("<", frame);
    this.after(1, () => this.#sockets.get(id)?.deliverReadable(frame));
  }

  /** The host's next message as it goes out. */
  #nextMessage(writer: ByteWriter): LinkId | undefined {
    let id: LinkId | undefined;
    const source = (into: ByteWriter) => {
      id = this.#host.pollTransmit(into, this.nowMs);
      return id !== undefined;
    };
    if (this.#peer === undefined) source(writer);
    else this.#seal!.seal(this.#peer, writer, source);
    return id;
  }

  #drainHost(): void {
    const host = this.#host;
    for (let event = host.pollEvent(); event !== undefined; event = host.pollEvent()) {
      this.#handleHostEvent(event);
    }
    this.#serveDesk();
    const writer = new ByteWriter(new Uint8Array(2_048));
    for (;;) {
      writer.reset(writer.bytes);
      const id = this.#nextMessage(writer);
      if (id === undefined) return;
      this.#send(id, writer.written());
    }
  }

  #serveDesk(): void {
    const desk = this.#desk;
    for (let next = desk.pollCommand(this.nowMs); next; next = desk.pollCommand(this.nowMs)) {
      if (this.#session !== undefined) this.#host.sendCommand(this.#session, next.message);
    }
    for (let event = desk.pollEvent(); event; event = desk.pollEvent()) {
      if (event.kind === "ended") this.statuses.push(event.outcome.status);
    }
  }

  /** The first welcome brings all orders; each waits for the one before. */
  #handleWelcomed(session: HostSession): void {
    const { device, life } = session;
    const isFirst = this.#session === undefined;
    this.#session = session;
    this.#desk.handleHere(device, life, this.nowMs);
    const commands = isFirst ? (this.#options.commands ?? []) : [];
    for (const { name, arguments: given } of commands) {
      const request = { name, arguments: new Map(Object.entries(given)) };
      this.#desk.order({ device, request, withinMs: 60_000, awayMsMax: 60_000 }, this.nowMs);
    }
  }

  #handleHostEvent(event: HostEvent): void {
    if (event.kind === "welcomed") this.#handleWelcomed(event.session);
    else if (event.kind === "answer") {
      this.#desk.handleAnswer(event.session.device, event.message);
    } else if (event.kind === "resume") {
      const next = this.#stored.get(event.hello.epoch) ?? 0;
      const resumed = { epochId: 1, next, schemas: this.stored === 0 ? [] : [0] };
      this.#host.handleResumed(event.hello, resumed, 1, this.nowMs);
    } else if (event.kind === "record") {
      const { session, record } = event;
      this.#stored.set(session.epoch, endOf(record));
      this.after(2, () => {
        this.#host.handleStored(session, endOf(record));
        this.#drainHost();
      });
    } else if (event.kind === "close") {
      throw new Error(`the collector closes: ${event.why}`);
    }
  }

  #note(mark: string, bytes: Uint8Array): void {
    if (this.#options.isSilent) return;
    let hex = "";
    for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
    this.transcript.push(`${mark} ${hex}`);
  }
}

class ScriptedTcp implements TcpSocket {
  readonly #options: TcpOptions;
  readonly #world: World;
  readonly #decoder = new StreamDecoder();
  readonly #id: LinkId;
  #arrived: Uint8Array | undefined;
  #isClosed = false;

  constructor(options: TcpOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#id = world.connect(this);
  }

  read(): ArrayBuffer | undefined {
    const bytes = this.#arrived;
    this.#arrived = undefined;
    return bytes?.slice().buffer as ArrayBuffer | undefined;
  }

  write(bytes: WritableBytes): number {
    const copy = new Uint8Array(bytes as Uint8Array).slice();
    this.#world.after(1, () => this.#arrive(copy));
    return TCP_ROOM;
  }

  close(): void {
    this.#isClosed = true;
    this.#world.disconnect(this.#id);
  }

  deliverWritable(count: number): void {
    if (!this.#isClosed) this.#options.onWritable?.call(this, count);
  }

  deliverReadable(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#arrived = bytes;
    this.#options.onReadable?.call(this, bytes.length);
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#world.receive(this.#id, bytes, this.#decoder)) return;
    this.#options.onError?.call(this);
  }
}

/** Runs a device until all its samples are acknowledged. */
export function runWorld(options: WorldOptions): WorldReport {
  const world = new World(options);
  if (options.hasPast) {
    world.isRemote = true;
    const past = boot(world, options);
    runUntil(world, () => past.status.samples === options.samples);
    world.cutPower();
    world.isRemote = false;
  }
  const firmware = boot(world, options);
  runUntil(world, () => firmware.status.isDone);
  const { samples, readings, acknowledged, reconnects } = firmware.status;
  const { transcript, statuses, stored, nowMs: virtualMs } = world;
  return { transcript, statuses, samples, readings, acknowledged, reconnects, stored, virtualMs };
}

function boot(world: World, { samples, hasPast, isSealed }: WorldOptions): Firmware {
  const flashPartition = hasPast ? "records" : "";
  const settings: Settings = {
    ...DEFAULT_SETTINGS,
    device: DEVICE,
    key: isSealed ? KEY : "",
    paths: ["tcp"],
    flashPartition,
  };
  return new Firmware({
    platform: world.createPlatform(),
    keeper: new SettingsKeeper(settings, new MemoryStorage(), () => undefined),
    sensors: [{ sensor: new RandomSensor(7), periodMs: 100 }],
    samplesMax: samples,
  });
}

function runUntil(world: World, isOver: () => boolean): void {
  while (!isOver()) {
    if (world.nowMs > VIRTUAL_MS_MAX) throw new Error("the world does not come to an end");
    world.step();
  }
}
