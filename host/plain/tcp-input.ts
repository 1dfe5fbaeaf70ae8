// Plain clients that connect by TCP.

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Address, formatAddress } from "../links/address.ts";
import { listenError } from "../links/listen-error.ts";
import { CLIENTS_PER_ADDRESS_MAX } from "./limits.ts";
import { plainAddress } from "./peer-address.ts";
import { Places } from "./places.ts";
import type { PlainInput } from "./plain-input.ts";
import { PlainStream, type StreamPort } from "./plain-stream.ts";

const BACKLOG = 1_024;

/** A client that does not read what is left for it is not waited for longer than this. */
const LINGER_MS = 2_000;

/** Clients that vanished without a word are found so soon. */
const KEEP_ALIVE_MS = 60_000;

export class PlainTcpInput {
  readonly #input: PlainInput;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #places: Places;

  private constructor(input: PlainInput) {
    this.#input = input;
    this.#places = new Places(input.spec.clientsMax, CLIENTS_PER_ADDRESS_MAX);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Listens; port 0 is any free one. Rejects with a LinkError. */
  static open(input: PlainInput, address: Address): Promise<PlainTcpInput> {
    const opened = new PlainTcpInput(input);
    const server = opened.#server;
    return new Promise((resolve, reject) => {
      server.once("error", (error) =>
        reject(listenError(`plain TCP ${formatAddress(address)}`, "--plain", error)),
      );
      server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
        server.removeAllListeners("error");
        server.on("error", () => undefined); // a failed accept is that client's trouble, not ours
        input.port = opened.address.port;
        resolve(opened);
      });
    });
  }

  get address(): Address {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Accepts no more and reads no more; answers may still be on their way. */
  pause(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.pause();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) endSoon(socket);
  }

  #accept(socket: Socket): void {
    socket.on("error", () => socket.destroy()); // "close" follows
    const address = plainAddress(socket.remoteAddress ?? "");
    if (!this.#input.admits(address)) {
      socket.destroy();
      return;
    }
    if (!this.#places.take(address)) {
      this.#input.turnAway(`tcp ${address}`);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const where = `tcp ${formatAddress({ host: address, port: socket.remotePort ?? 0 })}`;
    const stream = new PlainStream(this.#input, { address, where }, portOf(socket));
    socket.on("data", (chunk) => stream.handleBytes(chunk));
    socket.on("drain", () => stream.handleDrained());
    socket.on("end", () => stream.handleEnd());
    socket.on("close", () => {
      stream.close();
      this.#sockets.delete(socket);
      this.#places.leave(address);
    });
  }
}

function portOf(socket: Socket): StreamPort {
  return {
    get unsentBytes() {
      return socket.writableLength;
    },
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    setPaused: (isPaused) => {
      if (isPaused) socket.pause();
      else socket.resume();
    },
    end: () => endSoon(socket),
  };
}

function endSoon(socket: Socket): void {
  if (socket.writableEnded) return;
  socket.end();
  socket.resume(); // what comes now is not read by anyone, but its end is
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
