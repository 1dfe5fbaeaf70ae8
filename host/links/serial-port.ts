// A serial port with a device on it. PROTOCOL 3.3. The port may go and come back (a cable pulled, a
// board reset): it is tried again until it does. Text between frames is the device's console.
//
// Opening must not reset the board: DTR and RTS, which most boards wire to reset and boot select, are
// let go right after opening, where the port has such lines.

import { SerialPort } from "serialport";
import {
  encodeSerialFrame,
  SerialDecoder,
  serialFrameLengthMax,
} from "../../shared/frame/serial.ts";
import { SERIAL_MESSAGE_BYTES_MAX } from "../../shared/limits.ts";
import type { LinkId, LinkTraits } from "../../shared/session/link.ts";
import type { SerialAddress } from "./address.ts";
import type { HostLinkIo, LinkHub } from "./host-link-io.ts";
import { serialError } from "./listen-error.ts";
import { PacedWriter } from "./paced-writer.ts";

const TRAITS: LinkTraits = {
  kind: "serial",
  isReliable: false,
  isDatagram: false,
  messageBytesMax: SERIAL_MESSAGE_BYTES_MAX,
  receiveBytesMax: 0,
};

/** Between two tries to open a port that went away. */
const REOPEN_MS = 1_000;

/** Text without an end is shown after the line has been quiet for so long. */
const QUIET_MS = 200;

const CRC_BYTES = 4;

/** Before a hello says how much its device can take: what the smallest one can (an ESP32's UART). */
const RECEIVE_BYTES_UNKNOWN = 96;

export class SerialHostPort {
  readonly where: string;
  /** False while the port is away. */
  isOpen = false;

  readonly #address: SerialAddress;
  readonly #hub: LinkHub;
  #port: SerialPort | undefined;
  #id: LinkId | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(address: SerialAddress, hub: LinkHub) {
    this.#address = address;
    this.#hub = hub;
    this.where = `serial ${address.path}`;
  }

  /** Opens the port. Rejects with a LinkError where it cannot be opened now; later it is tried again and again. */
  static async open(address: SerialAddress, hub: LinkHub): Promise<SerialHostPort> {
    const host = new SerialHostPort(address, hub);
    await host.#open();
    return host;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#reopening);
    this.#leave();
    this.#port?.close(() => undefined);
  }

  async #open(): Promise<void> {
    const { path, baud } = this.#address;
    const port = new SerialPort({ path, baudRate: baud, autoOpen: false, hupcl: false });
    await new Promise<void>((resolve, reject) => {
      port.open((error) => (error ? reject(serialError(path, error)) : resolve()));
    });
    if (this.#isClosed) {
      port.close(() => undefined);
      return;
    }
    this.#port = port;
    this.isOpen = true;
    port.set({ dtr: false, rts: false }, () => undefined); // a pty has no such lines, and needs none
    this.#listen(port);
  }

  #listen(port: SerialPort): void {
    const decoder = new SerialDecoder();
    let quiet: NodeJS.Timeout | undefined;
    const showQuietText = () => {
      const event = decoder.handleQuiet();
      if (event !== undefined && event.kind !== "message") this.#hub.handleNoise(this.where, event);
    };
    this.#beginLink(port);
    port.on("data", (chunk: Buffer) => {
      clearTimeout(quiet);
      quiet = setTimeout(showQuietText, QUIET_MS);
      this.#handleBytes(decoder, chunk);
    });
    port.on("error", () => port.close(() => undefined));
    port.once("close", () => {
      clearTimeout(quiet);
      this.#handleGone();
    });
    watchForHangup(port);
  }

  /** A session that ends leaves the line as it is: the next one begins on it. */
  #beginLink(port: SerialPort): void {
    const restart = () => {
      this.#leave();
      if (port.isOpen) this.#beginLink(port);
    };
    const io = new SerialLinkIo(this.where, port, this.#address.baud, restart);
    const id = this.#hub.handleLinkUp(io);
    this.#id = id;
    if (id === undefined) return;
    io.handleBlocked = (isBlocked) => {
      this.#hub.handleBlocked(id, isBlocked);
      if (!isBlocked) this.#hub.pump();
    };
  }

  #handleBytes(decoder: SerialDecoder, chunk: Uint8Array): void {
    decoder.handleBytes(chunk);
    for (let event = decoder.pollFrame(); event !== undefined; event = decoder.pollFrame()) {
      if (event.kind !== "message") this.#hub.handleNoise(this.where, event);
      else if (this.#id !== undefined) this.#hub.handleMessage(this.#id, event.bytes);
    }
    this.#hub.pump();
  }

  #handleGone(): void {
    this.#leave();
    this.#port = undefined;
    this.isOpen = false;
    if (this.#isClosed) return;
    this.#hub.pump();
    this.#reopenLater();
  }

  #reopenLater(): void {
    this.#reopening = setTimeout(() => {
      this.#open().catch(() => this.#reopenLater());
    }, REOPEN_MS);
  }

  #leave(): void {
    if (this.#id !== undefined) this.#hub.handleLinkDown(this.#id);
    this.#id = undefined;
  }
}

class SerialLinkIo implements HostLinkIo {
  readonly traits = TRAITS;
  readonly where: string;
  readonly address: string;
  readonly end: () => void;
  handleBlocked: (isBlocked: boolean) => void = () => undefined;
  readonly #writer: PacedWriter;

  constructor(where: string, port: SerialPort, baud: number, end: () => void) {
    this.where = where;
    this.address = where;
    this.end = end;
    const write = (bytes: Uint8Array) => {
      if (port.isOpen) port.write(Buffer.from(bytes));
    };
    const handleBlocked = (isBlocked: boolean) => this.handleBlocked(isBlocked);
    this.#writer = new PacedWriter({ write, baud, handleBlocked }, RECEIVE_BYTES_UNKNOWN);
  }

  send(message: Uint8Array): void {
    const padded = new Uint8Array(message.length + CRC_BYTES);
    padded.set(message);
    const frame = new Uint8Array(serialFrameLengthMax(message.length));
    const length = encodeSerialFrame(padded, message.length, frame);
    this.#writer.write(frame.subarray(0, length));
  }

  limitReceive(bytesMax: number): void {
    this.#writer.limit(bytesMax);
  }
}

/**
 * A hangup that falls into a read goes unnoticed by serialport 13, which then spins
 * (serialport/bindings-cpp issue 162): its poller is asked to tell of it.
 */
export function watchForHangup(port: SerialPort): void {
  const { port: binding } = port;
  if (binding !== undefined && "poller" in binding) {
    binding.poller.once("disconnect", () => port.close(() => undefined));
  }
}
