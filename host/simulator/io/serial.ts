// The ECMA-419 serial port over a tty, by the `serialport` package, with an ESP32's UART in front of
// it: a FIFO of 128 bytes each way, no flow control, and silent loss of what is not read in time.
// ESP32: modules/io/serial/esp32/serial.c; Linux, where it is the stricter one:
// modules/io/serial/lin/serial.c; docs/decisions/0005-io-classes.md.

import { SerialPort } from "serialport";
import type { SerialPort as EcmaSerial, SerialOptions } from "../../../device/platform/ecma419.ts";
import { ByteFifo } from "./bytes.ts";
import { ERROR, EventPost, READABLE, WRITABLE } from "./events.ts";

/** The hardware FIFO of an ESP32's UART, each way. */
export const FIFO_BYTES = 128;
/** The limit in xs_serial_constructor. */
const BAUD_MAX = 20_000_000;

const NOTHING = new Uint8Array(0);

/** A serial port as on a board. It opens in the background; what is written until then waits in the FIFO. */
export class SimulatedSerial implements EcmaSerial {
  /** Received bytes that were lost because the FIFO was full. */
  droppedBytes = 0;
  readonly #callbacks: SerialOptions;
  readonly #port: SerialPort;
  readonly #events = new EventPost((due) => this.#deliver(due));
  readonly #received = new ByteFifo(FIFO_BYTES);
  /** Bytes on the wire, as it were: out of Node's hands and not yet in the FIFO. */
  #arriving: Uint8Array = NOTHING;
  #unsentBytes = 0;
  #isClosed = false;

  /** Throws RangeError "invalid baud", Error where `device` is missing. A tty that cannot be opened is told by onError. */
  constructor(options: SerialOptions) {
    this.#callbacks = { ...options };
    this.#port = createPort(options);
    this.#port.on("open", () => this.#handleOpen());
    this.#port.on("data", (bytes: Uint8Array) => this.#handleData(bytes));
    this.#port.on("error", () => this.#events.post(ERROR));
    this.#port.on("close", () => this.#events.post(ERROR));
    this.#port.open();
  }

  /** All bytes that wait, or undefined. */
  read(): ArrayBuffer | undefined {
    this.#assertOpen();
    const waitingBytes = this.#received.waitingBytes;
    return waitingBytes === 0 ? undefined : this.#received.take(waitingBytes);
  }

  /** Sends a copy of `bytes`. Throws TypeError for all but an ArrayBuffer, Error "output full" beyond the room. */
  write(bytes: ArrayBuffer): void {
    this.#assertOpen();
    if (!(bytes instanceof ArrayBuffer)) throw new TypeError("not an ArrayBuffer instance");
    if (bytes.byteLength > this.#roomBytes) throw new Error("output full");
    if (bytes.byteLength > 0) this.#send(Buffer.from(bytes.slice(0)));
  }

  /** May be called twice. What has not left yet may be lost: the chip gives its pins back at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#port.isOpen) this.#port.close();
  }

  get #roomBytes(): number {
    return FIFO_BYTES - this.#unsentBytes;
  }

  #handleOpen(): void {
    if (this.#isClosed) {
      this.#port.close();
      return;
    }
    watchForHangup(this.#port, () => this.#events.post(ERROR));
    this.#events.post(WRITABLE);
  }

  #handleData(bytes: Uint8Array): void {
    this.#port.pause();
    this.#arriving = bytes;
    this.#events.post(READABLE);
  }

  #send(bytes: Buffer): void {
    this.#unsentBytes += bytes.length;
    this.#port.write(bytes, (error) => {
      this.#unsentBytes -= bytes.length;
      if (!error && this.#unsentBytes === 0) this.#events.post(WRITABLE);
    });
  }

  #deliver(due: number): void {
    if (this.#isClosed) return;
    if (due & ERROR) {
      this.#hangUp();
      return;
    }
    if (due & READABLE) this.#receivePiece();
    if (due & WRITABLE && !this.#isClosed && this.#roomBytes > 0) {
      this.#callbacks.onWritable?.call(this, this.#roomBytes);
    }
  }

  /** xs_serial_read_callback on Linux: first onError, then it closes itself. */
  #hangUp(): void {
    try {
      this.#callbacks.onError?.call(this);
    } finally {
      this.close();
    }
  }

  /**
   * Lets as many bytes in as the FIFO has room for and announces them; the next ones come a turn
   * later, since a wire spaces what Node gives in one piece. To a full FIFO they are lost, and
   * announced none the less: the interrupt fires again for as long as bytes wait.
   */
  #receivePiece(): void {
    const piece = this.#arriving.subarray(0, this.#received.roomBytes || FIFO_BYTES);
    this.#arriving = this.#arriving.subarray(piece.length);
    this.droppedBytes += piece.length - this.#received.push(piece);
    if (this.#arriving.length > 0) this.#events.post(READABLE);
    else this.#port.resume();
    this.#callbacks.onReadable?.call(this, this.#received.waitingBytes);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error("serial port used after close: Moddable on Linux crashes");
  }
}

/**
 * Without a lock: firmware may close a port and open it again at once, while serialport is still
 * closing the tty in the background, and nothing promises that this comes first. Without HUPCL, and
 * with DTR and RTS left alone: a UART has neither.
 */
function createPort({ baud, device }: SerialOptions): SerialPort {
  if (!(baud > 0 && baud <= BAUD_MAX)) throw new RangeError("invalid baud");
  if (device === undefined) throw new Error("invalid: give the path of a tty as `device`");
  return new SerialPort({
    path: device,
    baudRate: baud,
    autoOpen: false,
    lock: false,
    hupcl: false,
    highWaterMark: FIFO_BYTES,
  });
}

/**
 * serialport 13 does not notice a hangup that falls into one of its reads: unixRead takes the zero
 * bytes for "try again", for ever (serialport/bindings-cpp issue 162). Polling for it does.
 */
function watchForHangup({ port }: SerialPort, hungUp: () => void): void {
  if (port !== undefined && "poller" in port) port.poller.once("disconnect", hungUp);
}
