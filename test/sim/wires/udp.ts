// Datagrams between devices and the collector: the device's ECMA-419 socket on one end, what
// host/links/udp-listener.ts does on the other (an address is a link from its first datagram on), and
// between them a network that loses, doubles, delays, reorders and damages.

import type {
  Datagram,
  UdpOptions,
  UdpSocket,
  WritableBytes,
} from "../../../device/platform/ecma419.ts";
import type { HostLinkIo } from "../../../host/links/host-link-io.ts";
import {
  DATAGRAM_TRAILER_BYTES,
  decodeDatagram,
  endDatagram,
} from "../../../shared/frame/datagram.ts";
import { DATAGRAM_BYTES_MAX } from "../../../shared/limits.ts";
import type { LinkId, LinkTraits } from "../../../shared/session/link.ts";
import type { Life } from "../life.ts";
import { flipBits, type Scene } from "../scene.ts";
import type { Hub } from "../station.ts";

/**
 * Ports from which a device sends. Each life begins again with the first, as lwIP does after a reset,
 * so a new socket meets what was meant for an old one.
 */
const PORTS = 3;

/** Datagrams that wait to be read; beyond it the oldest is dropped (host/simulator/io/udp.ts). */
const WAITING_DATAGRAMS_MAX = 100;

/** How late a delayed datagram may be: longer than a device takes to start anew. */
const DELAY_MS_MEAN = 60;
const LONG_DELAY_MS_MAX = 4_000;
const LONG_DELAY_PART = 0.4;

const HOST_TRAITS: LinkTraits = {
  kind: "udp",
  isReliable: false,
  isDatagram: true,
  messageBytesMax: DATAGRAM_BYTES_MAX - DATAGRAM_TRAILER_BYTES,
  receiveBytesMax: 0,
};

/** The device's end. */
export class DeviceUdp implements UdpSocket {
  readonly life: Life;
  readonly key: string;
  readonly #options: UdpOptions;
  #waiting: Datagram[] = [];
  #isClosed = false;

  constructor(options: UdpOptions, life: Life) {
    this.#options = { ...options };
    this.life = life;
    this.key = life.scene.station.udp.bind(this);
  }

  read(): Datagram | undefined {
    this.#assertOpen();
    return this.#waiting.shift();
  }

  write(bytes: WritableBytes, _address: string, _port: number): void {
    this.life.needPower();
    this.#assertOpen();
    const copy = new Uint8Array(bytes instanceof ArrayBuffer ? bytes : new Uint8Array(bytes));
    this.life.scene.station.udp.sendToHost(this, copy);
  }

  close(): void {
    this.#isClosed = true;
    this.life.scene.station.udp.unbind(this);
  }

  receive(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    if (this.#waiting.length === WAITING_DATAGRAMS_MAX) this.#waiting.shift();
    const copy = new Uint8Array(bytes);
    this.#waiting.push(Object.assign(copy.buffer as ArrayBuffer, { address, port }));
    this.life.enter(() => this.#options.onReadable?.call(this, this.#waiting.length));
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SyntaxError("C: xsGetHostData: invalid host data");
  }
}

/** The network, and the collector's listener on it. */
export class UdpNetwork {
  readonly scene: Scene;
  readonly #address: string;
  readonly #port: number;
  readonly #sockets = new Map<string, DeviceUdp>();
  #peers = new Map<string, LinkId>();
  #isPumpDue = false;

  constructor(scene: Scene, address: string, port: number) {
    this.scene = scene;
    this.#address = address;
    this.#port = port;
  }

  /** Gives the socket the next of its device's ports. */
  bind(socket: DeviceUdp): string {
    const { life } = socket;
    const key = `udp ${life.name}:${50_000 + (life.udpSockets++ % PORTS)}`;
    this.#sockets.set(key, socket);
    return key;
  }

  unbind(socket: DeviceUdp): void {
    if (this.#sockets.get(socket.key) === socket) this.#sockets.delete(socket.key);
  }

  /** The collector died, and its table of peers with it. */
  forgetPeers(): void {
    this.#peers = new Map();
    this.#isPumpDue = false;
  }

  get peers(): number {
    return this.#peers.size;
  }

  sendToHost({ life, key }: DeviceUdp, bytes: Uint8Array): void {
    this.#carry(bytes, (arrived, isDamaged) => this.#receive(life, key, arrived, isDamaged));
  }

  sendToDevice(key: string, bytes: Uint8Array): void {
    this.#carry(bytes, (arrived) => {
      this.scene.story.note(arrived);
      this.#sockets.get(key)?.receive(arrived, this.#address, this.#port);
    });
  }

  #carry(bytes: Uint8Array, arrive: (bytes: Uint8Array, isDamaged: boolean) => void): void {
    const { conditions, story, clock } = this.scene;
    if (conditions.partitionUntilMs > clock.nowMs) return;
    let copies = 1;
    if (conditions.befalls("udpDuplicate")) {
      story.countFault("udp-duplicate");
      copies = 2;
    }
    for (let copy = 0; copy < copies; copy++) {
      if (conditions.befalls("udpLoss")) story.countFault("udp-loss");
      else this.#carryOne(bytes, arrive);
    }
  }

  #carryOne(bytes: Uint8Array, arrive: (bytes: Uint8Array, isDamaged: boolean) => void): void {
    const { conditions, story, clock, chance } = this.scene;
    const isDamaged = conditions.befalls("udpFlip");
    let carried = bytes;
    if (isDamaged) {
      story.countFault("udp-flip");
      carried = new Uint8Array(bytes);
      flipBits(carried, chance);
    }
    clock.after(conditions.latencyMs() + this.#delayMs(), () => arrive(carried, isDamaged));
  }

  #delayMs(): number {
    const { conditions, story, chance } = this.scene;
    if (!conditions.befalls("udpDelay")) return 0;
    story.countFault("udp-delay");
    return chance.is(LONG_DELAY_PART)
      ? chance.between(0, LONG_DELAY_MS_MAX)
      : chance.exponential(DELAY_MS_MEAN);
  }

  #receive(life: Life, key: string, datagram: Uint8Array, isDamaged: boolean): void {
    const { hub } = this.scene.station;
    if (hub === undefined) return;
    const event = decodeDatagram(datagram);
    if (event.kind !== "message") {
      if (!isDamaged) this.scene.fail("integrity", "an undamaged datagram counts as noise");
      hub.handleNoise(key, event);
      return;
    }
    if (isDamaged) this.scene.fail("integrity", "a damaged datagram passed for a message");
    this.scene.handleArrival(life, event.bytes, true);
    const id = this.#peers.get(key);
    if (id === undefined) this.#handleStranger(hub, key, event.bytes);
    else hub.handleMessage(id, event.bytes);
    this.#pumpSoon(hub);
  }

  #handleStranger(hub: Hub, key: string, message: Uint8Array): void {
    const io = new UdpLinkIo(this, key, () => this.#removePeer(hub, key));
    const id = hub.handleStranger(io, message);
    if (id !== undefined) this.#peers.set(key, id);
  }

  #removePeer(hub: Hub, key: string): void {
    const id = this.#peers.get(key);
    if (id === undefined || hub !== this.scene.station.hub) return;
    this.#peers.delete(key);
    hub.handleLinkDown(id);
  }

  #pumpSoon(hub: Hub): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.scene.clock.after(0, () => {
      if (hub !== this.scene.station.hub) return;
      this.#isPumpDue = false;
      hub.pump();
    });
  }
}

class UdpLinkIo implements HostLinkIo {
  readonly traits = HOST_TRAITS;
  readonly where: string;
  readonly address: string;
  readonly end: () => void;
  readonly #network: UdpNetwork;

  constructor(network: UdpNetwork, key: string, end: () => void) {
    this.#network = network;
    this.where = key;
    this.address = key;
    this.end = end;
  }

  send(message: Uint8Array): void {
    this.#network.scene.handleSent(this.where, message, true);
    const datagram = new Uint8Array(message.length + DATAGRAM_TRAILER_BYTES);
    datagram.set(message);
    endDatagram(datagram, message.length);
    this.#network.sendToDevice(this.where, datagram);
  }
}
