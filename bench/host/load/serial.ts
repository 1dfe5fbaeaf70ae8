// A device on a serial line, here one end of a pty pair: no baud rate holds it back.

import { SerialPort } from "serialport";
import {
  encodeSerialFrame,
  SerialDecoder,
  serialFrameLengthMax,
} from "../../../shared/frame/serial.ts";
import { SERIAL_MESSAGE_BYTES_MAX } from "../../../shared/limits.ts";
import type { Carrier } from "./carrier.ts";
import type { LoadDevice } from "./device.ts";

const CRC_BYTES = 4;

/** Frames of one write; the port tells when they are out. */
const FRAMES_PER_WRITE = 32;

export class SerialCarrier implements Carrier {
  readonly device: LoadDevice;
  isReady = true;
  onProgress: () => void = () => {};
  readonly #port: SerialPort;
  readonly #message = new Uint8Array(SERIAL_MESSAGE_BYTES_MAX + CRC_BYTES);

  private constructor(device: LoadDevice, port: SerialPort) {
    this.device = device;
    this.#port = port;
    const decoder = new SerialDecoder();
    port.on("data", (chunk: Buffer) => {
      decoder.handleBytes(chunk);
      for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
        const answer = event.kind === "message" && device.handleMessage(event.bytes);
        if (answer) this.send(answer);
      }
      this.onProgress();
    });
  }

  static open(device: LoadDevice, path: string): Promise<SerialCarrier> {
    return new Promise((resolve, reject) => {
      const port = new SerialPort({ path, baudRate: 115_200 }, (error) => {
        if (error) return reject(error);
        const carrier = new SerialCarrier(device, port);
        carrier.send(device.hello());
        resolve(carrier);
      });
    });
  }

  send(message: Uint8Array): void {
    this.#message.set(message);
    const frame = Buffer.allocUnsafe(serialFrameLengthMax(message.length));
    const length = encodeSerialFrame(this.#message, message.length, frame);
    this.#port.write(frame.subarray(0, length));
  }

  sendBatches(count: number): void {
    const frames = Math.min(count, FRAMES_PER_WRITE);
    const bytes = Buffer.allocUnsafe(frames * serialFrameLengthMax(SERIAL_MESSAGE_BYTES_MAX));
    let position = 0;
    for (let index = 0; index < frames; index++) {
      const length = this.device.writeBatch(this.#message, 0);
      position += encodeSerialFrame(this.#message, length, bytes.subarray(position));
    }
    this.isReady = false;
    this.#port.write(bytes.subarray(0, position), () => {
      this.isReady = true;
      this.onProgress();
    });
  }

  close(): void {
    this.#port.close(() => undefined);
  }
}
