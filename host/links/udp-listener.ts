// Devices that send datagrams. PROTOCOL 3.4. Each remote address and port is one link, from its
// first datagram until it is silent for too long.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import {
  DATAGRAM_TRAILER_BYTES,
  decodeDatagram,
  endDatagram,
} from "../../shared/frame/datagram.ts";
import { DATAGRAM_BYTES_MAX } from "../../shared/limits.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";
import { type Address, formatAddress } from "./address.ts";
import type { HostLinkIo, LinkHub } from "./host-link-io.ts";
import { listenError } from "./listen-error.ts";

const TRAITS: LinkTraits = {
  kind: "udp",
  isReliable: false,
  isDatagram: true,
  messageBytesMax: DATAGRAM_BYTES_MAX - DATAGRAM_TRAILER_BYTES,
  receiveBytesMax: 0,
};

/** As Telegraf recommends for bursts of many senders; the kernel may grant less (net.core.rmem_max). */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

/** Addresses that may be known at a time; a flood of forged ones must not fill memory. */
const PEERS_MAX = 16_384;

interface Peer {
  readonly id: LinkId;
  readonly where: string;
}

export class UdpListener {
  /** Datagrams from new addresses that came while as many as we keep were known. */
  refusedPeers = 0;

  readonly #hub: LinkHub;
  readonly #socket: Socket;
  readonly #peers = new Map<string, Peer>();
  #isPumpDue = false;

  private constructor(hub: LinkHub, host: string) {
    this.#hub = hub;
    this.#socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
    this.#socket.on("message", (datagram, sender) => this.#handleDatagram(datagram, sender));
  }

  /** Listens on `address`; port 0 is any free one. Rejects with a LinkError. */
  static open(address: Address, hub: LinkHub): Promise<UdpListener> {
    const listener = new UdpListener(hub, address.host);
    const socket = listener.#socket;
    return new Promise((resolve, reject) => {
      socket.once("error", (error) =>
        reject(listenError(`UDP ${formatAddress(address)}`, "--udp", error)),
      );
      socket.bind(address.port, address.host, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => undefined); // e.g. a peer's port went away: its silence tells
        growReceiveBuffer(socket);
        resolve(listener);
      });
    });
  }

  get address(): Address {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  close(): void {
    this.#socket.close();
  }

  #handleDatagram(datagram: Uint8Array, sender: RemoteInfo): void {
    const event = decodeDatagram(datagram);
    if (event.kind !== "message") {
      this.#hub.handleNoise(whereOf(sender), event);
      return;
    }
    const peer = this.#peers.get(keyOf(sender));
    if (peer === undefined) this.#handleStranger(sender, event.bytes);
    else this.#hub.handleMessage(peer.id, event.bytes);
    this.#pumpSoon();
  }

  /** Once for all datagrams that are already there. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      this.#hub.pump();
    });
  }

  #handleStranger(sender: RemoteInfo, message: Uint8Array): void {
    if (this.#peers.size >= PEERS_MAX) {
      this.refusedPeers++;
      return;
    }
    const io = new UdpLinkIo(this.#socket, sender, () => this.#removePeer(sender));
    const id = this.#hub.handleStranger(io, message);
    if (id !== undefined) this.#peers.set(keyOf(sender), { id, where: io.where });
  }

  #removePeer(sender: RemoteInfo): void {
    const peer = this.#peers.get(keyOf(sender));
    if (peer === undefined) return;
    this.#peers.delete(keyOf(sender));
    this.#hub.handleLinkDown(peer.id);
  }
}

class UdpLinkIo implements HostLinkIo {
  readonly traits = TRAITS;
  readonly where: string;
  readonly address: string;
  readonly end: () => void;
  readonly #socket: Socket;
  readonly #peer: RemoteInfo;

  constructor(socket: Socket, peer: RemoteInfo, end: () => void) {
    this.#socket = socket;
    this.#peer = peer;
    this.where = whereOf(peer);
    this.address = peer.address;
    this.end = end;
  }

  send(message: Uint8Array): void {
    const datagram = Buffer.allocUnsafe(message.length + DATAGRAM_TRAILER_BYTES);
    datagram.set(message);
    endDatagram(datagram, message.length);
    this.#socket.send(datagram, this.#peer.port, this.#peer.address, () => undefined);
  }
}

function keyOf(peer: RemoteInfo): string {
  return `${peer.address} ${peer.port}`;
}

function whereOf(peer: RemoteInfo): string {
  return `udp ${formatAddress({ host: peer.address, port: peer.port })}`;
}

/** Asks for room for bursts. */
export function growReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // the kernel keeps its own size; devices send again what is lost
  }
}
