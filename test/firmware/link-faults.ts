// Links that fail on purpose between a board and its collector: a TCP relay whose connections are cut, and
// a UDP relay that loses datagrams. The serial line's is test/support/noisy-line.ts.

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { mulberry32 } from "../../device/sensors/mulberry32.ts";

const HERE = "127.0.0.1";

export class TcpRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  cuts = 0;

  constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect(targetPort, HERE);
      this.#join(near, far);
      this.#join(far, near);
    }).listen(0, HERE);
  }

  async port(): Promise<number> {
    if (!this.#server.listening) await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts what is open, in the middle of whatever was on its way. */
  cut(): void {
    this.cuts++;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk) => to.write(chunk));
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

/** For one board: whoever sent last gets the answers. */
export class UdpRelay {
  lost = 0;
  readonly #near: UdpSocket = createSocket("udp4");
  readonly #far: UdpSocket = createSocket("udp4");
  readonly #random: () => number;
  readonly #loss: number;
  #board = 0;

  constructor(targetPort: number, options: { readonly loss: number; readonly seed: number }) {
    this.#loss = options.loss;
    this.#random = mulberry32(options.seed);
    this.#near.on("message", (bytes, { port }) => {
      this.#board = port;
      if (this.#passes()) this.#far.send(bytes, targetPort, HERE);
    });
    this.#far.on("message", (bytes) => {
      if (this.#passes()) this.#near.send(bytes, this.#board, HERE);
    });
    for (const socket of [this.#near, this.#far]) socket.on("error", () => undefined);
  }

  async port(): Promise<number> {
    this.#near.bind(0, HERE);
    await once(this.#near, "listening");
    return this.#near.address().port;
  }

  close(): void {
    this.#near.close();
    this.#far.close();
  }

  #passes(): boolean {
    const isLost = this.#random() < this.#loss;
    if (isLost) this.lost++;
    return !isLost;
  }
}
