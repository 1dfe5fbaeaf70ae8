// The ECMA-419 IO classes as this firmware uses them: what both Moddable's `embedded:io/*` classes
// (SDK 8.2.3, ESP32 and Linux) and the simulator's classes over Node provide. Types only.
//
// Narrower than the standard on purpose: what one of the two platforms lacks or does differently
// (see docs/decisions/0005-io-classes.md) is left out, so that the compiler keeps us away from it.

/** Bytes that may be given to `write`. Moddable's Linux serial takes an ArrayBuffer only. */
export type WritableBytes = ArrayBuffer | Uint8Array;

export interface TcpOptions {
  /** An IP literal; names are resolved first (`Platform.resolve`). */
  address: string;
  port: number;
  nodelay?: boolean;
  /** `count` bytes wait. Drain them all with one `read()`: what stays behind may never be announced again. */
  onReadable?(this: TcpSocket, count: number): void;
  /** `count` bytes may be written. The first call means that the connection stands. */
  onWritable?(this: TcpSocket, count: number): void;
  /** Refused, reset, timed out or closed by the peer: the platform does not say which. Call `close()`. */
  onError?(this: TcpSocket): void;
}

export interface TcpSocket {
  /** All bytes that wait, or undefined where none do. */
  read(): ArrayBuffer | undefined;
  /**
   * Writes all of `bytes` or throws. Returns how many bytes may still be written. After an error
   * that `onError` is about to tell: undefined, or a throw once that error is being delivered.
   */
  write(bytes: WritableBytes): number | undefined;
  close(): void;
}

export type TcpConstructor = new (options: TcpOptions) => TcpSocket;

export interface UdpOptions {
  /** Local port; 0 is any free one. */
  port: number;
  /** `packets` datagrams wait; read each with one `read()`. */
  onReadable?(this: UdpSocket, packets: number): void;
}

/** One received datagram, with the sender's address on it. */
export type Datagram = ArrayBuffer & { address: string; port: number };

export interface UdpSocket {
  read(): Datagram | undefined;
  /** Sends one datagram; throws where the network stack refuses it. */
  write(bytes: WritableBytes, address: string, port: number): void;
  close(): void;
}

export type UdpConstructor = new (options: UdpOptions) => UdpSocket;

export interface SerialOptions {
  baud: number;
  /** ESP32: UART number and pins. */
  port?: number;
  transmit?: number;
  receive?: number;
  /** Linux and the simulator: path of the tty. */
  device?: string;
  onReadable?(this: SerialPort, count: number): void;
  /** `count` bytes may be written. */
  onWritable?(this: SerialPort, count: number): void;
  /** The line was hung up (Linux only); the port has closed itself. Do not touch it again. */
  onError?(this: SerialPort): void;
}

export interface SerialPort {
  read(): ArrayBuffer | undefined;
  /** Writes all of `bytes`, an exact ArrayBuffer no longer than the last known room, or throws. */
  write(bytes: ArrayBuffer): void;
  close(): void;
}

export type SerialConstructor = new (options: SerialOptions) => SerialPort;

/** Moddable's `timer` module. */
export interface Timers {
  /** Calls once, after `delayMs`. */
  set(callback: () => void, delayMs: number): TimerHandle;
  /** Calls every `periodMs` until cleared. */
  repeat(callback: () => void, periodMs: number): TimerHandle;
  /** Clears a timer; undefined and cleared ones do no harm. */
  clear(timer: TimerHandle | undefined): void;
}

/** What `Timers` gives back; its form is the platform's own. */
export type TimerHandle = object | number;
