// Everything that the firmware takes from the machine below it, handed in as one object, so that
// the same code runs on an ESP32, on Moddable's Linux build and in the simulator.

import type { SealCrypto } from "../../shared/seal/crypto.ts";
import type { Flash } from "../flash/flash.ts";
import type { UpdateMachine } from "../update/machine.ts";
import type { SerialConstructor, TcpConstructor, Timers, UdpConstructor } from "./ecma419.ts";
import type { KeyValueStorage } from "./storage.ts";

export interface Platform {
  readonly TCP: TcpConstructor;
  readonly UDP: UdpConstructor;
  readonly Serial: SerialConstructor;
  /** The chip's own USB port; undefined where it has none. */
  readonly UsbSerial?: SerialConstructor | undefined;
  /** The UART that a debugger holds; undefined in release builds. */
  readonly debuggerPort?: number | undefined;
  readonly timers: Timers;
  /** Milliseconds since boot as a signed 32-bit counter: negative after 24.8 days, wraps after 49.7. */
  ticks(): number;
  /** Looks a host name up anew; the callback gets an IP literal, or undefined where there is none. */
  resolve(host: string, found: (address: string | undefined) => void): void;
  /** The partition of this name; undefined where there is none, or no flash to speak of. */
  openFlash(partition: string): Flash | undefined;
  /** Small texts that outlive a cut of the power; keys of at most 15 characters. Undefined where there is no such place. */
  openStorage(): KeyValueStorage | undefined;
  /** What updates of the firmware need; undefined where it cannot be updated. */
  readonly update?: UpdateMachine | undefined;
  /** `count` bytes that nobody can guess, from the machine's true source. */
  randomBytes(count: number): Uint8Array;
  /** What sessions are sealed with. */
  readonly crypto: SealCrypto;
  /** One line for the developer at the debugger or the console; no newline at its end. */
  trace(line: string): void;
  /** Why the machine last started, for people: "power-on", "software", "watchdog" ... */
  resetReason(): string;
  /** Begins anew at once; missing where the platform cannot. */
  readonly restart?: () => void;
}

/** 32 bits that nobody can guess. */
export function randomU32(platform: Platform): number {
  const bytes = platform.randomBytes(4);
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
}
