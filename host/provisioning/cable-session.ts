// A session with the device at the other end of a serial cable, without a collector: to set it up, and to
// ask it. It keeps no records and says so (PROTOCOL 7.10), so the device keeps its own.

import { randomInt } from "node:crypto";
import { ByteWriter } from "../../shared/bytes/cursor.ts";
import { CommandDesk, type CommandOutcome, type Ticket } from "../../shared/command/desk.ts";
import type { FrameEvent } from "../../shared/frame/frame.ts";
import { SERIAL_MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import type { HostSealEvent, KeyRing } from "../../shared/seal/host-seal.ts";
import { HostEndpoint } from "../../shared/session/host-endpoint.ts";
import type { HostEvent } from "../../shared/session/host-event.ts";
import type { HostSession } from "../../shared/session/host-session.ts";
import type { LinkId } from "../../shared/session/link.ts";
import { monotonicMs } from "../clock.ts";
import { SealedLinks } from "../collector/sealed-links.ts";
import { type Errand, type Outcome, outcomeOf, requestOf } from "../commands/courier.ts";
import type { SerialAddress } from "../links/address.ts";
import type { HostLinkIo, LinkHub } from "../links/host-link-io.ts";
import { LinkError } from "../links/listen-error.ts";
import { SerialHostPort } from "../links/serial-port.ts";
import { printable } from "../terminal/printable.ts";

/** A device says hello each second while it uses the line, and asks after two seconds of silence. */
const HELLO_MS_MAX = 10_000;

const PUMP_MS = 100;
const U32_MAX = 0xffff_ffff;

type DeniedDevice = Extract<HostSealEvent, { kind: "denied" }>;

interface Waiting {
  readonly errand: Errand;
  readonly resolve: (outcome: Outcome) => void;
}

export class CableSession {
  readonly #hub: CableHub;
  readonly #port: SerialHostPort;

  private constructor(port: SerialHostPort, hub: CableHub) {
    this.#port = port;
    this.#hub = hub;
  }

  /**
   * Opens the port and waits for the device's hello. A device that has a key is taken where `ring` has it,
   * too. Rejects with a LinkError (ENOKEY where its key is missing), the port closed again.
   */
  static async open(address: SerialAddress, ring?: KeyRing): Promise<CableSession> {
    const hub = new CableHub(ring);
    const port = await SerialHostPort.open(address, hub).catch((error: unknown) => {
      hub.end();
      throw error;
    });
    const session = new CableSession(port, hub);
    try {
      await hub.welcomed(address.path);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** The name of the device. */
  get device(): string {
    return this.#hub.device;
  }

  /** The device has a key, and proved it. */
  get isSealed(): boolean {
    return this.#hub.isSealed;
  }

  /** Has the device do something. Resolves with how that ended, whatever that is. */
  run(errand: Errand): Promise<Outcome> {
    return this.#hub.run(errand);
  }

  /** Says goodbye, so that the device looks for its collector at once. */
  close(): void {
    this.#hub.end();
    this.#port.close();
  }
}

/** What the port talks to: the protocol's host end, and a desk for one device. */
class CableHub implements LinkHub {
  device = "";
  isSealed = false;
  readonly #endpoint = new HostEndpoint({ collector: "senda over the cable", isRecordless: true });
  readonly #desk = new CommandDesk(randomInt(0, U32_MAX));
  readonly #writer = new ByteWriter(new Uint8Array(SERIAL_MESSAGE_BYTES_MAX));
  readonly #waiting = new Map<Ticket, Waiting>();
  readonly #sealed: SealedLinks;
  readonly #timer = setInterval(() => this.pump(), PUMP_MS);
  #io: HostLinkIo | undefined;
  #id: LinkId = 0;
  #session: HostSession | undefined;
  #handleWelcomed: () => void = () => undefined;
  #handleDenied: (event: DeniedDevice) => void = () => undefined;

  constructor(ring: KeyRing | undefined) {
    this.#sealed = new SealedLinks(ring, false);
  }

  /** Resolves once a device was welcomed. */
  async welcomed(path: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const text = `serial ${path}: no device said hello within ${HELLO_MS_MAX / 1_000} s. Is it this port, and the board's speed (PATH@BAUD)? A device that has a better path to a collector leaves its serial port alone: ask it there`;
      timer = setTimeout(() => reject(new LinkError("ETIMEDOUT", text)), HELLO_MS_MAX);
    });
    const here = new Promise<void>((resolve, reject) => {
      this.#handleWelcomed = resolve;
      this.#handleDenied = (denied) => reject(new LinkError("ENOKEY", deniedText(path, denied)));
    });
    try {
      await Promise.race([here, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  run(errand: Errand): Promise<Outcome> {
    const { withinMs, awayMsMax } = errand;
    const order = { device: this.device, request: requestOf(errand), withinMs, awayMsMax };
    return new Promise((resolve) => {
      this.#waiting.set(this.#desk.order(order, monotonicMs()), { errand, resolve });
      this.pump();
    });
  }

  end(): void {
    clearInterval(this.#timer);
    this.#endpoint.handleShutdown("done", 0);
    this.#transmit();
  }

  handleLinkUp(io: HostLinkIo): LinkId {
    this.#io = io;
    this.#endpoint.handleLinkUp(++this.#id, io.traits, monotonicMs());
    return this.#id;
  }

  handleLinkDown(id: LinkId): void {
    this.#endpoint.handleLinkDown(id);
    this.#sealed.handleLinkDown(id);
    if (this.#session?.links.size === 0) this.#desk.handleAway(this.device);
  }

  handleMessage(id: LinkId, bytes: Uint8Array): void {
    const io = this.#io;
    if (io === undefined) return;
    const nowMs = monotonicMs();
    const received = this.#sealed.receive(io, id, bytes, nowMs);
    this.#drainSealEvents();
    if (received === undefined || !this.#sealed.bind(id, received, io)) return;
    this.isSealed = received.peer !== undefined;
    this.#endpoint.handleMessage(id, received.bytes, nowMs, received.peer?.device);
    this.#drainEvents();
  }

  /** Nobody sends datagrams over a cable. */
  handleStranger(): undefined {
    return undefined;
  }

  handleBlocked(id: LinkId, isBlocked: boolean): void {
    this.#sealed.handleBlocked(id, isBlocked);
    this.#endpoint.handleLinkBlocked(id, isBlocked);
  }

  /** What a device prints is nothing to us. */
  handleNoise(_where: string, _event: Exclude<FrameEvent, { kind: "message" }>): void {}

  pump(): void {
    const nowMs = monotonicMs();
    this.#endpoint.handleTimeout(nowMs);
    this.#drainEvents();
    this.#desk.handleTimeout(nowMs);
    const next = this.#desk.pollCommand(nowMs);
    if (next !== undefined && this.#session !== undefined) {
      this.#endpoint.sendCommand(this.#session, next.message);
    }
    this.#tellWhoWaits();
    this.#transmit();
  }

  #drainEvents(): void {
    const endpoint = this.#endpoint;
    for (let event = endpoint.pollEvent(); event !== undefined; event = endpoint.pollEvent()) {
      this.#handleEvent(event);
    }
  }

  #drainSealEvents(): void {
    const sealed = this.#sealed;
    for (let event = sealed.pollEvent(); event !== undefined; event = sealed.pollEvent()) {
      if (event.kind === "denied") this.#handleDenied(event);
    }
  }

  #handleEvent(event: HostEvent): void {
    switch (event.kind) {
      case "resume": {
        const { hello } = event;
        const resumed = { epochId: 0, next: hello.first, schemas: [] };
        this.#endpoint.handleResumed(hello, resumed, randomInt(1, U32_MAX), monotonicMs());
        break;
      }
      case "welcomed":
        this.#io?.limitReceive?.(event.hello.receiveBytesMax);
        this.#handleDevice(event.session);
        break;
      case "answer":
        this.#desk.handleAnswer(event.session.device, event.message);
        break;
      case "close":
        this.#io?.end();
        break;
      default: // records and clocks are a collector's
    }
  }

  /** One that was given another name is another device: who waits for the first one's answer gets none. */
  #handleDevice(session: HostSession): void {
    this.#session = session;
    this.device = session.device;
    this.#desk.handleHere(session.device, session.life, monotonicMs());
    this.#handleWelcomed();
  }

  #tellWhoWaits(): void {
    const desk = this.#desk;
    for (let event = desk.pollEvent(); event !== undefined; event = desk.pollEvent()) {
      const waiting = this.#waiting.get(event.ticket);
      if (waiting === undefined) continue;
      if (event.kind === "sent") waiting.errand.handleSent?.();
      else if (event.kind === "progress") waiting.errand.handleProgress?.(event.done, event.total);
      else this.#end(event.ticket, waiting, event.outcome);
    }
  }

  #end(ticket: Ticket, { resolve }: Waiting, outcome: CommandOutcome): void {
    this.#waiting.delete(ticket);
    resolve(outcomeOf(outcome));
  }

  #transmit(): void {
    const writer = this.#writer;
    for (;;) {
      writer.reset(writer.bytes);
      const id = this.#endpoint.pollTransmit(writer, monotonicMs());
      if (id === undefined) return;
      const message = this.#sealed.seal(id, writer.written());
      if (id === this.#id && message !== undefined) this.#io?.send(message);
    }
  }
}

function deniedText(path: string, { device, why }: DeniedDevice): string {
  const name = printable(device);
  return why === "wrong-key"
    ? `serial ${path}: the board says that it is ${name}, and has another key than the file of keys`
    : `serial ${path}: board ${name} has a key; --keys FILE names the file of keys that has it, too`;
}
