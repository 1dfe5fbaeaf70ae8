// A TCP proxy before a collector that counts what goes to devices.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class CountingProxy {
  /** From the collector to devices. */
  bytesDown = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #look: () => void = () => undefined;

  private constructor(targetPort: number) {
    this.#server = createServer((device) => {
      const target = connect(targetPort, "127.0.0.1");
      target.on("data", (bytes) => {
        this.bytesDown += bytes.length;
        this.#look();
      });
      for (const socket of [device, target]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          device.destroy();
          target.destroy();
        });
      }
      device.pipe(target).pipe(device);
    });
  }

  /** Rejects where it cannot listen. */
  static async open(targetPort: number): Promise<CountingProxy> {
    const proxy = new CountingProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves once so many bytes have gone to devices. */
  until(bytesDown: number): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.bytesDown >= bytesDown) resolve();
      };
      this.#look();
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
