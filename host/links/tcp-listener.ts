// Devices that connect by TCP. PROTOCOL 3.2.

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../shared/frame/stream.ts";
import { MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";
import { type Address, formatAddress } from "./address.ts";
import type { HostLinkIo, LinkHub } from "./host-link-io.ts";
import { listenError } from "./listen-error.ts";

const TRAITS: LinkTraits = {
  kind: "tcp",
  isReliable: true,
  isDatagram: false,
  messageBytesMax: MESSAGE_BYTES_MAX,
  receiveBytesMax: 0,
};

/** Connections that may wait to be accepted: a fleet that comes back at once. */
const BACKLOG = 1_024;

/** What a peer may send before it has proven itself: some greetings. A longer frame than this is nobody's of ours. */
const UNPROVEN_BYTES_MAX = 4_096;

/** A peer that does not read what is left for it is not waited for longer than this. */
const LINGER_MS = 2_000;

/** How long a connection that brings too many frames is not read. */
const REST_MS = 100;

export class TcpListener {
  readonly #hub: LinkHub;
  readonly #server: Server;

  private constructor(hub: LinkHub) {
    this.#hub = hub;
    this.#server = createServer({ noDelay: true }, (socket) => acceptTcp(socket, this.#hub));
  }

  /** Listens on `address`; port 0 is any free one. Rejects with a LinkError. */
  static open(address: Address, hub: LinkHub): Promise<TcpListener> {
    const listener = new TcpListener(hub);
    const { host, port } = address;
    return new Promise((resolve, reject) => {
      const server = listener.#server;
      server.once("error", (error) =>
        reject(listenError(`TCP ${formatAddress(address)}`, "--tcp", error)),
      );
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.removeAllListeners("error");
        server.on("error", () => undefined); // a failed accept is that peer's trouble, not ours
        resolve(listener);
      });
    });
  }

  get address(): Address {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Accepts no more; open links end on their own. */
  close(): void {
    this.#server.close();
  }
}

function acceptTcp(socket: Socket, hub: LinkHub): void {
  socket.on("error", () => socket.destroy()); // "close" follows
  const io = new TcpLinkIo(socket, hub);
  const id = hub.handleLinkUp(io);
  if (id === undefined) {
    socket.destroy();
    return;
  }
  io.id = id;
  const decoder = new StreamDecoder();
  let unprovenBytes = 0;
  socket.on("data", (chunk) => {
    if (!io.isProven) unprovenBytes += chunk.length;
    if (!io.isProven && unprovenBytes > UNPROVEN_BYTES_MAX) {
      hub.handleNoise(io.where, { kind: "broken", reason: "too-long" });
      socket.destroy();
      return;
    }
    decoder.handleBytes(chunk);
    if (!drain(decoder, id, io, hub)) socket.destroy();
    hub.pump();
  });
  socket.on("drain", () => {
    hub.handleBlocked(id, false);
    hub.pump();
  });
  socket.on("close", () => {
    hub.handleLinkDown(id);
    hub.pump();
  });
}

/** False where the stream is beyond repair. */
function drain(decoder: StreamDecoder, id: LinkId, io: TcpLinkIo, hub: LinkHub): boolean {
  for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
    if (event.kind === "message") {
      hub.handleMessage(id, event.bytes);
    } else {
      hub.handleNoise(io.where, event);
      if (event.kind === "broken") return false;
    }
  }
  return true;
}

class TcpLinkIo implements HostLinkIo {
  readonly traits = TRAITS;
  /** The hub's number for the link; undefined before it gave one. */
  id: LinkId | undefined;
  isProven = false;
  readonly #socket: Socket;
  readonly #hub: LinkHub;

  constructor(socket: Socket, hub: LinkHub) {
    this.#socket = socket;
    this.#hub = hub;
    void socket.remoteAddress; // the socket keeps it, once it was asked, beyond its end
  }

  get where(): string {
    const { remoteAddress = "?", remotePort = 0 } = this.#socket;
    return `tcp ${formatAddress({ host: remoteAddress, port: remotePort })}`;
  }

  get address(): string {
    return this.#socket.remoteAddress ?? "?";
  }

  rest(): void {
    if (this.#socket.isPaused()) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), REST_MS).unref();
  }

  handleProven(): void {
    this.isProven = true;
  }

  send(message: Uint8Array): void {
    const frame = Buffer.allocUnsafe(STREAM_HEADER_BYTES + message.length);
    writeStreamHeader(frame, 0, message.length);
    frame.set(message, STREAM_HEADER_BYTES);
    const isFull = !this.#socket.write(frame);
    if (isFull && this.id !== undefined) this.#hub.handleBlocked(this.id, true);
  }

  end(): void {
    if (this.#socket.writableEnded) return;
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }
}
