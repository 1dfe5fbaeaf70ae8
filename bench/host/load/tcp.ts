// A device on a TCP connection. All batches that may go out leave in one write.

import { connect, type Socket } from "node:net";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../../shared/frame/stream.ts";
import type { Carrier } from "./carrier.ts";
import type { LoadDevice } from "./device.ts";

export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  /** Where the connection comes from; without it the system picks. */
  readonly localAddress?: string;
}

export class TcpCarrier implements Carrier {
  readonly device: LoadDevice;
  onProgress: () => void = () => {};
  readonly #socket: Socket;

  private constructor(device: LoadDevice, socket: Socket) {
    this.device = device;
    this.#socket = socket;
    const decoder = new StreamDecoder();
    socket.on("data", (chunk) => {
      decoder.handleBytes(chunk);
      for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
        const answer = event.kind === "message" && device.handleMessage(event.bytes);
        if (answer) this.send(answer);
      }
      this.onProgress();
    });
    socket.on("drain", () => this.onProgress());
  }

  /** Connects and says hello. */
  static open(device: LoadDevice, target: TcpTarget): Promise<TcpCarrier> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...target, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        const carrier = new TcpCarrier(device, socket);
        carrier.send(device.hello());
        resolve(carrier);
      });
    });
  }

  get isReady(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  send(message: Uint8Array): void {
    const frame = Buffer.allocUnsafe(STREAM_HEADER_BYTES + message.length);
    writeStreamHeader(frame, 0, message.length);
    frame.set(message, STREAM_HEADER_BYTES);
    this.#socket.write(frame);
  }

  sendBatches(count: number): void {
    const { device } = this;
    const room = count * (STREAM_HEADER_BYTES + device.batchLength + 64);
    const bytes = Buffer.allocUnsafe(room);
    let position = 0;
    for (let index = 0; index < count; index++) {
      const end = device.writeBatch(bytes, position + STREAM_HEADER_BYTES);
      writeStreamHeader(bytes, position, end - position - STREAM_HEADER_BYTES);
      position = end;
    }
    this.#socket.write(bytes.subarray(0, position));
  }

  close(): void {
    this.#socket.destroy();
  }
}
