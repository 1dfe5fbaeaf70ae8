// TCP connections between devices and the collector: the device's ECMA-419 socket on one end, what
// host/links/tcp-listener.ts makes of a Node socket on the other, and between them a network that
// delays, stands still, cuts with and without notice, and accepts what it never delivers. TCP corrects
// losses itself, so nothing is lost or changed on a connection that lives.

import type { TcpOptions, TcpSocket, WritableBytes } from "../../../device/platform/ecma419.ts";
import type { HostLinkIo } from "../../../host/links/host-link-io.ts";
import { StreamDecoder, writeStreamHeader } from "../../../shared/frame/stream.ts";
import { MESSAGE_BYTES_MAX } from "../../../shared/limits.ts";
import type { LinkId, LinkTraits } from "../../../shared/session/link.ts";
import type { Alarm } from "../clock.ts";
import type { Life } from "../life.ts";
import type { Scene } from "../scene.ts";
import type { Hub } from "../station.ts";

/** lwIP's send buffer, as host/simulator/io/tcp.ts has it. */
const SEND_BUFFER_BYTES = 5_744;

/** As host/links/tcp-listener.ts waits for a peer that does not read. */
const LINGER_MS = 2_000;

/** What Node takes for a peer that does not read before it asks for a pause. */
const HOST_BUFFER_BYTES = 16_384;

const HEADER_BYTES = 4;

const HOST_TRAITS: LinkTraits = {
  kind: "tcp",
  isReliable: true,
  isDatagram: false,
  messageBytesMax: MESSAGE_BYTES_MAX,
  receiveBytesMax: 0,
};

/** The device's end. */
export class DeviceTcp implements TcpSocket {
  readonly life: Life;
  readonly #options: TcpOptions;
  readonly #wire: TcpWire;
  #state: "connecting" | "connected" | "failed" | "closed" = "connecting";
  #room = SEND_BUFFER_BYTES;
  #received: Uint8Array[] = [];

  constructor(options: TcpOptions, life: Life) {
    this.#options = { ...options };
    this.life = life;
    this.#wire = new TcpWire(life.scene, this);
    life.scene.station.wires.add(this.#wire);
  }

  read(): ArrayBuffer | undefined {
    this.#assertOpen();
    if (this.#received.length === 0) return undefined;
    const bytes = joined(this.#received);
    this.#received = [];
    return bytes.buffer as ArrayBuffer;
  }

  write(bytes: WritableBytes): number | undefined {
    this.life.needPower();
    this.#assertOpen();
    if (this.#state !== "connected") throw new Error("not ready");
    const copy = new Uint8Array(bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes));
    if (copy.length > this.#room) throw new Error("would block");
    this.#room -= copy.length;
    this.#wire.sendToHost(copy);
    return this.#room;
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#wire.handleDeviceClose();
  }

  handleConnected(): void {
    if (this.#state !== "connecting") return;
    this.#state = "connected";
    this.life.enter(() => this.#options.onWritable?.call(this, this.#room));
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#state !== "connected") return;
    this.#received.push(bytes);
    this.life.enter(() => this.#options.onReadable?.call(this, bytes.length));
  }

  /** The host has taken so many bytes. */
  handleCredit(bytes: number): void {
    if (this.#state !== "connected") return;
    this.#room += bytes;
    this.life.enter(() => this.#options.onWritable?.call(this, this.#room));
  }

  handleError(): void {
    if (this.#state === "closed" || this.#state === "failed") return;
    this.#state = "failed";
    this.life.enter(() => this.#options.onError?.call(this));
  }

  #assertOpen(): void {
    if (this.#state === "closed") throw new SyntaxError("C: xsGetHostData: invalid host data");
  }
}

/** The connection, and its host's end. */
export class TcpWire implements HostLinkIo {
  readonly traits = HOST_TRAITS;
  readonly where: string;
  readonly address: string;

  readonly #scene: Scene;
  readonly #device: DeviceTcp;
  readonly #decoder = new StreamDecoder();
  /** The collector's end; undefined before it accepts and after it is gone. */
  #hub: Hub | undefined;
  #id: LinkId | undefined;
  /** Nothing passes any more, and nobody is told. */
  #isSilent = false;
  /** The host's machine knows no such connection: what arrives is answered with a reset. */
  #isForgotten = false;
  #isEnded = false;
  #isDeviceGone = false;
  #stalledUntilMs = 0;
  #toHostAtMs = 0;
  #toDeviceAtMs = 0;
  #untakenBytes = 0;
  #isBlocked = false;
  #credit = 0;
  #crediting: Alarm | undefined;

  constructor(scene: Scene, device: DeviceTcp) {
    this.#scene = scene;
    this.#device = device;
    this.where = `tcp ${device.life.name}`;
    this.address = this.where;
    this.#deliver("toHost", () => this.#accept());
  }

  get life(): Life {
    return this.#device.life;
  }

  // The device's side

  sendToHost(bytes: Uint8Array): void {
    this.#deliver("toHost", () => this.#receive(bytes));
  }

  handleDeviceClose(): void {
    this.#isDeviceGone = true;
    this.#deliver("toHost", () => this.#loseHostEnd());
  }

  /** The device lost its power: whatever it had is gone, and nobody is told. */
  handleDeviceDeath(): void {
    this.#isDeviceGone = true;
    this.silence();
  }

  // The collector's side

  send(message: Uint8Array): void {
    this.#scene.handleSent(this.where, message, false);
    const frame = new Uint8Array(HEADER_BYTES + message.length);
    writeStreamHeader(frame, 0, message.length);
    frame.set(message, HEADER_BYTES);
    this.#untakenBytes += frame.length;
    this.#deliver("toDevice", () => this.#giveToDevice(frame));
    if (this.#untakenBytes <= HOST_BUFFER_BYTES || this.#isBlocked || this.#id === undefined)
      return;
    this.#isBlocked = true;
    this.#hub?.handleBlocked(this.#id, true);
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#deliver("toDevice", () => this.#device.handleError());
    this.#scene.clock.after(LINGER_MS, () => this.#loseHostEnd());
  }

  /** The collector's process died; the kernel resets the connection, unless the machine died too. */
  handleHostDeath(isTold: boolean): void {
    this.#hub = undefined;
    this.#isForgotten = true;
    if (isTold) this.#deliver("toDevice", () => this.#device.handleError());
  }

  // The weather

  get isOpen(): boolean {
    return this.#hub !== undefined && !this.#isSilent && !this.#isDeviceGone;
  }

  /** Both ends are told; what was on its way is gone. */
  cut(): void {
    this.#isSilent = true;
    this.#device.handleError();
    this.#loseHostEnd();
  }

  silence(): void {
    this.#isSilent = true;
  }

  stall(untilMs: number): void {
    this.#stalledUntilMs = untilMs;
  }

  #accept(): void {
    const { station, conditions, story } = this.#scene;
    if (station.isMachineDown) return;
    if (station.hub === undefined) {
      this.#deliver("toDevice", () => this.#device.handleError()); // refused
      return;
    }
    this.#hub = station.hub;
    this.#id = this.#hub.handleLinkUp(this);
    if (this.#id === undefined) {
      this.#loseHostEnd();
      return;
    }
    this.#deliver("toDevice", () => this.#device.handleConnected());
    if (!conditions.befalls("tcpHalfOpen")) return;
    story.tellFault("tcp-stall", `${this.where} is accepted and never delivers`);
    this.#deliver("toDevice", () => this.silence());
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isForgotten) {
      if (!this.#scene.station.isMachineDown) {
        this.#deliver("toDevice", () => this.#device.handleError());
      }
      return;
    }
    this.#giveCredit(bytes.length);
    for (const segment of this.#segments(bytes)) this.#decode(segment);
    this.#hub?.pump();
  }

  #segments(bytes: Uint8Array): Uint8Array[] {
    const { conditions, chance, story } = this.#scene;
    if (bytes.length < 2 || !conditions.befalls("tcpSegments")) return [bytes];
    story.countFault("tcp-segments");
    const at = chance.integer(1, bytes.length - 1);
    return [bytes.subarray(0, at), bytes.subarray(at)];
  }

  #decode(segment: Uint8Array): void {
    const decoder = this.#decoder;
    decoder.handleBytes(segment);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (this.#hub === undefined || this.#id === undefined) return;
      if (event.kind !== "message") {
        this.#scene.fail("integrity", `${this.where}: ${event.kind} on a stream without faults`);
        return;
      }
      this.#scene.handleArrival(this.#device.life, event.bytes, false);
      this.#hub.handleMessage(this.#id, event.bytes);
    }
  }

  /** One event for several writes: a device needs its room back, not each byte of it at once. */
  #giveCredit(bytes: number): void {
    this.#credit += bytes;
    if (this.#crediting !== undefined) return;
    const { clock, conditions } = this.#scene;
    this.#crediting = clock.after(conditions.latencyMs() + 5, () => {
      const credit = this.#credit;
      this.#credit = 0;
      this.#crediting = undefined;
      if (!this.#isSilent) this.#device.handleCredit(credit);
    });
  }

  #giveToDevice(frame: Uint8Array): void {
    this.#scene.story.note(frame);
    this.#device.handleBytes(frame);
    this.#untakenBytes -= frame.length;
    if (!this.#isBlocked || this.#untakenBytes > 0) return;
    this.#isBlocked = false;
    if (this.#id === undefined) return;
    this.#hub?.handleBlocked(this.#id, false);
    this.#hub?.pump();
  }

  /** The host's socket is closed: by the device, by its own time-out, by a reset. */
  #loseHostEnd(): void {
    const hub = this.#hub;
    this.#hub = undefined;
    this.#isForgotten = true;
    this.#scene.station.wires.delete(this);
    if (hub === undefined) return;
    if (this.#id !== undefined) hub.handleLinkDown(this.#id);
    hub.pump();
    if (!this.#isDeviceGone) this.#deliver("toDevice", () => this.#device.handleError());
  }

  /** In order, after the latency, and not while the wire stands still. */
  #deliver(way: "toHost" | "toDevice", arrive: () => void): void {
    const { clock, conditions } = this.#scene;
    const before = way === "toHost" ? this.#toHostAtMs : this.#toDeviceAtMs;
    const openAtMs = Math.max(this.#stalledUntilMs, conditions.partitionUntilMs, clock.nowMs);
    const atMs = Math.max(before, openAtMs + conditions.latencyMs());
    if (way === "toHost") this.#toHostAtMs = atMs;
    else this.#toDeviceAtMs = atMs;
    clock.at(atMs, () => {
      if (!this.#isSilent) arrive();
    });
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const length = pieces.reduce((sum, { length: bytes }) => sum + bytes, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
