// The machine below the firmware, made of Node: what the simulated device is given where a board
// would give Moddable's modules. Owns the clock, the randomness and the names; no protocol.
// docs/decisions/0005-io-classes.md.

import { randomFillSync } from "node:crypto";
import { lookup } from "node:dns";
import { isIP } from "node:net";
import { performance } from "node:perf_hooks";
import type { Flash } from "../../../device/flash/flash.ts";
import type { TcpConstructor, TcpOptions } from "../../../device/platform/ecma419.ts";
import type { Platform } from "../../../device/platform/platform.ts";
import type { KeyValueStorage } from "../../../device/platform/storage.ts";
import type { UpdateMachine } from "../../../device/update/machine.ts";
import { nodeCrypto } from "../../keys/node-crypto.ts";
import { SimulatedSerial } from "./serial.ts";
import { SEND_BUFFER_BYTES, SimulatedTcp } from "./tcp.ts";
import { nodeTimers } from "./timers.ts";
import { SimulatedUdp } from "./udp.ts";

export interface NodePlatformOptions {
  /** What `ticks()` starts from, so that a test can begin just before the wrap; 0 unless given. */
  ticksAtBoot?: number;
  /** Makes `randomBytes` the same in every run, for repeatable simulations only: anybody can guess them. */
  seed?: number;
  /** Gets each line of `trace`; without it they go nowhere, as in a release build on a board. */
  trace?: (line: string) => void;
  /** "power-on" unless given. */
  resetReason?: string;
  /** What `restart` does; without it the platform cannot. */
  restart?: () => void;
  /** What `openFlash` gives, whatever the partition is called; without it there is no flash. */
  flash?: Flash;
  /** What `openStorage` gives; without it nothing is kept. */
  storage?: KeyValueStorage;
  /** Slots for other firmware; without them it cannot be updated. */
  update?: UpdateMachine | undefined;
  /** TCP send buffer: 5,744 unless given, as on most boards; 8,192 on a plain ESP32. */
  sendBufferBytes?: number;
}

/**
 * A platform whose clock starts with this call. Its random bytes are Node's cryptographic ones or,
 * where a `seed` is given, those of a mulberry32 stream: for repeatable simulations, never for keys.
 */
export function createNodePlatform(options: NodePlatformOptions = {}): Platform {
  return {
    TCP: tcpWithSendBuffer(options.sendBufferBytes ?? SEND_BUFFER_BYTES),
    UDP: SimulatedUdp,
    Serial: SimulatedSerial,
    timers: nodeTimers,
    ticks: createTicks(options.ticksAtBoot ?? 0),
    resolve,
    openFlash: () => options.flash,
    openStorage: () => options.storage,
    update: options.update,
    randomBytes: options.seed === undefined ? secureBytes : createSeededBytes(options.seed),
    crypto: nodeCrypto,
    trace: (line) => options.trace?.(line),
    resetReason: () => options.resetReason ?? "power-on",
    ...(options.restart === undefined ? {} : { restart: options.restart }),
  };
}

function tcpWithSendBuffer(sendBufferBytes: number): TcpConstructor {
  return class extends SimulatedTcp {
    constructor(options: TcpOptions) {
      super(options, sendBufferBytes);
    }
  };
}

/** Whole milliseconds, wrapped to 32 bits with a sign as Time.ticks is on an ESP32. */
function createTicks(ticksAtBoot: number): () => number {
  const bootMs = performance.now();
  return () => (ticksAtBoot + Math.floor(performance.now() - bootMs)) | 0;
}

/** IPv4 only, which is all that Net.resolve gives on both platforms; never from inside the call. */
function resolve(host: string, found: (address: string | undefined) => void): void {
  if (host === "" || isIP(host) !== 0) {
    setImmediate(() => found(host || undefined));
    return;
  }
  lookup(host, { family: 4 }, (error, address) => found(error ? undefined : address));
}

function secureBytes(count: number): Uint8Array {
  return randomFillSync(new Uint8Array(count));
}

/** mulberry32 by Tommy Ettinger (public domain), the top byte of each number. */
function createSeededBytes(seed: number): (count: number) => Uint8Array {
  let state = seed | 0;
  const nextByte = (): number => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 24;
  };
  return (count) => Uint8Array.from({ length: count }, nextByte);
}
