// The USB port that ESP32-C3, S3 and C6 have in the chip (USB Serial/JTAG), in the shape of an ECMA-419
// serial port. EXPERIMENTAL: written against ESP-IDF 6.0 (components/esp_driver_usb_serial_jtag), not yet
// run on a board. SDK 8.2.3 has no class for it, so ESP-IDF's driver is called by FFI and asked by a timer,
// as it calls nobody.

import type { SerialConstructor, SerialOptions, SerialPort, Timers } from "./ecma419.ts";

/** The functions of ESP-IDF's driver. The last argument of two is how long to wait, in ticks of FreeRTOS. */
export interface UsbSerialDriver {
  /** Takes a usb_serial_jtag_driver_config_t; returns 0 on success. */
  usb_serial_jtag_driver_install(config: ArrayBuffer): number;
  usb_serial_jtag_driver_uninstall(): number;
  /** Returns how many bytes came. */
  usb_serial_jtag_read_bytes(into: ArrayBuffer, bytesMax: number, waitTicks: number): number;
  /** Takes all, or nothing where there is no room; returns how many bytes it took. */
  usb_serial_jtag_write_bytes(bytes: ArrayBuffer, count: number, waitTicks: number): number;
}

/** Whether the build brought the driver: that for the other chips does not. */
export function isUsbSerialDriver(native: Partial<UsbSerialDriver>): native is UsbSerialDriver {
  return native.usb_serial_jtag_driver_install !== undefined;
}

/** A pace at which a collector's answers do not wait for long, and an idle port costs little. */
const POLL_MS = 10;

/** The driver's two buffers. What is not read in time is lost, as on a UART. */
const BUFFER_BYTES = 1_024;

/** Offered for one write: half of the buffer, so that the next piece fits while this one leaves. */
const ROOM_BYTES = BUFFER_BYTES / 2;

/** The class of ports on this driver; there is one port, so its options are the callbacks only. */
export function usbSerialOn(driver: UsbSerialDriver, timers: Timers): SerialConstructor {
  return class extends UsbSerialJtag {
    constructor(options: SerialOptions) {
      super(driver, timers, options);
    }
  };
}

class UsbSerialJtag implements SerialPort {
  readonly #driver: UsbSerialDriver;
  readonly #timers: Timers;
  readonly #options: SerialOptions;
  readonly #timer: object | number;
  readonly #received = new ArrayBuffer(BUFFER_BYTES);
  #receivedBytes = 0;
  /** What the driver had no room for: it is offered again. */
  #waiting: ArrayBuffer | undefined;
  /** `onWritable` is owed. */
  #isDrained = true;
  #isClosed = false;

  /** Throws where the driver is in use: by another port, or by the debugger of a debug build. */
  constructor(driver: UsbSerialDriver, timers: Timers, options: SerialOptions) {
    this.#driver = driver;
    this.#timers = timers;
    this.#options = options;
    const config = new Uint32Array([BUFFER_BYTES, BUFFER_BYTES]); // tx_buffer_size, rx_buffer_size
    const fault = driver.usb_serial_jtag_driver_install(config.buffer as ArrayBuffer);
    if (fault !== 0) throw new Error(`USB Serial/JTAG: ESP-IDF's driver says ${fault}`);
    this.#timer = timers.repeat(() => this.#poll(), POLL_MS);
  }

  read(): ArrayBuffer | undefined {
    if (this.#receivedBytes === 0) return undefined;
    const bytes = this.#received.slice(0, this.#receivedBytes);
    this.#receivedBytes = 0;
    return bytes;
  }

  /** Throws where the write before has not left yet. */
  write(bytes: ArrayBuffer): void {
    if (this.#waiting !== undefined) throw new Error("output full");
    this.#waiting = bytes;
    this.#send();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timers.clear(this.#timer);
    this.#driver.usb_serial_jtag_driver_uninstall();
  }

  #poll(): void {
    this.#send();
    if (this.#receivedBytes === 0) {
      const into = this.#received;
      this.#receivedBytes = this.#driver.usb_serial_jtag_read_bytes(into, BUFFER_BYTES, 0);
    }
    if (this.#receivedBytes > 0) this.#options.onReadable?.call(this, this.#receivedBytes);
    if (this.#isClosed || !this.#isDrained) return;
    this.#isDrained = false;
    this.#options.onWritable?.call(this, ROOM_BYTES);
  }

  #send(): void {
    const bytes = this.#waiting;
    if (bytes === undefined) return;
    const taken = this.#driver.usb_serial_jtag_write_bytes(bytes, bytes.byteLength, 0);
    if (taken <= 0) return;
    this.#waiting = taken < bytes.byteLength ? bytes.slice(taken) : undefined;
    this.#isDrained = this.#waiting === undefined;
  }
}
