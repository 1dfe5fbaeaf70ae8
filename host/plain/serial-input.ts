// A plain client on a serial port. The port may go and come back: it is tried again until it does.

import { SerialPort } from "serialport";
import type { SerialAddress } from "../links/address.ts";
import { serialError } from "../links/listen-error.ts";
import { watchForHangup } from "../links/serial-port.ts";
import type { PlainInput } from "./plain-input.ts";
import { PlainStream } from "./plain-stream.ts";

/** Between two tries to open a port that went away. */
const REOPEN_MS = 1_000;

export class PlainSerialInput {
  readonly #input: PlainInput;
  readonly #address: SerialAddress;
  #port: SerialPort | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #isClosed = false;
  #restart: () => void = () => undefined;

  private constructor(input: PlainInput, address: SerialAddress) {
    this.#input = input;
    this.#address = address;
  }

  /** Opens the port. Rejects with a LinkError where it cannot be opened now; later it is tried again and again. */
  static async open(input: PlainInput, address: SerialAddress): Promise<PlainSerialInput> {
    const opened = new PlainSerialInput(input, address);
    await opened.#open();
    return opened;
  }

  /** Reads no more; answers may still be on their way. */
  pause(): void {
    this.#port?.pause();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#reopening);
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
    port.set({ dtr: false, rts: false }, () => undefined); // on most boards they are reset and boot select
    this.#listen(port);
  }

  #listen(port: SerialPort): void {
    let stream = this.#beginStream(port);
    port.on("data", (chunk: Buffer) => stream.handleBytes(chunk));
    port.on("drain", () => stream.handleDrained());
    port.on("error", () => port.close(() => undefined));
    port.once("close", () => {
      stream.close();
      this.#port = undefined;
      if (!this.#isClosed) this.#reopenLater();
    });
    this.#restart = () => {
      stream = this.#beginStream(port);
    };
    watchForHangup(port);
  }

  /** A stream beyond repair ends; the line stays, and what comes next begins another one. */
  #beginStream(port: SerialPort): PlainStream {
    const { path } = this.#address;
    return new PlainStream(
      this.#input,
      { address: path, where: `serial ${path}` },
      {
        get unsentBytes() {
          return port.writableLength;
        },
        write: (bytes) => {
          if (port.isOpen) port.write(Buffer.from(bytes));
        },
        setPaused: (isPaused) => {
          if (isPaused) port.pause();
          else port.resume();
        },
        end: () => this.#restart(),
      },
    );
  }

  #reopenLater(): void {
    this.#reopening = setTimeout(() => {
      this.#open().catch(() => this.#reopenLater());
    }, REOPEN_MS);
  }
}
