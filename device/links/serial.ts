// The serial link: COBS frames with a checksum over an ECMA-419 serial port. PROTOCOL 3.3.
//
// An ESP32's UART has 128 bytes each way and no more (docs/decisions/0005-io-classes.md): frames go
// out in pieces that fit, each after `onWritable`, and everything that came is read at once. There
// is no "connected": the line stands when the port is writable, and only silence ends it.

import { ByteWriter } from "../../shared/bytes/cursor.ts";
import {
  encodeSerialFrame,
  SerialDecoder,
  serialFrameLengthMax,
} from "../../shared/frame/serial.ts";
import { DATAGRAM_BYTES_MAX } from "../../shared/limits.ts";
import type { LinkTraits } from "../../shared/session/link.ts";
import type { SerialPort } from "../platform/ecma419.ts";
import type { Platform } from "../platform/platform.ts";
import type { SerialSettings } from "../settings.ts";
import type { Link, LinkListener, MessageSource } from "./link.ts";
import { openSerialPort } from "./serial-port.ts";

const MESSAGE_BYTES_MAX = DATAGRAM_BYTES_MAX;
const CRC_BYTES = 4;

/** Of the 128 bytes of the hardware's FIFO, the part that a collector may fill before we surely read. */
const RECEIVE_BYTES_MAX = 96;

const TRAITS: LinkTraits = {
  kind: "serial",
  isReliable: false,
  isDatagram: false,
  messageBytesMax: MESSAGE_BYTES_MAX,
  receiveBytesMax: RECEIVE_BYTES_MAX,
};

export class SerialLink implements Link {
  readonly traits = TRAITS;

  readonly #listener: LinkListener;
  readonly #port: SerialPort;
  readonly #decoder = new SerialDecoder(MESSAGE_BYTES_MAX);
  readonly #writer = new ByteWriter(new Uint8Array(MESSAGE_BYTES_MAX + CRC_BYTES));
  readonly #frame = new Uint8Array(serialFrameLengthMax(MESSAGE_BYTES_MAX));
  /** The part of the frame that is still to be sent. */
  #frameStart = 0;
  #frameEnd = 0;
  #room = 0;
  #isOpen = false;
  #isClosed = false;

  constructor(platform: Platform, settings: SerialSettings, listener: LinkListener) {
    this.#listener = listener;
    const link = this;
    this.#port = openSerialPort(platform, settings, {
      onReadable() {
        link.#handleReadable();
      },
      onWritable(count) {
        link.#handleWritable(count);
      },
      onError() {
        link.#fail();
      },
    });
  }

  transmit(source: MessageSource): void {
    while (!this.#isClosed && this.#sendPiece()) {
      const writer = this.#writer;
      writer.reset(writer.bytes);
      if (!source(writer)) return;
      this.#frameStart = 0;
      this.#frameEnd = encodeSerialFrame(writer.bytes, writer.position, this.#frame);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
  }

  /**
   * Sends what fits. After a write the room is unknown until the next `onWritable`: Linux refuses
   * a second write while the first is pending, and the ESP32 reports only a nearly empty FIFO.
   * True where there is room and nothing waits.
   */
  #sendPiece(): boolean {
    const count = Math.min(this.#frameEnd - this.#frameStart, this.#room);
    if (count > 0) {
      const { buffer } = this.#frame;
      const end = this.#frameStart + count;
      this.#port.write(buffer.slice(this.#frameStart, end) as ArrayBuffer);
      this.#frameStart = end;
      this.#room = 0;
    }
    return this.#room > 0;
  }

  #handleReadable(): void {
    if (this.#isClosed) return;
    const bytes = this.#port.read();
    if (bytes === undefined) return;
    const decoder = this.#decoder;
    decoder.handleBytes(new Uint8Array(bytes));
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (event.kind === "message") this.#listener.handleMessage(event.bytes);
      if (this.#isClosed) return;
    }
  }

  #handleWritable(count: number): void {
    if (this.#isClosed) return;
    this.#room = count;
    if (this.#isOpen) {
      this.#listener.handleRoom();
    } else {
      this.#isOpen = true;
      this.#listener.handleOpen();
    }
  }

  /** The line was hung up; the platform has closed the port and it must not be touched again. */
  #fail(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.handleClosed();
  }
}
