// A device that sends datagrams. What is lost is sent again once nothing has come for a while: the
// figures are those of a line that loses next to nothing, and say so where it does.

import { createSocket, type Socket } from "node:dgram";
import { writeU32At } from "../../../shared/bytes/cursor.ts";
import {
  DATAGRAM_TRAILER_BYTES,
  decodeDatagram,
  endDatagram,
} from "../../../shared/frame/datagram.ts";
import { DATAGRAM_BYTES_MAX } from "../../../shared/limits.ts";
import { TOKEN_BYTES } from "../../../shared/session/link.ts";
import type { Carrier } from "./carrier.ts";
import type { LoadDevice } from "./device.ts";
import type { TcpTarget } from "./tcp.ts";

/** Nothing came for so long: what is not acknowledged is sent again. */
const RESEND_MS = 200;

/** Datagrams on their way at a time: a few fill no buffer of the kernel. */
const IN_FLIGHT_MAX = 64;

export class UdpCarrier implements Carrier {
  readonly device: LoadDevice;
  readonly isReady = true;
  onProgress: () => void = () => {};
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #heardMs = performance.now();

  private constructor(device: LoadDevice, socket: Socket) {
    this.device = device;
    this.#socket = socket;
    socket.on("message", (datagram) => {
      const event = decodeDatagram(datagram);
      if (event.kind !== "message") return;
      this.#heardMs = performance.now();
      const answer = device.handleMessage(event.bytes.subarray(TOKEN_BYTES));
      if (answer) this.send(answer);
      this.onProgress();
    });
    this.#timer = setInterval(() => this.#sendAgain(), RESEND_MS);
  }

  static open(device: LoadDevice, { host, port }: TcpTarget): Promise<UdpCarrier> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: "udp4", recvBufferSize: 1024 * 1024 });
      socket.once("error", reject);
      socket.connect(port, host, () => {
        const carrier = new UdpCarrier(device, socket);
        carrier.send(device.hello());
        resolve(carrier);
      });
    });
  }

  send(message: Uint8Array): void {
    const datagram = Buffer.allocUnsafe(TOKEN_BYTES + message.length + DATAGRAM_TRAILER_BYTES);
    writeU32At(datagram, 0, this.device.token ?? 0);
    datagram.set(message, TOKEN_BYTES);
    this.#socket.send(datagram, 0, endDatagram(datagram, TOKEN_BYTES + message.length));
  }

  sendBatches(count: number): void {
    const { device } = this;
    const free = IN_FLIGHT_MAX - (device.next - device.acknowledged);
    for (let index = 0; index < Math.min(count, free); index++) {
      const datagram = Buffer.allocUnsafe(DATAGRAM_BYTES_MAX);
      writeU32At(datagram, 0, device.token ?? 0);
      const length = endDatagram(datagram, device.writeBatch(datagram, TOKEN_BYTES));
      this.#socket.send(datagram, 0, length);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #sendAgain(): void {
    if (performance.now() - this.#heardMs < RESEND_MS) return;
    const { device } = this;
    if (!device.isWelcome) this.send(device.hello());
    device.next = device.acknowledged;
    this.onProgress();
  }
}
