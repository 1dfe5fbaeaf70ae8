// A device with a key on a TCP connection: the real seal around the cheap device of device.ts.

import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { nodeCrypto } from "../../../host/keys/node-crypto.ts";
import { ByteWriter } from "../../../shared/bytes/cursor.ts";
import {
  STREAM_HEADER_BYTES,
  StreamDecoder,
  writeStreamHeader,
} from "../../../shared/frame/stream.ts";
import { DeviceSeal } from "../../../shared/seal/device-seal.ts";
import { SEAL_BYTES_MAX } from "../../../shared/seal/seal-message.ts";
import type { Carrier } from "./carrier.ts";
import type { LoadDevice } from "./device.ts";
import type { TcpTarget } from "./tcp.ts";

const LINK = 1;

/** One frame, or as many batches as a window has. */
const ROOM_BYTES = 512 * 1_024;

export class SealedTcpCarrier implements Carrier {
  readonly device: LoadDevice;
  onProgress: () => void = () => {};
  readonly #socket: Socket;
  readonly #seal: DeviceSeal;

  private constructor(device: LoadDevice, name: string, key: Uint8Array, socket: Socket) {
    this.device = device;
    this.#socket = socket;
    const random = (count: number) => randomBytes(count);
    this.#seal = new DeviceSeal({ device: name, key, primitives: nodeCrypto, random });
    const decoder = new StreamDecoder();
    socket.on("data", (chunk) => {
      decoder.handleBytes(chunk);
      for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
        if (event.kind === "message") this.#handleMessage(event.bytes);
      }
      this.onProgress();
    });
    socket.on("drain", () => this.onProgress());
  }

  /** Connects and knocks; the hello follows the admit. */
  static open(
    device: LoadDevice,
    name: string,
    target: TcpTarget & { readonly key: string },
  ): Promise<SealedTcpCarrier> {
    const { key, ...address } = target;
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        const carrier = new SealedTcpCarrier(device, name, Buffer.from(key, "hex"), socket);
        carrier.#seal.handleLinkUp(LINK, 0);
        carrier.#sendFrames(1, () => false);
        resolve(carrier);
      });
    });
  }

  get isReady(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  send(message: Uint8Array): void {
    this.#sendFrames(1, (writer) => {
      writer.writeBytes(message);
      return true;
    });
  }

  sendBatches(count: number): void {
    this.#sendFrames(count, (writer) => {
      writer.position = this.device.writeBatch(writer.bytes, writer.position);
      return true;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #handleMessage(bytes: Uint8Array): void {
    const message = this.#seal.handleMessage(LINK, bytes, 0);
    if (this.#seal.pollEvent()?.kind === "admitted") this.send(this.device.hello());
    const answer = message && this.device.handleMessage(message);
    if (answer) this.send(answer);
  }

  #sendFrames(count: number, source: (writer: ByteWriter) => boolean): void {
    const room = Math.min(
      ROOM_BYTES,
      count * (this.device.batchLength + STREAM_HEADER_BYTES + SEAL_BYTES_MAX + 64) + 1_024,
    );
    const writer = new ByteWriter(Buffer.allocUnsafe(room));
    for (let index = 0; index < count; index++) {
      const start = writer.position;
      writer.position += STREAM_HEADER_BYTES;
      if (!this.#seal.pollTransmit(LINK, writer, 0, source)) {
        writer.position = start;
        break;
      }
      writeStreamHeader(writer.bytes, start, writer.position - start - STREAM_HEADER_BYTES);
    }
    this.#socket.write(writer.written());
  }
}
