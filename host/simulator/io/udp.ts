// The ECMA-419 UDP socket over node:dgram. Owns one IPv4 socket and a bounded queue of received
// datagrams; errors that come after the call are silent, as there is no onError.
// lwIP: modules/io/socket/lwip/udp.c; the length of the queue is that of Linux:
// modules/io/socket/lin/udp.c; docs/decisions/0005-io-classes.md.

import { createSocket, type Socket } from "node:dgram";
import { isIP, isIPv4 } from "node:net";
import type { Datagram, UdpOptions, UdpSocket } from "../../../device/platform/ecma419.ts";
import { assertPort, invalidHostData, type NativeBuffer, viewOf } from "./bytes.ts";
import { EventPost, READABLE } from "./events.ts";

/** Received datagrams that may wait; beyond it the oldest is dropped (Linux; an ESP32 runs out of memory). */
export const WAITING_DATAGRAMS_MAX = 100;
/** Datagrams written in one turn or not yet taken by the kernel; beyond it write throws, as lwIP does without memory. */
export const UNSENT_DATAGRAMS_MAX = 100;
/** What one Ethernet frame carries: xs_udp_read returns the first pbuf only, and longer ones need fragments. */
export const DATAGRAM_BYTES_MAX = 1472;

/** A UDP socket as on a board. */
export class SimulatedUdp implements UdpSocket {
  /** Received datagrams that were dropped because the firmware did not read. */
  droppedDatagrams = 0;
  readonly #callbacks: UdpOptions;
  readonly #socket: Socket;
  readonly #events = new EventPost(() => this.#deliver());
  readonly #waiting: Datagram[] = [];
  #unsentDatagrams = 0;
  #isClosed = false;

  /** Throws RangeError "invalid port"; Error "bind failed" where the port is taken. */
  constructor(options: UdpOptions) {
    assertPort(options.port);
    this.#callbacks = { ...options };
    this.#socket = bindSocket(options.port);
    this.#socket.on("message", (bytes, from) => this.#receive(bytes, from.address, from.port));
  }

  /** The oldest datagram that waits, or undefined. */
  read(): Datagram | undefined {
    this.#assertOpen();
    return this.#waiting.shift();
  }

  /**
   * Sends a copy of `buffer`. Throws RangeError "invalid IP address" for all but an IP literal,
   * RangeError "invalid port", and Error "UDP send failed" where the network stack cannot take it.
   */
  write(buffer: NativeBuffer, address: string, port: number): void {
    this.#assertOpen();
    if (isIP(address) === 0) throw new RangeError("invalid IP address");
    assertPort(port, 1);
    const bytes = viewOf(buffer);
    if (!this.#canSend(bytes, address)) throw new Error("UDP send failed");
    this.#unsentDatagrams++;
    this.#socket.send(new Uint8Array(bytes), port, address, () => {
      this.#unsentDatagrams--;
    });
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#socket.close();
  }

  /** udp_bind on IP_ADDR_ANY makes an IPv4 socket, from which udp_sendto refuses IPv6. */
  #canSend(bytes: Uint8Array, address: string): boolean {
    const hasRoom = this.#unsentDatagrams < UNSENT_DATAGRAMS_MAX;
    return hasRoom && isIPv4(address) && bytes.length <= DATAGRAM_BYTES_MAX;
  }

  #receive(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    if (this.#waiting.length === WAITING_DATAGRAMS_MAX) {
      this.#waiting.shift();
      this.droppedDatagrams++;
    }
    const { buffer } = new Uint8Array(bytes.subarray(0, DATAGRAM_BYTES_MAX));
    this.#waiting.push(Object.assign(buffer, { address, port }));
    this.#events.post(READABLE);
  }

  #deliver(): void {
    if (this.#isClosed || this.#waiting.length === 0) return;
    this.#callbacks.onReadable?.call(this, this.#waiting.length);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw invalidHostData();
  }
}

/**
 * Binds before it returns, because the only thing that dgram waits for is the lookup of the address,
 * and ours answers at once. Should it not, dgram keeps what is sent until the socket is bound.
 */
function bindSocket(port: number): Socket {
  const socket = createSocket({
    type: "udp4",
    lookup: (address, _options, found) => found(null, address, 4),
  });
  let hasFailed = false;
  socket.on("error", () => {
    hasFailed = true;
  });
  socket.bind({ port, exclusive: true });
  if (!hasFailed) return socket;
  socket.close();
  throw new Error("bind failed");
}
