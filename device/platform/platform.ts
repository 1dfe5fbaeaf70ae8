// Everything that the firmware takes from the machine below it, handed in as one object, so that
// the same code runs on an ESP32, on Moddable's Linux build and in the simulator.

import type { SealCrypto } from "../../shared/seal/crypto.ts";
import type { Flash } from "../flash/flash.ts";
import type { SerialConstructor, TcpConstructor, Timers, UdpConstructor } from "./ecma419.ts";

export interface Platform {
  readonly TCP: TcpConstructor;
  readonly UDP: UdpConstructor;
  readonly Serial: SerialConstructor;
  readonly timers: Timers;
  /** Milliseconds since boot as a signed 32-bit counter: negative after 24.8 days, wraps after 49.7. */
  ticks(): number;
  /** Looks a host name up anew; the callback gets an IP literal, or undefined where there is none. */
  resolve(host: string, found: (address: string | undefined) => void): void;
  /** The partition of this name; undefined where there is none, or no flash to speak of. */
  openFlash(partition: string): Flash | undefined;
  /** `count` bytes that nobody can guess, from the machine's true source. */
  randomBytes(count: number): Uint8Array;
  /** What sessions are sealed with. */
  readonly crypto: SealCrypto;
  /** One line for the developer at the debugger or the console; no newline at its end. */
  trace(line: string): void;
  /** Why the machine last started, for people: "power-on", "software", "watchdog" ... */
  resetReason(): string;
}
