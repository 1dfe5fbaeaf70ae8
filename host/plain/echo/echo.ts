// The echo service, RFC 862: what comes by TCP or UDP goes back as it came. TCP is read no faster than
// it can be written, so a client that does not read its echo is not read from either.

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from "node:net";
import { type Address, formatAddress } from "../../links/address.ts";
import { listenError } from "../../links/listen-error.ts";
import { growReceiveBuffer } from "../../links/udp-listener.ts";
import { ANSWER_BYTES_WAITING_MAX, CLIENTS_DEFAULT, CLIENTS_PER_ADDRESS_MAX } from "../limits.ts";
import { plainAddress } from "../peer-address.ts";
import { Places } from "../places.ts";

/** A client that does not read what is left for it is not waited for longer than this. */
const LINGER_MS = 2_000;

export type EchoEvent =
  | { readonly event: "connected" | "turned-away"; readonly where: string }
  | { readonly event: "disconnected"; readonly where: string; readonly bytes: number }
  | { readonly event: "datagram"; readonly where: string; readonly bytes: number };

export interface EchoCounters {
  connections: number;
  datagrams: number;
  bytes: number;
  turnedAway: number;
}

export type HandleEcho = (event: EchoEvent) => void;

export class TcpEcho {
  readonly counters: EchoCounters = { connections: 0, datagrams: 0, bytes: 0, turnedAway: 0 };
  readonly #handle: HandleEcho;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #places = new Places(CLIENTS_DEFAULT, CLIENTS_PER_ADDRESS_MAX);

  private constructor(handle: HandleEcho) {
    this.#handle = handle;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Rejects with a LinkError. */
  static open(address: Address, handle: HandleEcho): Promise<TcpEcho> {
    const echo = new TcpEcho(handle);
    return new Promise((resolve, reject) => {
      echo.#server.once("error", (error) =>
        reject(listenError(`TCP ${formatAddress(address)}`, "--tcp", error)),
      );
      echo.#server.listen(address.port, address.host, () => {
        echo.#server.removeAllListeners("error");
        echo.#server.on("error", () => undefined); // a failed accept is that client's trouble
        resolve(echo);
      });
    });
  }

  get address(): Address {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.end();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
  }

  #accept(socket: Socket): void {
    socket.on("error", () => socket.destroy()); // "close" follows
    const address = plainAddress(socket.remoteAddress ?? "");
    const where = `tcp ${formatAddress({ host: address, port: socket.remotePort ?? 0 })}`;
    if (!this.#places.take(address)) {
      this.counters.turnedAway++;
      this.#handle({ event: "turned-away", where });
      socket.destroy();
      return;
    }
    this.counters.connections++;
    this.#sockets.add(socket);
    this.#handle({ event: "connected", where });
    socket.on("data", (chunk) => {
      this.counters.bytes += chunk.length;
    });
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#places.leave(address);
      this.#handle({ event: "disconnected", where, bytes: socket.bytesRead });
    });
    socket.pipe(socket);
  }
}

export class UdpEcho {
  readonly counters: EchoCounters = { connections: 0, datagrams: 0, bytes: 0, turnedAway: 0 };
  readonly #handle: HandleEcho;
  readonly #socket: UdpSocket;

  private constructor(handle: HandleEcho, host: string) {
    this.#handle = handle;
    this.#socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
    this.#socket.on("message", (datagram, sender) => this.#echo(datagram, sender));
  }

  /** Rejects with a LinkError. */
  static open(address: Address, handle: HandleEcho): Promise<UdpEcho> {
    const echo = new UdpEcho(handle, address.host);
    const socket = echo.#socket;
    return new Promise((resolve, reject) => {
      socket.once("error", (error) =>
        reject(listenError(`UDP ${formatAddress(address)}`, "--udp", error)),
      );
      socket.bind(address.port, address.host, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => undefined); // e.g. a client's port went away
        growReceiveBuffer(socket);
        resolve(echo);
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

  #echo(datagram: Uint8Array, { address, port }: RemoteInfo): void {
    const { length: bytes } = datagram;
    if (this.#socket.getSendQueueSize() > ANSWER_BYTES_WAITING_MAX) return;
    this.#socket.send(datagram, port, address, () => undefined);
    this.counters.datagrams++;
    this.counters.bytes += bytes;
    const where = `udp ${formatAddress({ host: plainAddress(address), port })}`;
    this.#handle({ event: "datagram", where, bytes });
  }
}
